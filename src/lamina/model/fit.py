"""Training on a table: split, encode, fit, evaluate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from lamina.data import Task, target_column
from lamina.data.arrow_tables import Columns, as_columns
from lamina.data.several_targets import check_names, learn_targets
from lamina.data.target import TargetColumn
from lamina.model.setting_words import OWNER, setting_words
from lamina.model.table_fit import FitResult, Given, encoder_for, prepare, train
from lamina.model.table_settings import TableSettings
from lamina.training import Callback
from lamina.validation import check_parameters, choice, integer

__all__ = ["FitInterrupted", "fit_table"]

_FEWEST_ROWS = 10


class FitInterrupted(KeyboardInterrupt):
    """Ctrl-C interrupted the training of a table's model; the model trained so far is usable.

    Attributes
    ----------
    result : FitResult
        The model trained so far, with its metrics.
    """

    def __init__(self, result: FitResult) -> None:
        super().__init__(result.stop_reason.text)
        self.result = result


def fit_table(
    table: Any,
    target: str | Sequence[str],
    *,
    task: Task = "auto",
    validation: Any = 0.1,
    test: Any = 0.2,
    settings: TableSettings | None = None,
    callbacks: Sequence[Callback] = (),
    on_interrupt: Literal["raise", "return"] = "raise",
) -> FitResult:
    """Train a model that predicts one column of a table, or several of numbers, from the others.

    Parameters
    ----------
    table : data frame of pandas, polars or pyarrow
        At least 10 rows that have a target.
    target : str or sequence of str
        The column to predict, or several columns of numbers, which one network then predicts together. Rows where one is
        missing are dropped with a note.
    task : {"auto", "classification", "regression"}, default="auto"
        By default, text, booleans and few distinct whole numbers are classes; other numbers mean regression.
    validation : float or data frame, default=0.1
        The share of the training rows, or separate rows, that decide when to stop. 0: none, the training loss decides.
    test : float or data frame, default=0.2
        The share of all rows, or separate rows, on which the metrics are measured. 0: none.
    settings : TableSettings, optional
        All settings, in groups.
    callbacks : sequence of Callback, default=()
        Called during training, after early stopping.
    on_interrupt : {"raise", "return"}, default="raise"
        What to do after Ctrl-C during training, once the model has its best weights: raise :class:`FitInterrupted`, a
        KeyboardInterrupt that carries the result, or return as if training had ended.

    Returns
    -------
    result : FitResult

    Raises
    ------
    FitInterrupted
        After Ctrl-C, with ``on_interrupt="raise"``.
    DataError
        If the table or its target cannot be used for training.
    InvalidSettingError
        If settings are out of range, unknown or contradictory.

    Examples
    --------
    >>> import pyarrow as pa
    >>> table = pa.table({"x": [i / 100 for i in range(200)], "y": [3 * i / 100 + 1 for i in range(200)]})
    >>> result = fit_table(table, "y")
    >>> result.metrics["model"]["r2"] > 0.95
    True
    """
    settings = settings or TableSettings()
    with setting_words():
        check_parameters({"on_interrupt": on_interrupt}, {"on_interrupt": choice(("raise", "return"))}, owner=OWNER)
        check_parameters({"seed": settings.run.seed}, {"seed": integer(0, 2**32 - 1)}, owner=OWNER)
        given = _given(table, target)
        encoder = encoder_for(settings)
        read = encoder.learn(given.columns)
        goal = learn_targets([TargetColumn(*column) for column in given.targets.items()], task, encoder.reading_settings)
        validation, test = (part if isinstance(part, int | float) else _given(part, target) for part in (validation, test))
        prepared = prepare(
            given, read, goal, encoder, validation=validation, test=test, settings=settings, fewest_rows=_FEWEST_ROWS
        )
        trained = train(prepared, settings, callbacks)
    if trained.is_interrupted and on_interrupt == "raise":
        raise FitInterrupted(trained.result)
    return trained.result


def _given(table: Any, target: str | Sequence[str]) -> Given:
    columns = as_columns(table, owner=OWNER)
    names = [target] if isinstance(target, str) else list(target)
    check_names(names)
    targets = Columns(dict(target_column(columns, name) for name in names), columns.num_rows)
    return Given(columns.without(*names), targets)
