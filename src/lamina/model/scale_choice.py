"""The scale on which a target is learned: the one asked for, or, of a skewed target, the better one of a short trial."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, NamedTuple

import numpy as np

from lamina.data.notes import note
from lamina.errors import DataError, InvalidSettingError, phrase
from lamina.losses import NUMBER_LOSSES, canonical_loss, get_loss
from lamina.losses.domain import NON_NEGATIVE, NUMBERS, POSITIVE, Domain
from lamina.metrics import NUMBER_METRICS
from lamina.model.named_settings import kind_of
from lamina.model.setting_words import OWNER
from lamina.model.table_settings import TableSettings
from lamina.model.target_scale import SCALES, LinearScale, LogScale, QuantileScale
from lamina.moments import mean_and_deviation
from lamina.validation import check_parameters, choice

__all__ = [
    "TRIAL_ROWS",
    "Scales",
    "Trial",
    "check_known_scale",
    "for_trial",
    "is_skewed",
    "log_is_better",
    "predicts_means",
    "scale_for",
]

TRIAL_ROWS = 10_000
"""The most training rows, and validation rows, of a trial."""

_TRIAL_EPOCHS = 30
_TRIAL_SHARE = 0.05  # of max_time
_SKEWED = 1.0  # "highly skewed": Bulmer, "Principles of statistics", 1979, p. 63


class Scales(NamedTuple):
    """The scale of a target, and one to try in its place, if any."""

    usual: LinearScale | LogScale | QuantileScale
    to_try: LogScale | None = None


class Trial(NamedTuple):
    """What a short training predicts for the validation rows.

    Parameters
    ----------
    y, predicted : ndarray of shape (n,) or (n, targets)
    medians : ndarray of the same shape
        What is predicted where medians are asked for.
    weight : ndarray of shape (n,), optional
        Weights of the rows.
    """

    y: np.ndarray
    predicted: np.ndarray
    medians: np.ndarray
    weight: np.ndarray | None = None

    def of_target(self, column: int) -> Trial:
        """One target's part, of several."""
        y, predicted, medians = (np.atleast_2d(numbers.T)[column] for numbers in self[:3])
        return Trial(y, predicted, medians, self.weight)


def scale_for(name: str, y: np.ndarray, further: np.ndarray | None = None, *, settings: TableSettings) -> Scales:
    """The scale that ``target_scale`` asks for, and the one to try in its place.

    Parameters
    ----------
    name : str
        The target's.
    y : ndarray of shape (n,)
        The training targets.
    further : ndarray of shape (m,), optional
        The validation targets, which the scale must take, too.
    settings : TableSettings

    Raises
    ------
    InvalidSettingError
        If the setting is unknown, or does not go with the loss.
    DataError
        If the targets have no such scale.
    """
    asked, loss = settings.optimization.target_scale, settings.optimization.loss
    _check_asked(asked, loss)
    known = y if further is None else np.concatenate([y, further])
    low = float(known.min())
    domain = _domain(loss)
    if domain.holds is not None and not domain.holds(known).all():
        rule = f"{domain.rule} with the loss {kind_of(loss)}"
        raise DataError(phrase(f"target {name!r}", rule, low, repair="Correct the values, or choose another loss."))
    if asked == "quantile":
        if y.min() == y.max():
            raise DataError(phrase(f"target {name!r}", "must hold different numbers for a quantile scale", low))
        return Scales(QuantileScale.learn(y))
    log = LogScale.learn(y, lowest=low) if low >= 0 and y.max() > 0 else None
    if asked == "log":
        if log is None:
            rule = "must hold numbers >= 0, and not only 0, for a log scale"
            raise DataError(phrase(f"target {name!r}", rule, low, repair="Use a quantile or a linear scale."))
        return Scales(log)
    linear = LinearScale.learn(y, stays_positive=_takes_no_negative(loss))
    is_tried = asked == "auto" and _learns_means(loss) and log is not None and is_skewed(y, log.forward(y))
    return Scales(linear, log if is_tried else None)


def check_known_scale(name: str, y: np.ndarray, scale: LinearScale | LogScale | QuantileScale) -> None:
    """Reject targets that have no place on the scale of a model to go on from.

    Parameters
    ----------
    name : str
        The target's.
    y : ndarray of shape (n,)
        Training and validation targets.
    scale : LinearScale, LogScale or QuantileScale

    Raises
    ------
    DataError
    """
    low = float(y.min())
    if isinstance(scale, LogScale) and (low < 0 or low + scale.offset == 0):
        bound = ">= 0" if scale.offset else "> 0"
        rule = f"must hold numbers {bound}, as the model to go on from has learned it on a log scale"
        raise DataError(phrase(f"target {name!r}", rule, low, repair="Leave such rows out, or begin anew."))


def predicts_means(settings: TableSettings) -> bool:
    """Whether the mean is what is asked for: by the loss, and by the metric."""
    return _learns_means(settings.optimization.loss) and settings.stopping.eval_metric in ("loss", "r2", "rmse")


def is_skewed(y: np.ndarray, logarithms: np.ndarray) -> bool:
    """Whether targets have a long tail of large values that logarithms draw in.

    Parameters
    ----------
    y : ndarray of shape (n,)
    logarithms : ndarray of shape (n,)

    Returns
    -------
    bool
        If the skewness of y, ``mean ((y - mean) / deviation)^3``, is above 1, and more than twice that of the logarithms in size.

    Examples
    --------
    >>> y = np.exp(np.linspace(-2, 2, 101))
    >>> is_skewed(y, np.log(y)), is_skewed(np.log(y), y)
    (True, False)
    """
    skewness = _skewness(y)
    return skewness > _SKEWED and 2 * abs(_skewness(logarithms)) < skewness


def for_trial(settings: TableSettings) -> TableSettings:
    """The settings of a short training, of one network."""
    stopping, max_time = settings.stopping, settings.stopping.max_time
    short = replace(
        stopping,
        max_epochs=min(stopping.max_epochs or _TRIAL_EPOCHS, _TRIAL_EPOCHS),
        max_time=None if max_time is None else max_time * _TRIAL_SHARE,
    )
    network = replace(settings.network, members=1)
    return replace(
        settings, network=network, stopping=short, run=replace(settings.run, restarts=1, monitor=False, calibration=False)
    )


def log_is_better(name: str, linear: Trial, log: Trial, eval_metric: str) -> bool:
    """Whether the log scale was better in the trial, which a note says.

    Absolute errors must be smaller by more than the standard error of the difference. Squared errors of a skewed target, most of
    which are made up by few rows, say less; they must not be larger by more than half of their standard error, unless
    ``eval_metric`` is one of absolute errors.

    Parameters
    ----------
    name : str
        The target's.
    linear, log : Trial
        On the same rows.
    eval_metric : str
        What the training is to be judged by.
    """
    is_better = _gain(linear, linear.medians, log.medians, 1) > 1
    if eval_metric not in ("mae", "pinball"):
        is_better = is_better and _gain(linear, linear.predicted, log.predicted, 2) > -0.5
    found = f"{_compared('mae', linear, log)}; {_compared('r2', linear, log)}"
    if is_better:
        note(f"target {name!r}: learned on a log scale, which was better in a short trial ({found}).")
    else:
        note(f"target {name!r} is skewed; a log scale was not clearly better in a short trial ({found}).")
    return is_better


def _compared(metric: Literal["mae", "r2"], linear: Trial, log: Trial) -> str:
    label = {"mae": "MAE", "r2": "R2"}[metric]
    of_log, of_linear = (
        NUMBER_METRICS[metric](trial.y, trial.medians if metric == "mae" else trial.predicted, sample_weight=trial.weight)
        for trial in (log, linear)
    )
    return f"{label} {of_log:.4g}, linear {of_linear:.4g}"


def _check_asked(asked: str, loss: Any) -> None:
    check_parameters({"target_scale": asked}, {"target_scale": choice(("auto", *SCALES))}, owner=OWNER)
    if asked in ("log", "quantile") and _takes_no_negative(loss):
        rule = f"must be 'linear' with the loss {_kind(loss)}, which has a scale of its own"
        raise InvalidSettingError(phrase("target_scale", rule, asked, repair="Remove one of the two.", owner=OWNER))
    if asked in ("log", "quantile") and _predicts_spread(loss):
        rule = f"must be 'linear' with the loss {_kind(loss)}, whose spread is that of a normal distribution"
        raise InvalidSettingError(phrase("target_scale", rule, asked, repair="Remove one of the two.", owner=OWNER))


def _takes_no_negative(loss: Any) -> bool:
    return _domain(loss) in (NON_NEGATIVE, POSITIVE)


def _domain(loss: Any) -> Domain:
    name = _kind(loss)
    return get_loss(name).domain(1) if name in NUMBER_LOSSES else NUMBERS  # the estimator rejects unknown names


def _predicts_spread(loss: Any) -> bool:
    name = _kind(loss)
    return name in NUMBER_LOSSES and get_loss(name).predicts_spread


def _learns_means(loss: Any) -> bool:
    return loss is None or _kind(loss) == "squared_error"


def _kind(loss: Any) -> str:
    return str(canonical_loss(kind_of(loss)))


def _gain(trial: Trial, linear: np.ndarray, log: np.ndarray, power: int) -> float:
    """By how many standard errors the mean of the errors, to a power, is smaller on the log scale."""
    unit = float(np.abs(trial.y).max()) or 1.0
    of_linear, of_log = (np.abs((predicted - trial.y) / unit) ** power for predicted in (linear, log))
    gain = of_linear - of_log
    share = np.full(len(gain), 1 / len(gain)) if trial.weight is None else trial.weight / trial.weight.sum()
    mean = float(share @ gain)
    error = float(np.sqrt(share**2 @ (gain - mean) ** 2))
    return mean / error if error else 0.0


def _skewness(values: np.ndarray) -> float:
    mean, deviation = mean_and_deviation(values)
    return float((((values - mean) / deviation) ** 3).mean()) if deviation else 0.0
