"""What a report is on: a model, the record of its training, and the rows that it is judged by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lamina.estimators.fitted import fit_of
from lamina.model import TableModel
from lamina.report.judged import Judged
from lamina.training import MonitorRecord

__all__ = ["Subject"]


@dataclass(frozen=True, eq=False, slots=True)
class Subject:
    """A model, and what is known of it.

    Attributes
    ----------
    model : TableModel
    judged : Judged or None
        None where no table was given.
    seed : int
        Of what is drawn: rows, shuffles, the doctor's split.
    max_rows : int
        The most rows on which the doctor examines.
    examines : bool
        Whether the doctor examines a copy of the model.
    spell : callable or None
        How cures are written; None: as Python's settings.
    path : str
        The name of the model's file; "" if there is none.
    """

    model: TableModel
    judged: Judged | None
    seed: int = 0
    max_rows: int = 20_000
    examines: bool = True
    spell: Callable[[Mapping[str, Any]], str] | None = None
    path: str = ""

    @property
    def record(self) -> MonitorRecord | None:
        """How each layer fared during training; None where nothing was kept."""
        record = fit_of(self.model.estimator).monitor
        return record if record is not None and record.num_probes else None

    @property
    def learns_labels(self) -> bool:
        """Whether the model predicts classes."""
        return self.model.target.task == "classification"
