"""Training on a table: split, encode, fit, evaluate."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Literal

from lamina.data import Task, target_column
from lamina.data.arrow_tables import Columns, as_columns
from lamina.data.several_targets import check_names, learn_targets
from lamina.data.shards import TextReading, are_shards
from lamina.data.target import TargetColumn
from lamina.errors import DataError, InvalidSettingError, phrase
from lamina.model.fit_result import FitResult
from lamina.model.going_on import rows_like, settings_to_go_on
from lamina.model.memory_limit import memory_limit
from lamina.model.setting_words import OWNER, setting_words
from lamina.model.shard_rows import is_larger_than_memory, loaded, prepare_shards
from lamina.model.table_fit import train
from lamina.model.table_model import TableModel
from lamina.model.table_rows import Given, Rows, encoder_for, prepare
from lamina.model.table_settings import TableSettings
from lamina.model.working_together import working_together
from lamina.training import Callback
from lamina.validation import boolean, check_parameters, choice, instance, integer, one_of, value

__all__ = ["FEWEST_ROWS", "RUN_RULES", "FitInterrupted", "fit_table", "given_table", "learned_rows"]

FEWEST_ROWS = 10
RUN_RULES = {
    "seed": integer(0, 2**32 - 1),
    "monitor": boolean(),
    "calibration": boolean(),
    "on_bad_shard": choice(("fail", "skip")),
}
_MODEL = one_of(value(None), instance(TableModel))


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
    continue_from: TableModel | None = None,
    callbacks: Sequence[Callback] = (),
    on_interrupt: Literal["raise", "return"] = "raise",
    reading: TextReading | None = None,
) -> FitResult:
    """Train a model that predicts one column of a table, or several of numbers, from the others.

    Parameters
    ----------
    table : data frame of pandas, polars or pyarrow; str or path; or pyarrow.dataset.Dataset
        At least 10 rows that have a target. A folder, a pattern such as ``"data/*.parquet"``, an address such as
        ``"s3://bucket/data"``, or a dataset stands for many Parquet, Feather or text files, which are read block by block, so
        that memory does not bound the number of rows; so is a single file that is larger than the setting ``memory``.
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
    continue_from : TableModel, optional
        Go on from this model instead of beginning anew: columns and target are read and encoded as it has learned, and its
        weights are trained on these rows. The model itself does not change. Only settings that are named when ``settings``
        are made hold, and may not be about the network, the loss, the encoding or the scale of the target; the others are
        those that the model was trained with. The weights are kept as they are if no epoch is better on the validation
        rows. The optimizer begins anew.
    callbacks : sequence of Callback, default=()
        Called during training, after early stopping.
    on_interrupt : {"raise", "return"}, default="raise"
        What to do after Ctrl-C during training, once the model has its best weights: raise :class:`FitInterrupted`, a
        KeyboardInterrupt that carries the result, or return as if training had ended.
    reading : TextReading, optional
        How text files are read, where the table is given by its files.

    Returns
    -------
    result : FitResult

    Raises
    ------
    FitInterrupted
        After Ctrl-C, with ``on_interrupt="raise"``.
    DataError
        If the table or its target cannot be used for training, or not by the model to go on from: a column is missing, the
        target is another one or holds a class that the model does not know.
    InvalidSettingError
        If settings are out of range, unknown, contradictory, or against what the model to go on from has learned.

    Examples
    --------
    >>> import pyarrow as pa
    >>> table = pa.table({"x": [i / 100 for i in range(200)], "y": [3 * i / 100 + 1 for i in range(200)]})
    >>> result = fit_table(table, "y")
    >>> result.metrics["model"]["r2"] > 0.95
    True

    Go on with new rows:

    >>> newer = pa.table({"x": [2 + i / 100 for i in range(100)], "y": [3 * (2 + i / 100) + 1 for i in range(100)]})
    >>> again = fit_table(newer, "y", continue_from=result.model)
    >>> again.rows["training"], again.model.summary["earlier"][0]["rows"]["training"]
    (72, 144)
    """
    began = time.monotonic()
    with setting_words(), ExitStack() as stack:
        check_parameters({"on_interrupt": on_interrupt}, {"on_interrupt": choice(("raise", "return"))}, owner=OWNER)
        check_parameters({"continue_from": continue_from}, {"continue_from": _MODEL}, owner=OWNER)
        settings = (settings or TableSettings()) if continue_from is None else settings_to_go_on(continue_from, settings)
        run = settings.run
        check_parameters({name: getattr(run, name) for name in RUN_RULES}, RUN_RULES, owner=OWNER)
        memory_limit(run.memory)  # refuses what is no size
        together = stack.enter_context(working_together(settings))
        names = [target] if isinstance(target, str) else list(target)
        if are_shards(table) and not is_larger_than_memory(table, run.memory):
            table = loaded(table, names, settings, reading)
        if are_shards(table):
            _check_begins_anew(continue_from)
            validation, test = (
                part if isinstance(part, int | float) else given_table(part, target) for part in (validation, test)
            )
            shares: Any = {"validation": validation, "test": test, "fewest_rows": FEWEST_ROWS}
            prepared = prepare_shards(table, names, task, **shares, settings=settings, reading=reading).prepared
        else:
            rows = _rows(table, target, task, settings, continue_from)
            # What is no longer needed may be the caller's alone to keep, and a large table takes more memory than all else.
            del table
            validation, test = (
                part if isinstance(part, int | float) else given_table(part, target) for part in (validation, test)
            )
            prepared = prepare(rows, validation=validation, test=test, settings=settings, fewest_rows=FEWEST_ROWS)
            del rows
        trained = train(prepared, settings, callbacks, began=began)
    if together is not None:
        trained = trained._replace(result=replace(trained.result, together=together.reports[-1]))
    if trained.is_interrupted and on_interrupt == "raise":
        raise FitInterrupted(trained.result)
    return trained.result


def _check_begins_anew(model: TableModel | None) -> None:
    if model is not None:
        rule, repair = "must be left out for a table of many files", "Begin anew, or go on with a part that fits in memory."
        raise InvalidSettingError(phrase("continue_from", rule, model, repair=repair, owner=OWNER))


def given_table(table: Any, target: str | Sequence[str]) -> Given:
    """The columns of a table, and those to predict."""
    columns = as_columns(table, owner=OWNER)
    names = [target] if isinstance(target, str) else list(target)
    check_names(names)
    targets = Columns(dict(target_column(columns, name) for name in names), columns.num_rows)
    return Given(columns.without(*names), targets)


def _rows(table: Any, target: str | Sequence[str], task: Task, settings: TableSettings, model: TableModel | None) -> Rows:
    given = given_table(table, target)
    return learned_rows(given, task, settings) if model is None else _known(given, task, settings, model)


def learned_rows(given: Given, task: Task, settings: TableSettings) -> Rows:
    """Rows whose columns and targets are read as they suggest themselves."""
    encoder = encoder_for(settings)
    read = encoder.learn(given.columns)
    targets = [TargetColumn(*column) for column in given.targets.items()]
    return given.as_read(read, learn_targets(targets, task, encoder.reading_settings), encoder)


def _known(given: Given, task: Task, settings: TableSettings, model: TableModel) -> Rows:
    """Rows that are read as those of a model to go on from."""
    known = model.target
    if tuple(given.targets) != known.names:
        names = ", ".join(given.targets)
        rule, repair = f"must be {known.name!r}, as of the model to go on from", "Begin anew to predict another column."
        raise DataError(phrase("target", rule, names, repair=repair, owner=OWNER))
    if task not in ("auto", known.task):
        rule, repair = f"must be auto or {known.task}, as of the model to go on from", "Remove it."
        raise InvalidSettingError(phrase("task", rule, task, repair=repair, owner=OWNER))
    return rows_like(model, given, settings)
