"""The report on a model of a table: its parts, in the order in which they are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import Any

from lamina.errors import counted
from lamina.html.numbers import shown
from lamina.metrics import Evaluation
from lamina.report.parts.columns import columns
from lamina.report.parts.curves import curves
from lamina.report.parts.findings import findings
from lamina.report.parts.importance import importance
from lamina.report.parts.layers import layers
from lamina.report.parts.quality import quality
from lamina.report.parts.reproduce import reproduce
from lamina.report.parts.settings import settings
from lamina.report.report import Report
from lamina.report.subject import Subject, subject_of

__all__ = ["PARTS", "report_of", "report_on"]

#: The parts in the order in which they are read. A new part is a module of ``parts``, and an entry here.
PARTS: tuple[Callable[[Subject], Any], ...] = (findings, curves, layers, quality, importance, columns, settings, reproduce)


def report_on(
    model: Any,
    table: Any = None,
    *,
    seed: int = 0,
    max_rows: int = 20_000,
    diagnosis: bool = True,
) -> Report:
    """Everything that is to say of a fitted model of a table, as one report.

    Parameters
    ----------
    model : TableModel, TabularClassifier or TabularRegressor
        Fitted.
    table : data frame of pandas, polars or pyarrow, optional
        Rows with the target, best such as the model was not trained on. Without them, the doctor, the pictures of predictions
        and what matters are left out, and the report says so.
    seed : int, default=0
        Of the doctor's split, of the shuffles, and of the rows that are drawn.
    max_rows : int, default=20000
        The most rows on which the doctor trains a copy; >= 20.
    diagnosis : bool, default=True
        Whether the doctor trains a copy of the model on the table, which takes a few times as long as its training.

    Returns
    -------
    Report
        It prints as text; ``save`` writes it as a page, ``to_dict`` gives it as data.

    Raises
    ------
    DataError
        If the table lacks the target or a column, holds other kinds of values or classes, or has one row or one class.
    DataTypeError
        If the model is no fitted model of a table.
    InvalidSettingError
        If a setting is out of range.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from lamina.model import fit_table
    >>> table = pa.table({"x": list(range(100)), "kind": ["low"] * 50 + ["high"] * 50})
    >>> report = report_on(fit_table(table, "kind").model)
    >>> [part.key for part in report]
    ['findings', 'curves', 'layers', 'quality', 'importance', 'columns', 'settings', 'reproduce']
    """
    return report_of(subject_of(model, table, seed=seed, max_rows=max_rows, diagnosis=diagnosis))


def report_of(subject: Subject) -> Report:
    """The report on what is known of a model."""
    title = f"{', '.join(subject.model.target.names)}: a report on its model"
    return Report(title, _lead(subject), _facts(subject), tuple(part(subject) for part in PARTS))


def _lead(subject: Subject) -> str:
    what = str(subject.model)
    judged = subject.judged
    measured = judged.evaluation if judged else Evaluation(subject.model.summary.get("metrics") or {})
    if not measured:
        return f"{what} Give a table with the target to see how good it is."
    name, word = subject.headline(measured)
    own, other = measured["model"][name], measured["baseline"][name]
    where = subject.rows_of if judged else "its test rows"
    return f"{what} On {where} its {word} is {shown(own)}; a constant guess has {shown(other + 0.0)}."


def _facts(subject: Subject) -> dict[str, str]:
    model, rows = subject.model, subject.model.summary.get("rows", {})
    facts = {"training rows": rows.get("training"), "validation rows": rows.get("validation")}
    facts["parameters"] = model.estimator.network_.num_parameters
    facts["epochs"] = len(model.estimator.history_)
    found = {name: f"{value:,}" for name, value in facts.items() if value is not None}
    if subject.judged is not None:
        found["judged by"] = counted(subject.judged.num_rows, "row")
    found |= {
        name: PurePath(path).name for name, path in (("model", subject.path), ("table", subject.table)) if path not in ("", "-")
    }
    return found
