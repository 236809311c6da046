"""One training of a table's model, whoever asks for it: fit and measure on prepared rows."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from lamina.data.notes import note
from lamina.data.several_targets import AnyTarget
from lamina.errors import InvalidSettingError, NonFiniteError, phrase
from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.estimators.fitted import fit_of
from lamina.estimators.fitting import RowBlocks, check_each_parameter
from lamina.estimators.multilayer_perceptron import fit_from, fit_from_blocks
from lamina.metrics import SMALLER_IS_BETTER, Evaluation
from lamina.model.calibrate import calibration_of
from lamina.model.decision_threshold import best_threshold, check_threshold
from lamina.model.fit_result import FitResult
from lamina.model.kept_settings import kept_settings
from lamina.model.out_of_fold import OutOfFold, OutOfFoldLogits
from lamina.model.scale_choice import (
    TRIAL_ROWS,
    Trial,
    check_known_scale,
    for_trial,
    log_is_better,
    predicts_means,
    scale_for,
)
from lamina.model.setting_words import OWNER
from lamina.model.table_model import TableModel
from lamina.model.table_rows import Part, Prepared, Streamed
from lamina.model.table_settings import RunSettings, StoppingSettings, TableSettings
from lamina.model.target_scale import TargetScale, joined, scale_of_means, scale_of_medians
from lamina.model.validation_metric import USUAL, JudgedRows, ValidationMetric, check_metric
from lamina.training import AveragedWeights, Callback, EarlyStopping, Monitor
from lamina.training.class_weights import balanced_weights
from lamina.training.interrupts import Interrupts
from lamina.training.team import working_with
from lamina.validation import check_parameters, number

__all__ = ["PROBES", "Trained", "check_settings", "judged_by", "scale_of_targets", "train"]

_LEAST_S = 1e-3
PROBES = 40  # twenty are left when every second one is dropped


class Trained(NamedTuple):
    """What a training brought, and whether Ctrl-C was pressed meanwhile."""

    result: FitResult
    is_interrupted: bool


def train(
    prepared: Prepared,
    settings: TableSettings,
    callbacks: Sequence[Callback] = (),
    *,
    began: float,
    scale: TargetScale | None = None,
) -> Trained:
    """Train a model on prepared rows; Ctrl-C is deferred until there is a result.

    Parameters
    ----------
    prepared : Prepared
    settings : TableSettings
    callbacks : sequence of Callback, default=()
    began : float
        When the work on these rows began, by ``time.monotonic()``: ``max_time`` counts from then.
    scale : TargetScale, optional
        Of the targets; by default that of the model to go on from, or what ``target_scale`` asks for.

    Raises
    ------
    InvalidSettingError
        If settings are out of range, unknown or contradictory, in the words of whatever checks them.
    DataError
        If the targets have no place on the scale that is asked for, or on that of the model to go on from.
    """
    settings = settings.filled(prepared.num_training)
    judging, test, stopping = prepared.validation, prepared.test, settings.stopping
    model = _untrained(prepared, settings)
    check_metric(stopping.eval_metric, model, has_rows=judging is not None)
    threshold = settings.optimization.decision_threshold
    if threshold is not None:
        check_threshold(threshold, model, has_rows=judging is not None)
    if prepared.earlier is not None:
        for name, known, y in zip(model.target.names, model.scales, np.hstack(_targets(prepared)), strict=True):
            check_known_scale(name, y, known)
    # Even repeated Ctrl-C must not lose the trained model.
    with Interrupts() as interrupts:
        if model.target.task == "regression" and prepared.earlier is None:
            model = replace(model, scale=scale_of_targets(prepared, settings) if scale is None else scale)
        model, duration_s, best_epoch = _fit(model, prepared, settings, callbacks, began)
        if threshold is not None:
            model = replace(model, threshold=_threshold(threshold, model, judging))
        metrics = Evaluation() if test is None else model.measure(test.table, test.y)
    parts = {"training": prepared.training, "validation": judging, "test": test}
    counts = {name: 0 if part is None else part.num_rows for name, part in parts.items()}
    rows = {"read": prepared.num_read, "dropped": prepared.num_dropped, **counts, "training": prepared.num_training}
    reason = model.estimator.stop_reason_
    model.summary.update(
        rows=rows, metrics=metrics, best_epoch=best_epoch, settings=kept_settings(settings), shares=dict(prepared.shares)
    )
    return Trained(FitResult(model, metrics, rows, reason, duration_s), interrupts.count > 0 or reason.code == "interrupted")


def check_settings(prepared: Prepared, settings: TableSettings) -> None:
    """Check each setting of the network and the optimization by itself, before anything is trained on these rows.

    Raises
    ------
    InvalidSettingError
        If one is out of range or unknown.
    """
    check_each_parameter(_estimator(prepared, settings.filled(prepared.num_training)))


def _untrained(prepared: Prepared, settings: TableSettings) -> TableModel:
    """A model before its first epoch; one that goes on from another has the scale of that one, and tells of its training."""
    goal, earlier = prepared.goal, prepared.earlier
    estimator = _estimator(prepared, settings)
    if earlier is not None:
        before = {name: earlier.summary[name] for name in ("rows", "metrics", "best_epoch") if name in earlier.summary}
        summary = {"earlier": [*earlier.summary.get("earlier", []), before]}
        # With the factor, targets would lie lower than those that the weights were trained on, and the next factor higher.
        scale = scale_of_medians(earlier.scale)
        return replace(
            earlier, encoder=prepared.encoder, estimator=estimator, scale=scale, threshold=None, summary=summary, calibration=None
        )
    model = TableModel(prepared.encoder, estimator, goal)
    if model.levels and len(goal.names) > 1:
        rule = "must have one quantile level with several targets"
        raise InvalidSettingError(phrase("loss", rule, settings.optimization.loss, repair="Train a model for each.", owner=OWNER))
    return model


def _with_means(model: TableModel, X: Any, training: Part, settings: TableSettings) -> TableModel:
    """The model with a scale that turns its predictions to means, where those are asked for; X are the training features."""
    if not (predicts_means(settings) and model.scale.has_factor):
        return model
    predicted = model.numbers_of(X)
    return replace(model, scale=scale_of_means(model.scale, training.y, predicted, training.weight))


def _targets(prepared: Prepared) -> list[np.ndarray]:
    """The targets to train on, and those to validate with if any, a row for each of several."""
    parts = (prepared.training, prepared.validation)
    return [np.atleast_2d(part.y.T) for part in parts if part is not None]


def scale_of_targets(prepared: Prepared, settings: TableSettings) -> TargetScale:
    """The scale of each target, for regression: the one asked for, or the better one of a trial."""
    names, judging = prepared.goal.names, prepared.validation
    scales = [scale_for(name, *y, settings=settings) for name, *y in zip(names, *_targets(prepared), strict=True)]
    skewed = [i for i, scale in enumerate(scales) if scale.to_try is not None]
    if judging is None:
        for i in skewed:
            note(f"target {names[i]!r} is skewed and learned as it is: without validation rows, no log scale is tried.")
    if not skewed or judging is None:
        return joined([scale.usual for scale in scales])
    training, judging = _some(prepared.training, settings), _some(judging, settings)
    part = replace(prepared, training=training, validation=judging, test=None, streamed=None)
    tried = [[scale.usual for scale in scales], [scale.to_try or scale.usual for scale in scales]]
    of_linear, of_log = (_trial(part, for_trial(settings), joined(on)) for on in tried)
    if of_linear is None or of_log is None:
        return joined(tried[0])
    metric = settings.stopping.eval_metric
    better = [i for i in skewed if log_is_better(names[i], of_linear.of_target(i), of_log.of_target(i), metric)]
    return joined([tried[i in better][i] for i in range(len(names))])


def _trial(prepared: Prepared, settings: TableSettings, scale: TargetScale) -> Trial | None:
    """What a short training on a scale predicts for the validation rows; None where it diverged, as the training itself will."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with working_with(None):  # so short a training is over before others know its rows
                model = train(prepared, settings, began=time.monotonic(), scale=scale).result.model
        except NonFiniteError:
            return None
    judging: Any = prepared.validation
    predicted = model.predict(judging.table)
    medians = predicted if model.scale == scale else replace(model, scale=scale).predict(judging.table)
    return Trial(judging.y, predicted, medians, judging.weight)


def _some(part: Part, settings: TableSettings) -> Part:
    """As many rows as a trial takes."""
    if part.num_rows <= TRIAL_ROWS:
        return part
    return part.take(np.sort(np.random.default_rng(settings.run.seed).permutation(part.num_rows)[:TRIAL_ROWS]))


def _estimator(prepared: Prepared, settings: TableSettings) -> MLPClassifier | MLPRegressor:
    goal = prepared.goal
    # The EarlyStopping callback decides when to stop, and restores the best weights.
    parameters = settings.parameters(goal.task, prepared.num_training, len(goal.classes))
    parameters |= {"cardinalities": prepared.encoder.cardinalities, "n_iter_no_change": np.inf, "on_interrupt": "return"}
    if goal.task == "regression":
        return MLPRegressor(**parameters)
    weights: Any = parameters["class_weight"]
    if isinstance(weights, str) and weights == "balanced" and prepared.streamed is not None:
        weights = _balanced(prepared.streamed, goal)
    parameters["class_weight"] = _by_index(weights, goal) if isinstance(weights, Mapping) else weights
    return MLPClassifier(**parameters)


def _balanced(streamed: Streamed, goal: AnyTarget) -> dict[Any, float]:
    """Weights by which each class counts as much, of all rows and not of a block's; by their labels."""
    counts = np.array([streamed.class_counts.get(name, 0) for name in goal.classes])
    return dict(zip(goal.class_labels.tolist(), balanced_weights(counts).tolist(), strict=True))


def _by_index(weights: Mapping[Any, float], goal: AnyTarget) -> dict[int, float]:
    """Class weights by the class's index instead of its label."""
    labels = goal.class_labels.tolist()
    for label in weights:
        if label not in labels:
            raise InvalidSettingError(phrase("class_weight", f"must name classes among {labels}", label, owner=OWNER))
    return {labels.index(label): weight for label, weight in weights.items()}


def _threshold(asked: Any, model: TableModel, judging: Part | None) -> float:
    if judging is None or not isinstance(asked, str):
        return float(asked)
    return best_threshold(asked, judging.y, model.predict_proba(judging.table)[:, 1], judging.weight)  # type: ignore[arg-type]


def _fit(
    model: TableModel, prepared: Prepared, settings: TableSettings, callbacks: Sequence[Callback], began: float
) -> tuple[TableModel, float, int]:
    """Fit the estimator, from the weights of an earlier model if any: the model, the seconds it took, and the best epoch."""
    earlier, stopping = prepared.earlier, settings.stopping
    X, y = _arrays(model, prepared.training)
    validation, metrics = _judges(model, prepared.validation, stopping.eval_metric)
    judge, goes_on = _judge(stopping.eval_metric, validation, metrics), earlier is not None
    averaging, judged = _averaging(settings, judge, callbacks, goes_on=goes_on)
    early_stopping = _early_stopping(stopping, judge, judged, goes_on=goes_on)
    own, last = ([judged, averaging], []) if judged.is_asked else ([], [judged])
    watching = [*last, *_monitor(settings, callbacks)]
    model.estimator.set_params(callbacks=[*metrics.values(), *own, early_stopping, *stopping.callbacks(), *callbacks, *watching])
    if stopping.max_time is not None:
        check_parameters({"max_time": stopping.max_time}, {"max_time": number(0, closed="neither")}, owner=OWNER)
        model.estimator.set_params(max_time=max(began + float(stopping.max_time) - time.monotonic(), _LEAST_S))
    fit: Callable[..., Any]
    if prepared.streamed is not None:
        fit = partial(_fit_blocks, model, prepared.streamed, settings)
    else:
        fit = model.estimator.fit if earlier is None else partial(fit_from, model.estimator, earlier.estimator)
    start = time.perf_counter()
    with warnings.catch_warnings():
        # The stop reason says the same.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", message="Training interrupted")
        fit(X, y, prepared.training.weight, **validation)
    duration_s = time.perf_counter() - start
    model.estimator.set_params(callbacks=(), max_time=stopping.max_time)
    model = _with_means(model, X, prepared.training, settings)
    best_epoch = _best_epoch(early_stopping, averaging)
    if earlier is not None and best_epoch == 0:
        note("no epoch was better than the model that training went on from, whose weights are kept.")
        model = replace(model, calibration=earlier.calibration)
    elif settings.run.calibration:
        with working_with(None):  # a small network may learn how far predictions are off
            model = _calibrated(model, prepared, judged.kept, (X, validation.get("X_val")), settings.run)
    return model, duration_s, best_epoch


def _fit_blocks(
    model: TableModel, streamed: Streamed, settings: TableSettings, X: Any, y: np.ndarray, weight: Any, **rest: Any
) -> None:
    """Fit the estimator to rows that come in blocks, of which X and y are a sample."""
    rows = streamed.source(int(settings.stopping.max_epochs or 1))
    source: Any = rows if model.target.task == "classification" else _OnScale(rows, model.scale)
    classes = np.arange(len(model.target.classes)) if model.target.task == "classification" else None
    try:
        fit_from_blocks(model.estimator, source, X, y, classes=classes, **rest)
    finally:
        rows.close()


class _OnScale:
    """A source of blocks whose numbers are those that the network learns."""

    def __init__(self, source: RowBlocks, scale: TargetScale) -> None:
        self.num_rows = source.num_rows
        self._source, self._scale = source, scale

    def share(self, rank: int, size: int) -> _OnScale:
        return _OnScale(self._source.share(rank, size), self._scale)

    def close(self) -> None:
        self._source.close()

    def passes(self, epoch: int) -> Iterator[tuple[Any, np.ndarray]]:
        for X, y in self._source.passes(epoch):
            yield X, self._scale.forward(y).astype(np.float32)


def _averaging(
    settings: TableSettings, judge: _Judge, callbacks: Sequence[Callback], *, goes_on: bool
) -> tuple[AveragedWeights | None, OutOfFoldLogits]:
    """What averages the weights: the caller's own callback, or one as the settings say; none without validation rows.

    And what keeps logits to calibrate on, which says at the same time how good our own averages are.
    """
    own = next((callback for callback in callbacks if isinstance(callback, AveragedWeights)), None)
    decay: Any = settings.optimization.averaging
    check_parameters({"averaging": decay}, {"averaging": number(0, 1, "left")}, owner=OWNER)
    is_ours = own is None and decay and judge.monitor != "loss"
    judged = OutOfFoldLogits(
        judge.metric,
        larger_is_better=judge.mode == "max",
        keep_first=goes_on,
        seed=settings.run.seed,
        averaging=own,
        is_asked=is_ours,
    )
    if not is_ours:
        return own, judged
    return AveragedWeights(decay, monitor=judge.monitor, mode=judge.mode, measure=judged.offer, keep_first=goes_on), judged


def _best_epoch(early_stopping: EarlyStopping, averaging: AveragedWeights | None) -> int:
    """The epoch whose weights stay, or the average up to which; 0 for the weights of an earlier model."""
    if averaging is None or not (averaging.best_epoch or averaging.keep_first):
        return early_stopping.best_epoch
    return averaging.best_epoch


def _calibrated(
    model: TableModel, prepared: Prepared, kept: OutOfFold | None, features: tuple[Any, Any], run: RunSettings
) -> TableModel:
    """The model with what is learned of its validation rows; ``features`` are those of the training and the validation rows."""
    X, X_val = features
    judging = None if prepared.validation is None else (X_val, prepared.validation)
    calibration = calibration_of(model, kept, (X, prepared.training), judging, run)
    if calibration is None and prepared.earlier is not None and prepared.earlier.calibration is not None:
        note("there are no validation rows, so the calibration of the model that training went on from is lost.")
    return replace(model, calibration=calibration)


def _monitor(settings: TableSettings, callbacks: Sequence[Callback]) -> list[Monitor]:
    """A monitor, unless there is one or none is wanted; its record is small, because the model's file holds it."""
    is_wanted = settings.run.monitor and not any(isinstance(callback, Monitor) for callback in callbacks)
    return [Monitor(capacity=PROBES, sparing=False)] if is_wanted else []


def _arrays(model: TableModel, part: Part) -> tuple[Any, np.ndarray]:
    """Features and targets for the network."""
    y = part.y if model.target.task == "classification" else model.scale.forward(part.y).astype(np.float32)
    return model.encoder.transform(part.table) if part.features is None else part.features, y


def judged_by(model: TableModel, judging: Part, eval_metric: str) -> float:
    """The number by which a training's epochs were judged, of the weights that the model has."""
    validation, metrics = _judges(model, judging, eval_metric)
    fit = fit_of(model.estimator)
    if eval_metric in metrics:
        return metrics[eval_metric].measured(fit.trainer)
    truth = fit.target.encode(validation["y_val"])
    weight = fit.target.row_weights(truth, judging.weight)
    targets = fit.target.targets(truth, fit.trainer.executor.dtype)
    return float(fit.trainer.evaluate(validation["X_val"], targets, weight)["loss"])


def _judges(model: TableModel, judging: Part | None, eval_metric: str) -> tuple[dict[str, Any], dict[str, ValidationMetric]]:
    """The validation rows as parameters of a fit, and the metrics to record on them by name."""
    if judging is None:
        return {}, {}
    X, y = _arrays(model, judging)
    rows = JudgedRows(X, y, judging.weight, model.middle if y.ndim == 1 else slice(None), model.scale)
    names = dict.fromkeys((USUAL[model.target.task], eval_metric))
    metrics = {name: ValidationMetric(name, rows) for name in names if name != "loss"}
    return {"X_val": X, "y_val": y, "sample_weight_val": judging.weight}, metrics


class _Judge(NamedTuple):
    """The number that says which epoch is best: its key in the records, and its metric, unless it is the loss."""

    monitor: str
    mode: str
    metric: ValidationMetric | None


def _judge(metric: str, validation: Mapping[str, Any], metrics: Mapping[str, ValidationMetric]) -> _Judge:
    """The metric or loss of the validation rows or, without these, the training loss."""
    mode = "min" if metric in ("loss", *SMALLER_IS_BETTER) else "max"
    return _Judge(f"validation_{metric}" if validation else "loss", mode, metrics.get(metric))


def _early_stopping(stopping: StoppingSettings, judge: _Judge, judged: OutOfFoldLogits, *, goes_on: bool) -> EarlyStopping:
    """What stops the training, by the averages where there are any: they then are what is kept, too.

    Training that goes on must improve on the weights that it begins with.
    """
    patience: Any = stopping.patience
    settings: dict[str, Any] = {"patience": patience, "tol": stopping.tol, "mode": judge.mode, "relative": True}
    if judged.is_asked:
        monitor = f"averaged_{judge.monitor}"
        return EarlyStopping(monitor, keep_first=goes_on and judged.offer, restore_best=False, **settings)
    first = goes_on and (True if judge.metric is None else judge.metric.measured)
    return EarlyStopping(judge.monitor, keep_first=first, **settings)
