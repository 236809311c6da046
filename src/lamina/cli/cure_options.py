"""The changes of a cure as options of the command line."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamina.model import TabularClassifier, TabularRegressor

__all__ = ["option", "options_for"]


def options_for(estimator: TabularClassifier | TabularRegressor) -> Callable[[Mapping[str, Any]], str]:
    """A function that writes changes as the options that are to be added for them.

    >>> from lamina.model import TabularClassifier
    >>> options_for(TabularClassifier())({"learning_rate": 0.01, "widths": (64, 64), "batch_norm": True})
    '--batch-norm --hidden 64 64 --learning-rate 0.01'
    """
    from lamina.doctor.patients.table_patient import TablePatient

    patient = TablePatient(estimator)

    def spell(changes: Mapping[str, Any]) -> str:
        differences = patient.differences(changes)
        return " ".join(option(name, value) for name, value in differences.items()) or "as it is"

    return spell


def option(name: str, value: Any) -> str:
    """A setting as an option, as a shell reads it; one that only its absence stands for is said to be left out.

    >>> option("clip_norm", 1.0), option("clip_norm", None), option("batch_norm", False)
    ('--clip-norm 1', 'without --clip-norm', '--no-batch-norm')
    """
    words = name.replace("_", "-")
    if value is None:
        return f"without --{words}"
    if isinstance(value, bool):
        return f"--{words}" if value else f"--no-{words}"
    entries = value if isinstance(value, tuple | list) else (value,)
    return " ".join([f"--{words}", *map(_spelled, entries)])


def _spelled(entry: Any) -> str:
    """A value as a shell reads it; a number as short as it is the same one."""
    if isinstance(entry, float):
        short = f"{entry:g}"
        return short if float(short) == entry else repr(entry)
    return shlex.quote(str(entry))
