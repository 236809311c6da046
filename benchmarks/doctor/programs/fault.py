"""A fault: what is changed in a healthy program to make it sick."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.doctor.data_sets import DataSet
from benchmarks.doctor.networks import KINDS
from benchmarks.doctor.recipe import FORMS

__all__ = ["SIGMOID", "Changes", "Fault", "anywhere", "classifying", "predicting_numbers"]

Changes = Mapping[str, Any]

#: Sigmoid units that learn, after the plateau that they begin on.
SIGMOID: Changes = {"activation": "sigmoid", "learning_rate": 0.02, "epochs": 200, "patience": 60, "l2": 0.001}


def anywhere(data: DataSet) -> bool:
    return True


def classifying(data: DataSet) -> bool:
    return data.classifies


def predicting_numbers(data: DataSet) -> bool:
    return not data.classifies


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault as people make it.

    Attributes
    ----------
    name : str
    findings : tuple of str
        Those that are right, the cause first.
    cures : tuple of str
        Settings of which a change may cure it; empty if none can.
    severities : mapping
        For each severity, what the fault changes in the recipe.
    context : mapping
        What the healthy twin has, too.
    where : function of a DataSet
        The data sets on which the fault makes sense.
    networks, forms : tuple of str
        The kinds of network, and the shapes of code.
    metric : str or None
        The score that suffers; None: accuracy or R².
    count : int
        Programs in each group; more where many will not be sick.
    """

    name: str
    findings: tuple[str, ...]
    cures: tuple[str, ...] = ()
    severities: Mapping[str, Changes]
    context: Changes = field(default_factory=dict)
    where: Callable[[DataSet], bool] = anywhere
    networks: tuple[str, ...] = KINDS
    forms: tuple[str, ...] = FORMS
    metric: str | None = None
    count: int = 7

    @property
    def has_cure(self) -> bool:
        return bool(self.cures)
