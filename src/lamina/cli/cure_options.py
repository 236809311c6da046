"""The changes of a cure as options of the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamina.model import TabularClassifier, TabularRegressor

__all__ = ["options_for"]


def options_for(estimator: TabularClassifier | TabularRegressor) -> Callable[[Mapping[str, Any]], str]:
    """A function that writes changes as the options that are to be added for them.

    >>> from lamina.model import TabularClassifier
    >>> options_for(TabularClassifier())({"learning_rate": 0.01, "widths": (64, 64), "batch_norm": True})
    '--batch-norm --hidden 64 64 --learning-rate 0.01'
    """
    from lamina.doctor.patients.table_patient import TablePatient
    from lamina.model.as_options import option

    patient = TablePatient(estimator)

    def spell(changes: Mapping[str, Any]) -> str:
        differences = patient.differences(changes)
        return " ".join(option(name, value) for name, value in differences.items()) or "as it is"

    return spell
