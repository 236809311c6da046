"""What a report is on: a model, the record of its training, and the rows that it is judged by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from lamina.errors import DataTypeError, phrase
from lamina.estimators.fitted import fit_of
from lamina.metrics import Evaluation
from lamina.model import TableModel
from lamina.report.judged import Judged, judged_by
from lamina.training import MonitorRecord
from lamina.validation import boolean, check_parameters, integer

__all__ = ["MAX_ROWS", "Subject", "subject_of"]

MAX_ROWS = 20_000  # that the doctor examines, unless asked

_RULES = {"seed": integer(0, 2**32 - 1), "max_rows": integer(20), "diagnosis": boolean()}


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
    table : str
        The name of the table's file, as it was given; "" if there is none.
    reading : tuple of str
        Options of the command by which the table was read.
    """

    model: TableModel
    judged: Judged | None
    seed: int = 0
    max_rows: int = MAX_ROWS
    examines: bool = True
    spell: Callable[[Mapping[str, Any]], str] | None = None
    path: str = ""
    table: str = ""
    reading: tuple[str, ...] = ()

    @property
    def rows_of(self) -> str:
        """The rows that it is judged by, in words, such as "the 200 rows of test.csv"."""
        count = 0 if self.judged is None else self.judged.num_rows
        return f"the {count:,} rows of {PurePath(self.table).name if self.table not in ('', '-') else 'the table'}"

    @property
    def record(self) -> MonitorRecord | None:
        """How each layer fared during training; None where nothing was kept."""
        record = fit_of(self.model.estimator).monitor
        return record if record is not None and record.num_probes else None

    @property
    def learns_labels(self) -> bool:
        """Whether the model predicts classes."""
        return self.model.target.task == "classification"

    @property
    def score(self) -> tuple[str, str]:
        """The metric that says in one number how good predictions are, the larger, the better, and how it is written."""
        return ("accuracy", "accuracy") if self.learns_labels else ("r2", "R²")

    def headline(self, evaluation: Evaluation) -> tuple[str, str]:
        """The metric that is told first: of a quantile that is not the median, its own loss."""
        return ("pinball", "pinball loss") if "pinball" in evaluation["model"] else self.score


def subject_of(model: Any, table: Any, *, seed: int, max_rows: int, diagnosis: bool) -> Subject:
    """What is known of a model and rows; parameters and errors are those of :func:`lamina.report.report_on`."""
    given = {"seed": seed, "max_rows": max_rows, "diagnosis": diagnosis}
    check_parameters(given, _RULES, owner="report")
    learned = getattr(model, "model_", model)
    if not isinstance(learned, TableModel):
        rule = "must be a fitted model of a table"
        raise DataTypeError(phrase("the model", rule, model, repair="Call fit first.", owner="report"))
    judged = None if table is None else judged_by(learned, table)
    return Subject(learned, judged, seed, max_rows, diagnosis)
