"""The scale on which a target is learned: the one asked for, or, of a skewed target, the better one of a short trial."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from lamina.data.notes import note
from lamina.errors import DataError, InvalidSettingError, phrase
from lamina.losses import LOSSES, get_loss
from lamina.losses.domain import NON_NEGATIVE
from lamina.metrics import NUMBER_METRICS
from lamina.model.named_settings import kind_of
from lamina.model.setting_words import OWNER
from lamina.model.table_settings import TableSettings
from lamina.model.target_scale import SCALES, ScaleName
from lamina.moments import mean_and_deviation
from lamina.validation import check_parameters, choice

__all__ = [
    "TRIAL_ROWS",
    "Trial",
    "can_be_log",
    "check_scale",
    "for_trial",
    "is_skewed",
    "log_is_better",
    "predicts_means",
    "scale_asked_for",
    "takes_no_negative",
]

TRIAL_ROWS = 10_000
"""The most training rows, and validation rows, of a trial."""

_TRIAL_EPOCHS = 30
_TRIAL_SHARE = 0.05  # of max_time
_SKEWED = 1.0  # "highly skewed": Bulmer, "Principles of statistics", 1979, p. 63
_LABELS = {"r2": "R2", "mae": "MAE", "rmse": "RMSE", "pinball": "pinball loss"}


class Trial(NamedTuple):
    """What a short training predicts for the validation rows.

    Parameters
    ----------
    y, predicted : ndarray of shape (n,)
    medians : ndarray of shape (n,)
        What is predicted where medians are asked for.
    weight : ndarray of shape (n,), optional
        Weights of the rows.
    """

    y: np.ndarray
    predicted: np.ndarray
    medians: np.ndarray
    weight: np.ndarray | None = None


def scale_asked_for(settings: TableSettings) -> str:
    """``target_scale``; "auto" stands for a choice only with the default loss, which learns means.

    Raises
    ------
    InvalidSettingError
        If it is unknown, or does not go with the loss.
    """
    asked, loss = settings.optimization.target_scale, settings.optimization.loss
    check_parameters({"target_scale": asked}, {"target_scale": choice(("auto", *SCALES))}, owner=OWNER)
    if asked == "auto":
        return "auto" if _learns_means(loss) else "linear"
    if asked != "linear" and takes_no_negative(loss):
        rule = f"must be 'linear' with the loss {kind_of(loss)}, which has a scale of its own"
        raise InvalidSettingError(phrase("target_scale", rule, asked, repair="Remove one of the two.", owner=OWNER))
    return asked


def check_scale(asked: str, y: np.ndarray, name: str) -> None:
    """Reject targets, ndarray of shape (n,), that the scale asked for cannot take.

    Raises
    ------
    DataError
    """
    if asked == "log" and not can_be_log(y):
        rule = "must hold numbers >= 0, and not only 0, for target_scale='log'"
        raise DataError(phrase(f"target {name!r}", rule, float(y.min()), repair="Use 'quantile' or 'linear'."))
    if asked == "quantile" and y.min() == y.max():
        rule = "must hold different numbers for target_scale='quantile'"
        raise DataError(phrase(f"target {name!r}", rule, float(y[0]), repair="Use 'linear'."))


def can_be_log(y: np.ndarray) -> bool:
    """Whether there is a log scale for targets: none is negative, and some are positive."""
    return bool(y.min() >= 0 and y.max() > 0)


def takes_no_negative(loss: Any) -> bool:
    """Whether a loss, by name or as an object, takes no negative numbers; the estimator rejects unknown names."""
    name = kind_of(loss)
    return name in LOSSES and get_loss(name).domain(1) is NON_NEGATIVE


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


def for_trial(settings: TableSettings, scale: ScaleName) -> TableSettings:
    """The settings of a short training on one scale."""
    stopping, max_time = settings.stopping, settings.stopping.max_time
    short = replace(
        stopping,
        max_epochs=min(stopping.max_epochs, _TRIAL_EPOCHS),
        max_time=None if max_time is None else max_time * _TRIAL_SHARE,
    )
    optimization, run = replace(settings.optimization, target_scale=scale), replace(settings.run, restarts=1)
    return replace(settings, stopping=short, optimization=optimization, run=run)


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
    of_squares = eval_metric not in ("mae", "pinball")
    is_better = _gain(linear, linear.medians, log.medians, 1) > 1
    if of_squares:
        is_better = is_better and _gain(linear, linear.predicted, log.predicted, 2) > -0.5
    metric = "r2" if eval_metric == "loss" else eval_metric
    measured = [f"{NUMBER_METRICS[metric](trial.y, trial.predicted, sample_weight=trial.weight):.4g}" for trial in (log, linear)]
    found = f"({_LABELS[metric]} {measured[0]}, linear {measured[1]})"
    if is_better:
        note(f"target {name!r}: learned on a log scale, which was better in a short trial {found}.")
    else:
        note(f"target {name!r} is skewed; a log scale was not clearly better in a short trial {found}.")
    return is_better


def _learns_means(loss: Any) -> bool:
    return loss is None or kind_of(loss) == "squared_error"


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
