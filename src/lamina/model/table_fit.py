"""One training of a table's model, whoever asks for it: read, split, encode, fit, measure."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from lamina.data import TableEncoder, Target, holdout
from lamina.data.arrow_tables import Columns
from lamina.data.repeated_rows import groups_of_copies
from lamina.data.suspicions import say_suspicions
from lamina.data.table_reader import ReadTable
from lamina.data.target import TargetColumn
from lamina.errors import DataError, InvalidSettingError, phrase
from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.losses import LOSSES, get_loss
from lamina.losses.domain import NON_NEGATIVE
from lamina.metrics import LABEL_METRICS, NUMBER_METRICS, PROBABILITY_METRICS, SMALLER_IS_BETTER
from lamina.model.decision_threshold import THRESHOLD_METRICS, best_threshold
from lamina.model.named_settings import kind_of
from lamina.model.setting_words import OWNER
from lamina.model.table_model import TableModel
from lamina.model.table_settings import TableSettings
from lamina.model.validation_metric import USUAL, JudgedRows, ValidationMetric
from lamina.moments import mean_and_deviation
from lamina.training import Callback, EarlyStopping, StopReason
from lamina.training.interrupts import Interrupts
from lamina.validation import check_parameters, choice, number, one_of

__all__ = ["FitResult", "Given", "Prepared", "Trained", "encoder_for", "prepare", "train"]


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


class Given(NamedTuple):
    """Rows as they came: the columns to predict from, the column to predict, and weights."""

    columns: Columns
    target: TargetColumn
    weight: np.ndarray | None = None


class Part(NamedTuple):
    """Rows of a table as they were read, their targets as numbers, weights, and before a split a number that copies share."""

    table: ReadTable
    y: np.ndarray
    weight: np.ndarray | None = None
    groups: np.ndarray | None = None

    @property
    def num_rows(self) -> int:
        return len(self.y)

    def take(self, rows: np.ndarray) -> Part:
        return Part(self.table.take(rows), self.y[rows], _taken(self.weight, rows))


@dataclass(frozen=True, eq=False)
class Prepared:
    """All that a training needs: what reads and encodes the rows, and the rows by what they are for."""

    encoder: TableEncoder
    goal: Target
    training: Part
    validation: Part | None
    test: Part | None
    num_read: int
    num_dropped: int


class Trained(NamedTuple):
    """What a training brought, and whether Ctrl-C was pressed meanwhile."""

    result: FitResult
    is_interrupted: bool


def encoder_for(settings: TableSettings) -> TableEncoder:
    """The encoder that settings ask for, not fitted."""
    return TableEncoder(**settings.encoding.parameters(), sparse_output="auto")


def prepare(
    given: Given,
    table: ReadTable,
    goal: Target,
    encoder: TableEncoder,
    *,
    validation: float | Given,
    test: float | Given,
    settings: TableSettings,
    fewest_rows: int,
) -> Prepared:
    """Split rows, and fit the encoder to those for training.

    Parameters
    ----------
    given : Given
    table : ReadTable
        What the encoder learned of ``given.columns``.
    goal : Target
        Learned from ``given.target``; rows where that is missing are dropped with a note.
    encoder : TableEncoder
        Not fitted.
    validation, test : float or Given
        A share of the rows to hold out, or separate rows. The share for validation is one of what the test leaves.
    settings : TableSettings
    fewest_rows : int
        With fewer, training is refused.

    Raises
    ------
    DataError
        If the rows cannot be used for training.
    InvalidSettingError
        If a share is none.
    """
    everything = _read(given, table, goal, fewest_rows)
    # Rows are split by their numbers, and each is copied once, to the part that it is for.
    learning, tested = _split(everything, np.arange(everything.num_rows), test, goal, seed=settings.run.seed)
    trained, judged = _split(everything, learning, validation, goal, seed=settings.run.seed + 1)
    training = everything.take(trained) if len(trained) < everything.num_rows else everything
    encoder.fit(training.table)
    parts = ((test, tested), (validation, judged))
    held_out, judging = (_separate(further, goal, encoder) or _part(everything, rows) for further, rows in parts)
    num_read = given.columns.num_rows
    return Prepared(encoder, goal, training, judging, held_out, num_read, num_read - everything.num_rows)


def train(prepared: Prepared, settings: TableSettings, callbacks: Sequence[Callback] = ()) -> Trained:
    """Train a model on prepared rows; Ctrl-C is deferred until there is a result.

    Raises
    ------
    InvalidSettingError
        If settings are out of range, unknown or contradictory, in the words of whatever checks them.
    """
    goal, training, judging, test = prepared.goal, prepared.training, prepared.validation, prepared.test
    center, scale = _location(goal, training.y, settings.optimization.loss)
    model = TableModel(prepared.encoder, _estimator(goal, training.num_rows, settings), goal, center, scale)
    stopping = settings.stopping
    _check_metric(stopping.eval_metric, model, judging)
    threshold = settings.optimization.decision_threshold
    if threshold is not None:
        _check_threshold(threshold, model, judging)
    watched = "loss" if judging is None else f"validation_{stopping.eval_metric}"
    mode = "min" if stopping.eval_metric in ("loss", *SMALLER_IS_BETTER) else "max"
    early_stopping = EarlyStopping(watched, patience=stopping.patience, tol=stopping.tol, mode=mode, relative=True)
    # Even repeated Ctrl-C must not lose the trained model.
    with Interrupts() as interrupts:
        duration_s = _fit(model, training, judging, stopping.eval_metric, [early_stopping, *stopping.callbacks(), *callbacks])
        model = replace(model, threshold=_threshold(threshold, model, judging))
        metrics = {} if test is None else model.measure(test.table, test.y)
    parts = {"training": training, "validation": judging, "test": test}
    counts = {name: 0 if part is None else part.num_rows for name, part in parts.items()}
    rows = {"read": prepared.num_read, "dropped": prepared.num_dropped, **counts}
    reason = model.estimator.stop_reason_
    model.summary.update(rows=rows, metrics=metrics, best_epoch=early_stopping.best_epoch)
    return Trained(FitResult(model, metrics, rows, reason, duration_s), interrupts.count > 0 or reason.code == "interrupted")


def _taken(values: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    return None if values is None else values[rows]


def _present(given: Given, goal: Target, *, drop_unknown: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of the rows that have a target, and their targets as numbers."""
    alone = Columns({goal.name: given.target.column}, given.columns.num_rows)
    return goal.present_rows(alone, drop_unknown=drop_unknown)


def _read(given: Given, table: ReadTable, goal: Target, fewest_rows: int) -> Part:
    """The rows that have a target."""
    present, y = _present(given, goal)
    if len(present) < fewest_rows:
        raise DataError(
            f"a table must have at least {fewest_rows} rows with a target to train on, got {len(present)}. Collect more rows."
        )
    table = table.take(present) if len(present) < given.columns.num_rows else table
    say_suspicions(table, goal, y)
    return Part(table, y, _taken(given.weight, present), groups_of_copies(table))


def _split(part: Part, rows: np.ndarray, held_out: float | Given, goal: Target, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows to keep, and a held-out share of them, by their numbers; all rows stay if separate rows are given."""
    if isinstance(held_out, Given) or held_out == 0:
        return rows, rows[:0]
    labels, groups = part.y[rows] if goal.task == "classification" else None, _taken(part.groups, rows)
    kept, held = holdout(len(rows), held_out, seed=seed, labels=labels, names=goal.classes, groups=groups)
    if labels is not None:
        # A class of which every row is a copy of another class's may be held out whole.
        lost = np.isin(labels[held], np.setdiff1d(labels[held], labels[kept]))
        kept, held = np.sort(np.concatenate([kept, held[lost]])), held[~lost]
    return rows[kept], rows[held]


def _part(everything: Part, rows: np.ndarray) -> Part | None:
    return everything.take(rows) if len(rows) else None


def _separate(held_out: float | Given, goal: Target, encoder: TableEncoder) -> Part | None:
    """Separate rows, if those are given and not a share."""
    if not isinstance(held_out, Given):
        return None
    rows, y = _present(held_out, goal, drop_unknown=True)
    needed = [column.column for column in encoder.encoders_]
    return Part(encoder.reader_.read(held_out.columns, needed, encoder.on_error).take(rows), y, _taken(held_out.weight, rows))


def _location(goal: Target, y: np.ndarray, loss: Any) -> tuple[float, float]:
    """The target's center and scale; targets that must not be negative are only scaled."""
    if goal.task == "classification":
        return 0.0, 1.0
    mean, deviation = (float(moment) for moment in mean_and_deviation(y))
    name = kind_of(loss)
    stays_positive = name in LOSSES and get_loss(name).domain(1) is NON_NEGATIVE  # the estimator rejects unknown names
    return (0.0, mean or 1.0) if stays_positive else (mean, deviation or 1.0)


def _estimator(goal: Target, num_rows: int, settings: TableSettings) -> MLPClassifier | MLPRegressor:
    # The EarlyStopping callback decides when to stop, and restores the best weights.
    parameters = settings.parameters(goal.task, num_rows, len(goal.classes))
    parameters |= {"n_iter_no_change": np.inf, "on_interrupt": "return"}
    if goal.task == "regression":
        return MLPRegressor(**parameters)
    weights: Any = parameters["class_weight"]
    parameters["class_weight"] = _by_index(weights, goal) if isinstance(weights, Mapping) else weights
    return MLPClassifier(**parameters)


def _by_index(weights: Mapping[Any, float], goal: Target) -> dict[int, float]:
    """Class weights by the class's index instead of its label."""
    labels = goal.class_labels.tolist()
    for label in weights:
        if label not in labels:
            raise InvalidSettingError(phrase("class_weight", f"must name classes among {labels}", label, owner=OWNER))
    return {labels.index(label): weight for label, weight in weights.items()}


def _check_metric(metric: str, model: TableModel, judging: Part | None) -> None:
    """Reject a metric of another task, one of probabilities that there are none of, and any without rows to measure it on."""
    of_task = {"classification": (*LABEL_METRICS, *PROBABILITY_METRICS), "regression": tuple(NUMBER_METRICS)}
    known = choice(("loss", *of_task[model.target.task]))
    check_parameters({"eval_metric": metric}, {"eval_metric": known}, owner=OWNER)
    if metric != "loss" and judging is None:
        rule, repair = "must be 'loss' without validation rows", "Give a validation share above 0."
        raise InvalidSettingError(phrase("eval_metric", rule, metric, repair=repair, owner=OWNER))
    if metric in PROBABILITY_METRICS and not model.has_probabilities:
        rule, repair = "must be 'loss' or a metric of labels with a loss that gives no probabilities", "Use accuracy."
        raise InvalidSettingError(phrase("eval_metric", rule, metric, repair=repair, owner=OWNER))


def _check_threshold(threshold: float | str, model: TableModel, judging: Part | None) -> None:
    """Reject a threshold for other than two classes with probabilities, or one to be chosen without rows to choose it on."""
    known = one_of(choice(THRESHOLD_METRICS), number(0, 1, "neither"))
    check_parameters({"decision_threshold": threshold}, {"decision_threshold": known}, owner=OWNER)
    num_classes = len(model.target.classes)
    reason = repair = ""
    if num_classes != 2:
        reason, repair = f"with {num_classes} classes", "Remove it."
    elif not model.has_probabilities:
        reason, repair = "with a loss that gives no probabilities", "Use log_loss."
    elif isinstance(threshold, str) and judging is None:
        reason, repair = "by a metric without validation rows", "Give a validation share above 0, or a number."
    if reason:
        rule = f"must not be given {reason}"
        raise InvalidSettingError(phrase("decision_threshold", rule, threshold, repair=repair, owner=OWNER))


def _threshold(asked: float | Literal["f1", "balanced_accuracy"] | None, model: TableModel, judging: Part | None) -> float | None:
    if not isinstance(asked, str) or judging is None:
        return None if asked is None or isinstance(asked, str) else float(asked)
    return best_threshold(asked, judging.y, model.predict_proba(judging.table)[:, 1], judging.weight)


def _fit(model: TableModel, training: Part, judging: Part | None, eval_metric: str, callbacks: list[Callback]) -> float:
    """Fit the model's estimator and return the duration in seconds."""

    def arrays(part: Part) -> tuple[np.ndarray, np.ndarray]:
        y = part.y if model.target.task == "classification" else ((part.y - model.center) / model.scale).astype(np.float32)
        return model.encoder.transform(part.table), y

    X, y = arrays(training)
    validation: dict[str, Any] = {}
    shown = []
    if judging is not None:
        X_val, y_val = arrays(judging)
        validation = {"X_val": X_val, "y_val": y_val, "sample_weight_val": judging.weight}
        rows = JudgedRows(X_val, y_val, judging.weight, model.middle, model.center, model.scale)
        shown = [
            ValidationMetric(name, rows) for name in dict.fromkeys((USUAL[model.target.task], eval_metric)) if name != "loss"
        ]
    model.estimator.set_params(callbacks=[*shown, *callbacks])
    start = time.perf_counter()
    with warnings.catch_warnings():
        # The stop reason says the same.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", message="Training interrupted")
        model.estimator.fit(X, y, training.weight, **validation)
    duration_s = time.perf_counter() - start
    model.estimator.set_params(callbacks=())
    return duration_s
