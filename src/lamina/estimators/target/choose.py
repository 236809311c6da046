"""Chooses the kind of target for an estimator's parameters."""

from __future__ import annotations

from lamina.estimators import target
from lamina.estimators.parameters import ClassifierParameters, Parameters
from lamina.estimators.target.target import Target

__all__ = ["kind_of_target"]


def kind_of_target(parameters: Parameters) -> type[Target]:
    """The class for labels if these are a classifier's parameters, else the class for numbers."""
    return target.LabelTarget if isinstance(parameters, ClassifierParameters) else target.NumberTarget
