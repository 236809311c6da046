"""The course of the training loss over the epochs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lamina.doctor.probes.trend import Trend, trend
from lamina.training import History

__all__ = ["LossCourse", "loss_course"]

_END = 0.1  # the share of the epochs whose median is "the end"
_TREND_PART = 1 / 3
_FEWEST = 5  # epochs that have a last fifth


@dataclass(frozen=True, slots=True)
class LossCourse:
    """The losses of the history, as training measures them: with penalties and dropout, the mean over an epoch's steps.

    NaN where there was no epoch.

    Attributes
    ----------
    epochs : int
    start : float
        Of the first step.
    first, best, last : float
        Of the first epoch, the lowest one, and the last epoch.
    end : float
        The median of the last tenth of the epochs.
    largest : float
    constant : float
        The loss of the best prediction that ignores all inputs.
    best_at : float
        The epoch of ``best`` as a share of all.
    late : Trend
        Of the last third of the epochs, per epoch.
    late_share : float
        The part of the whole improvement, from start to end, that fell in the last fifth of the epochs.
    rises : float
        The share of epochs whose loss was above that of the epoch before.
    roughness : float
        The standard deviation of an epoch's loss around the trend of the last third, as a share of ``constant``.
    """

    epochs: int
    start: float
    first: float
    best: float
    last: float
    end: float
    largest: float
    constant: float
    best_at: float
    late: Trend
    late_share: float
    rises: float
    roughness: float

    @property
    def open_share(self) -> float:
        """``end`` over ``constant``: 1 is as bad as a constant prediction, 0 is perfect; NaN where losses can be negative."""
        return self.end / self.constant if self.constant > 0 else math.nan

    @property
    def fall_to_come(self) -> float:
        """How far the loss would fall, as a share of ``end``, in a third more epochs at the pace of the last third."""
        return -self.late.slope * self.epochs / 3 / abs(self.end) if self.end else 0.0


def loss_course(history: History, step_loss: np.ndarray, constant: float) -> LossCourse:
    """The course of a history.

    >>> found = loss_course(History([{"loss": loss} for loss in (1.0, 0.5, 0.4, 0.35, 0.3)]), np.array([1.2]), 1.0)
    >>> found.start, found.end, found.rises, round(found.late_share, 3)
    (1.2, 0.3, 0.0, 0.056)
    """
    losses = np.array(history[:, "loss"], dtype=np.float64) if len(history) else np.empty(0)
    if not len(losses):
        nothing = trend(losses, losses)
        start = float(step_loss[0]) if len(step_loss) else math.nan
        return LossCourse(0, start, *(math.nan,) * 5, constant, math.nan, nothing, *(math.nan,) * 3)
    n = len(losses)
    start = float(step_loss[0]) if len(step_loss) else float(losses[0])
    end = float(np.median(losses[-max(1, round(_END * n)) :]))
    third = losses[-max(3, math.ceil(_TREND_PART * n)) :]
    late = trend(np.arange(len(third), dtype=np.float64), third)
    best = int(losses.argmin())
    return LossCourse(
        epochs=n,
        start=start,
        first=float(losses[0]),
        best=float(losses[best]),
        last=float(losses[-1]),
        end=end,
        largest=float(max(losses.max(), start)),
        constant=constant,
        best_at=(best + 1) / n,
        late=late,
        late_share=_late_share(losses, start, end),
        rises=float((np.diff(losses) > 0).mean()) if n > 1 else math.nan,
        roughness=_roughness(third, late) / abs(constant) if constant else math.nan,
    )


def _late_share(losses: np.ndarray, start: float, end: float) -> float:
    n = len(losses)
    if n < _FEWEST or start <= end:
        return math.nan
    before = float(np.median(losses[int(0.75 * n) : max(int(0.85 * n), int(0.75 * n) + 1)]))
    return (before - end) / (start - end)


def _roughness(losses: np.ndarray, line: Trend) -> float:
    if math.isnan(line.slope):
        return math.nan
    x = np.arange(len(losses)) - (len(losses) - 1) / 2
    return float((losses - line.level - line.slope * x).std())
