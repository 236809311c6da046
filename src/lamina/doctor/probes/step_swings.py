"""How the loss swings from step to step, beside what the choice of batches explains."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lamina.doctor.probes.trend import trend

__all__ = ["StepSwings", "step_swings"]

_WINDOW = 200  # steps at the end, over which the trend is a line
_SPIKE = 8.0  # robust standard deviations above the trend; of normal noise one step in 10^15 is as high


@dataclass(frozen=True, slots=True)
class StepSwings:
    """The losses of the last steps, at most 200; NaN for fewer than three.

    Attributes
    ----------
    steps : int
    level : float
        Of their trend.
    spread : float
        Their standard deviation around the trend.
    batch_spread : float
        The standard deviation of batches' losses at the same weights: what the choice of rows, and dropout, explain. 0 where all
        rows make one batch.
    rises : float
        The share of steps whose loss is above the one before: 1/2 for noise around a level, 0 for a smooth descent.
    reversals : float
        The share of steps at which a fall follows a rise or a rise a fall: 2/3 for independent noise, 1 for a zigzag.
    spikes : float
        The share of steps far above the trend, and above twice its level.
    """

    steps: int
    level: float
    spread: float
    batch_spread: float
    rises: float
    reversals: float
    spikes: float

    @property
    def excess(self) -> float:
        """``spread`` over ``batch_spread``: about 1 if only batches differ, more if steps themselves move the loss."""
        return self.spread / self.batch_spread if self.batch_spread > 0 else math.nan


def step_swings(step_loss: np.ndarray, batch_losses: np.ndarray) -> StepSwings:
    """The swings of the last of a training's step losses; ``batch_losses`` are those of batches at the same weights.

    >>> zigzag = step_swings(np.array([1.0, 3.0] * 20), np.empty(0))
    >>> zigzag.rises > 0.5, zigzag.reversals, zigzag.spread
    (True, 1.0, 1.0)
    """
    last = step_loss[-_WINDOW:]
    batch_spread = float(batch_losses.std(ddof=1)) if len(batch_losses) > 1 else 0.0
    if len(last) < 3:
        return StepSwings(len(last), math.nan, math.nan, batch_spread, math.nan, math.nan, math.nan)
    x = np.arange(len(last), dtype=np.float64)
    line = trend(x, last)
    residuals = last - line.level - line.slope * (x - x.mean())
    changes = np.sign(np.diff(last))
    is_far = residuals > max(_SPIKE * line.spread, abs(line.level))
    return StepSwings(
        steps=len(last),
        level=line.level,
        spread=float(residuals.std()),
        batch_spread=batch_spread,
        rises=float((changes > 0).mean()),
        reversals=float((changes[1:] * changes[:-1] < 0).mean()),
        spikes=float(is_far.mean()),
    )
