"""Which kind of target parameters ask for."""

from __future__ import annotations

from lamina.estimators import target
from lamina.estimators.parameters import ClassifierParameters, Parameters
from lamina.estimators.target.target import Target

__all__ = ["kind_of_target"]


def kind_of_target(parameters: Parameters) -> type[Target]:
    """Labels for a classifier's parameters, numbers for others."""
    return target.LabelTarget if isinstance(parameters, ClassifierParameters) else target.NumberTarget
