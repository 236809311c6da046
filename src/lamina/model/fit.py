"""Training on a table: split, encode, fit, evaluate."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from lamina.data import TableEncoder, Target, Task, holdout, target_column
from lamina.data.arrow_tables import Columns, as_columns
from lamina.data.repeated_rows import groups_of_copies
from lamina.data.table_reader import ReadTable
from lamina.errors import DataError
from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.losses import LOSSES, get_loss
from lamina.losses.domain import NON_NEGATIVE
from lamina.model.named_settings import split_name
from lamina.model.setting_words import OWNER, setting_words
from lamina.model.table_model import TableModel
from lamina.model.table_settings import TableSettings
from lamina.model.validation_metric import ValidationMetric
from lamina.moments import mean_and_deviation
from lamina.training import Callback, EarlyStopping, StopReason
from lamina.training.interrupts import Interrupts
from lamina.validation import check_parameters, choice, integer

__all__ = ["FitInterrupted", "FitResult", "fit_table"]

_FEWEST_ROWS = 10


@dataclass(frozen=True)
class FitResult:
    """A trained model and a record of its training.

    Parameters
    ----------
    model : TableModel
        With the best weights of the training.
    metrics : dict
        ``"model"`` and ``"baseline"`` on the test part, as returned by :meth:`TableModel.evaluate`; empty if no rows were held
        out.
    rows : dict of str to int
        ``read``, ``dropped`` (no target), ``training``, ``validation``, ``test``.
    stop_reason : StopReason
        Why training ended.
    duration_s : float
        Seconds of training.
    """

    model: TableModel
    metrics: dict[str, dict[str, float]]
    rows: dict[str, int]
    stop_reason: StopReason
    duration_s: float


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


class _Part(NamedTuple):
    """Rows of a table as they were read, their targets as numbers, and a number that copies of a row share, if there are any."""

    table: ReadTable
    y: np.ndarray
    groups: np.ndarray | None = None

    @property
    def num_rows(self) -> int:
        return len(self.y)

    def take(self, rows: np.ndarray) -> _Part:
        return _Part(self.table.take(rows), self.y[rows], None if self.groups is None else self.groups[rows])


def fit_table(
    table: Any,
    target: str,
    *,
    task: Task = "auto",
    validation: Any = 0.1,
    test: Any = 0.2,
    settings: TableSettings | None = None,
    callbacks: Sequence[Callback] = (),
    on_interrupt: Literal["raise", "return"] = "raise",
) -> FitResult:
    """Train a model that predicts one column of a table from the others.

    Parameters
    ----------
    table : data frame of pandas, polars or pyarrow
        At least 10 rows that have a target.
    target : str
        The column to predict. Rows where it is missing are dropped with a note.
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
    with setting_words():
        check_parameters({"on_interrupt": on_interrupt}, {"on_interrupt": choice(("raise", "return"))}, owner=OWNER)
        result, interrupted = _fit_table(table, target, task, validation, test, settings or TableSettings(), callbacks)
    if interrupted and on_interrupt == "raise":
        raise FitInterrupted(result)
    return result


def _fit_table(
    table: Any, target: str, task: Task, validation: Any, test: Any, settings: TableSettings, callbacks: Sequence[Callback]
) -> tuple[FitResult, bool]:
    """The result, and whether Ctrl-C was pressed; the interrupt is deferred until there is a result."""
    check_parameters({"seed": settings.run.seed}, {"seed": integer(0, 2**32 - 1)}, owner=OWNER)
    columns = as_columns(table, owner="fit_table")
    encoder = TableEncoder(**settings.encoding.parameters(), sparse_output="auto")
    goal = Target.fit(target_column(columns, target), task, encoder.reading_settings)
    everything, dropped = _with_target(columns, goal, encoder)
    learning, held_out = _split(everything, test, goal, seed=settings.run.seed)
    training, judging = _split(learning, validation, goal, seed=settings.run.seed + 1)
    encoder.fit(training.table)
    held_out, judging = (_given(further, goal, encoder) or part for further, part in ((test, held_out), (validation, judging)))
    center, scale = _location(goal, training.y, settings.optimization.loss)
    model = TableModel(encoder, _estimator(goal, training.num_rows, settings), goal, center, scale)
    watched = "loss" if judging is None else "validation_loss"
    stopping = settings.stopping
    early_stopping = EarlyStopping(watched, patience=stopping.patience, tol=stopping.tol, relative=True)
    # Even repeated Ctrl-C must not lose the trained model.
    with Interrupts() as interrupts:
        duration_s = _fit(model, training, judging, [early_stopping, *stopping.callbacks(), *callbacks])
        metrics = {} if held_out is None else model.measure(held_out.table, held_out.y)
    parts = {"training": training, "validation": judging, "test": held_out}
    counts = {name: 0 if part is None else part.num_rows for name, part in parts.items()}
    rows = {"read": columns.num_rows, "dropped": dropped, **counts}
    reason = model.estimator.stop_reason_
    model.summary.update(rows=rows, metrics=metrics, best_epoch=early_stopping.best_epoch)
    result = FitResult(model, metrics, rows, reason, duration_s)
    return result, interrupts.count > 0 or reason.code == "interrupted"


def _with_target(columns: Columns, goal: Target, encoder: TableEncoder) -> tuple[_Part, int]:
    """The rows that have a target, and the number of dropped rows."""
    present, y = goal.present_rows(columns)
    if len(present) < _FEWEST_ROWS:
        raise DataError(
            f"a table must have at least {_FEWEST_ROWS} rows with a target to train on, got {len(present)}. Collect more rows."
        )
    table = encoder.learn(columns.without(goal.name), besides=[goal.name])
    dropped = columns.num_rows - len(present)
    table = table.take(present) if dropped else table
    return _Part(table, y, groups_of_copies(table)), dropped


def _split(part: _Part, held_out: Any, goal: Target, *, seed: int) -> tuple[_Part, _Part | None]:
    """The rows to keep, and a held-out share of them; all rows stay if separate rows are given."""
    if not isinstance(held_out, int | float) or held_out == 0:
        return part, None
    labels = part.y if goal.task == "classification" else None
    kept, held = holdout(part.num_rows, held_out, seed=seed, labels=labels, names=goal.classes, groups=part.groups)
    return part.take(kept), part.take(held)


def _given(held_out: Any, goal: Target, encoder: TableEncoder) -> _Part | None:
    """Separate rows, if those are given and not a share."""
    if isinstance(held_out, int | float):
        return None
    columns = as_columns(held_out, owner="fit_table")
    rows, y = goal.present_rows(columns, drop_unknown=True)
    needed = [column.column for column in encoder.encoders_]
    return _Part(encoder.reader_.read(columns.without(goal.name), needed, encoder.on_error).take(rows), y)


def _location(goal: Target, y: np.ndarray, loss: str | None) -> tuple[float, float]:
    """The target's center and scale; targets that must not be negative are only scaled."""
    if goal.task == "classification":
        return 0.0, 1.0
    mean, deviation = (float(moment) for moment in mean_and_deviation(y))
    name = split_name(loss or "")[0]
    stays_positive = name in LOSSES and get_loss(name).domain(1) is NON_NEGATIVE  # the estimator rejects unknown names
    return (0.0, mean or 1.0) if stays_positive else (mean, deviation or 1.0)


def _estimator(goal: Target, num_rows: int, settings: TableSettings) -> MLPClassifier | MLPRegressor:
    # The EarlyStopping callback decides when to stop, and restores the best weights.
    parameters = settings.parameters(goal.task, num_rows, len(goal.classes))
    parameters |= {"n_iter_no_change": np.inf, "on_interrupt": "return"}
    return MLPClassifier(**parameters) if goal.task == "classification" else MLPRegressor(**parameters)


def _fit(model: TableModel, training: _Part, judging: _Part | None, callbacks: list[Callback]) -> float:
    """Fit the model's estimator and return the duration in seconds."""

    def arrays(part: _Part) -> tuple[np.ndarray, np.ndarray]:
        y = part.y if model.target.task == "classification" else ((part.y - model.center) / model.scale).astype(np.float32)
        return model.encoder.transform(part.table), y

    X, y = arrays(training)
    X_val, y_val = (None, None) if judging is None else arrays(judging)
    shown = [] if X_val is None or y_val is None else [ValidationMetric(model.target.task, X_val, y_val, model.middle)]
    model.estimator.set_params(callbacks=[*shown, *callbacks])
    start = time.perf_counter()
    with warnings.catch_warnings():
        # The stop reason says the same.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", message="Training interrupted")
        model.estimator.fit(X, y, X_val=X_val, y_val=y_val)
    duration_s = time.perf_counter() - start
    model.estimator.set_params(callbacks=())
    return duration_s
