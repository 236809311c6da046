"""One training of a table's model, whoever asks for it: read, split, encode, fit, measure."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from lamina.data import TableEncoder, Target, holdout
from lamina.data.arrow_tables import Columns
from lamina.data.notes import note
from lamina.data.repeated_rows import groups_of_copies, joined_groups
from lamina.data.suspicions import say_suspicions
from lamina.data.table_reader import ReadTable
from lamina.data.target import TargetColumn
from lamina.errors import DataError, InvalidSettingError, phrase
from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.estimators.multilayer_perceptron import fit_from
from lamina.losses import LOSSES, get_loss
from lamina.losses.domain import NON_NEGATIVE
from lamina.metrics import LABEL_METRICS, NUMBER_METRICS, PROBABILITY_METRICS, SMALLER_IS_BETTER, Evaluation
from lamina.model.decision_threshold import THRESHOLD_METRICS, best_threshold
from lamina.model.fit_result import FitResult
from lamina.model.kept_settings import kept_settings
from lamina.model.named_settings import kind_of
from lamina.model.setting_words import OWNER
from lamina.model.table_model import TableModel
from lamina.model.table_settings import StoppingSettings, TableSettings
from lamina.model.validation_metric import USUAL, JudgedRows, ValidationMetric
from lamina.moments import mean_and_deviation
from lamina.training import Callback, EarlyStopping
from lamina.training.interrupts import Interrupts
from lamina.validation import check_parameters, choice, number, one_of

__all__ = ["Given", "Prepared", "Rows", "Trained", "encoder_for", "prepare", "train"]


class Given(NamedTuple):
    """Rows as they came: the columns to predict from, the column to predict, weights, and numbers of groups to keep together."""

    columns: Columns
    target: TargetColumn
    weight: np.ndarray | None = None
    groups: np.ndarray | None = None


class Rows(NamedTuple):
    """Rows, what their columns hold, and how they are read: as was learned of them, or of an ``earlier`` model's rows."""

    given: Given
    table: ReadTable
    goal: Target
    encoder: TableEncoder
    earlier: TableModel | None = None


class Part(NamedTuple):
    """Rows of a table as they were read, their targets as numbers, weights, and numbers of rows to keep together, if any."""

    table: ReadTable
    y: np.ndarray
    weight: np.ndarray | None = None
    groups: np.ndarray | None = None

    @property
    def num_rows(self) -> int:
        return len(self.y)

    def take(self, rows: np.ndarray) -> Part:
        return Part(self.table.take(rows), self.y[rows], _taken(self.weight, rows), _taken(self.groups, rows))


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
    earlier: TableModel | None = None


class Trained(NamedTuple):
    """What a training brought, and whether Ctrl-C was pressed meanwhile."""

    result: FitResult
    is_interrupted: bool


def encoder_for(settings: TableSettings) -> TableEncoder:
    """The encoder that settings ask for, not fitted."""
    return TableEncoder(**settings.encoding.parameters(), sparse_output="auto")


def prepare(
    rows: Rows,
    *,
    validation: float | Given,
    test: float | Given,
    settings: TableSettings,
    fewest_rows: int,
) -> Prepared:
    """Split rows, and fit the encoder to those for training, unless it is an earlier model's.

    Parameters
    ----------
    rows : Rows
        Those without a target are dropped with a note.
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
    given, _, goal, encoder, earlier = rows
    everything = _read(rows, fewest_rows)
    if given.groups is not None and validation:
        _check_groups(everything)
    learning, held_out = _split(everything, test, goal, seed=settings.run.seed)
    training, judging = _split(learning, validation, goal, seed=settings.run.seed + 1)
    if earlier is None:
        encoder.fit(training.table)
    held_out, judging = (_separate(further, goal, encoder) or part for further, part in ((test, held_out), (validation, judging)))
    num_read = given.columns.num_rows
    return Prepared(encoder, goal, training, judging, held_out, num_read, num_read - everything.num_rows, earlier)


def train(prepared: Prepared, settings: TableSettings, callbacks: Sequence[Callback] = ()) -> Trained:
    """Train a model on prepared rows; Ctrl-C is deferred until there is a result.

    Raises
    ------
    InvalidSettingError
        If settings are out of range, unknown or contradictory, in the words of whatever checks them.
    """
    judging, test, stopping = prepared.validation, prepared.test, settings.stopping
    model = _untrained(prepared, settings)
    _check_metric(stopping.eval_metric, model, judging)
    threshold = settings.optimization.decision_threshold
    if threshold is not None:
        _check_threshold(threshold, model, judging)
    # Even repeated Ctrl-C must not lose the trained model.
    with Interrupts() as interrupts:
        duration_s, best_epoch = _fit(model, prepared, stopping, callbacks)
        model = replace(model, threshold=_threshold(threshold, model, judging))
        metrics = Evaluation() if test is None else model.measure(test.table, test.y)
    parts = {"training": prepared.training, "validation": judging, "test": test}
    counts = {name: 0 if part is None else part.num_rows for name, part in parts.items()}
    rows = {"read": prepared.num_read, "dropped": prepared.num_dropped, **counts}
    reason = model.estimator.stop_reason_
    model.summary.update(rows=rows, metrics=metrics, best_epoch=best_epoch, settings=kept_settings(settings))
    return Trained(FitResult(model, metrics, rows, reason, duration_s), interrupts.count > 0 or reason.code == "interrupted")


def _taken(values: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    return None if values is None else values[rows]


def _present(given: Given, goal: Target, unknown: Literal["raise", "drop"] = "raise") -> tuple[np.ndarray, np.ndarray]:
    """The numbers of the rows that have a target, and their targets as numbers."""
    alone = Columns({goal.name: given.target.column}, given.columns.num_rows)
    return goal.present_rows(alone, unknown=unknown)


def _read(rows: Rows, fewest_rows: int) -> Part:
    """The rows that have a target."""
    given, table, goal, *_ = rows
    present, y = _present(given, goal)
    if len(present) < fewest_rows:
        raise DataError(
            f"a table must have at least {fewest_rows} rows with a target to train on, got {len(present)}. Collect more rows."
        )
    table = table.take(present) if len(present) < given.columns.num_rows else table
    say_suspicions(table, goal, y)
    groups = joined_groups(_taken(given.groups, present), groups_of_copies(table))
    return Part(table, y, _taken(given.weight, present), groups)


def _check_groups(part: Part) -> None:
    """Reject rows that must all stay together, of which none can be held out."""
    if len(np.unique(part.groups)) < 2:  # type: ignore[arg-type]
        repair = "Give X_val and y_val, or leave groups out."
        raise DataError(phrase("groups", "must be at least two that share no copy of a row", 1, repair=repair, owner=OWNER))


def _split(part: Part, held_out: float | Given, goal: Target, *, seed: int) -> tuple[Part, Part | None]:
    """The rows to keep, and a held-out share of them; all rows stay if separate rows are given."""
    if isinstance(held_out, Given) or held_out == 0:
        return part, None
    labels = part.y if goal.task == "classification" else None
    kept, held = holdout(part.num_rows, held_out, seed=seed, labels=labels, names=goal.classes, groups=part.groups)
    if labels is not None:
        # A class of which every row is a copy of another class's, or in one group, may be held out whole.
        lost = np.isin(labels[held], np.setdiff1d(labels[held], labels[kept]))
        if part.groups is not None:
            lost = np.isin(part.groups[held], part.groups[held[lost]])
        kept, held = np.sort(np.concatenate([kept, held[lost]])), held[~lost]
        if not len(held):
            note("no rows are held out, because each group of rows that could be has a class that no other rows have.")
    return part.take(kept), part.take(held) if len(held) else None


def _separate(held_out: float | Given, goal: Target, encoder: TableEncoder) -> Part | None:
    """Separate rows, if those are given and not a share."""
    if not isinstance(held_out, Given):
        return None
    rows, y = _present(held_out, goal, "drop")
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


def _untrained(prepared: Prepared, settings: TableSettings) -> TableModel:
    """A model before its first epoch; one that goes on from another has the scale of that one, and tells of its training."""
    goal, y, earlier = prepared.goal, prepared.training.y, prepared.earlier
    estimator = _estimator(goal, len(y), settings)
    if earlier is None:
        return TableModel(prepared.encoder, estimator, goal, *_location(goal, y, settings.optimization.loss))
    before = {name: earlier.summary[name] for name in ("rows", "metrics", "best_epoch") if name in earlier.summary}
    summary = {"earlier": [*earlier.summary.get("earlier", []), before]}
    return replace(earlier, encoder=prepared.encoder, estimator=estimator, threshold=None, summary=summary)


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


def _fit(model: TableModel, prepared: Prepared, stopping: StoppingSettings, callbacks: Sequence[Callback]) -> tuple[float, int]:
    """Fit the model's estimator, from the weights of an earlier model if any; the seconds it took, and the best epoch."""
    earlier = prepared.earlier
    X, y = _arrays(model, prepared.training)
    validation, metrics = _judges(model, prepared.validation, stopping.eval_metric)
    early_stopping = _early_stopping(stopping, validation, metrics, goes_on=earlier is not None)
    model.estimator.set_params(callbacks=[*metrics.values(), early_stopping, *stopping.callbacks(), *callbacks])
    fit = model.estimator.fit if earlier is None else partial(fit_from, model.estimator, earlier.estimator)
    start = time.perf_counter()
    with warnings.catch_warnings():
        # The stop reason says the same.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", message="Training interrupted")
        fit(X, y, prepared.training.weight, **validation)
    duration_s = time.perf_counter() - start
    model.estimator.set_params(callbacks=())
    if earlier is not None and early_stopping.best_epoch == 0:
        note("no epoch was better than the model that training went on from, whose weights are kept.")
    return duration_s, early_stopping.best_epoch


def _arrays(model: TableModel, part: Part) -> tuple[Any, np.ndarray]:
    """Features and targets for the network."""
    y = part.y if model.target.task == "classification" else ((part.y - model.center) / model.scale).astype(np.float32)
    return model.encoder.transform(part.table), y


def _judges(model: TableModel, judging: Part | None, eval_metric: str) -> tuple[dict[str, Any], dict[str, ValidationMetric]]:
    """The validation rows as parameters of a fit, and the metrics to record on them by name."""
    if judging is None:
        return {}, {}
    X, y = _arrays(model, judging)
    rows = JudgedRows(X, y, judging.weight, model.middle, model.center, model.scale)
    names = dict.fromkeys((USUAL[model.target.task], eval_metric))
    metrics = {name: ValidationMetric(name, rows) for name in names if name != "loss"}
    return {"X_val": X, "y_val": y, "sample_weight_val": judging.weight}, metrics


def _early_stopping(
    stopping: StoppingSettings, validation: Mapping[str, Any], metrics: Mapping[str, ValidationMetric], *, goes_on: bool
) -> EarlyStopping:
    """Stops by the validation metric or the training loss; training that goes on must improve on the weights it begins with."""
    metric = stopping.eval_metric
    monitor = f"validation_{metric}" if validation else "loss"
    mode = "min" if metric in ("loss", *SMALLER_IS_BETTER) else "max"
    first = metrics[metric].measured if metric in metrics else True
    patience, tol = stopping.patience, stopping.tol
    return EarlyStopping(monitor, patience=patience, tol=tol, mode=mode, relative=True, keep_first=first if goes_on else False)
