"""Trial runs at constant learning rates: a walk downhill in steps of the rate, and the lowest point near its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lamina.analysis.learning_rate_runs import LearningRateRuns
from lamina.moments import mean_and_deviation
from lamina.text_table import text_table

__all__ = ["LearningRateTrials", "lowest_point", "run_trials", "walk"]

_FACTOR = 10 ** (1 / 3)  # from one rate to the next; finer steps found no better rates in benchmarks/learning_rates.py
_LAST_PART = 0.25  # of a trial, over which its loss is averaged
_CERTAIN = 2.0  # standard errors by which a loss must have fallen
_RUN_AWAY = 0.1  # how far above the start's loss a trial ends if its rate is too large, as a share of that loss


@dataclass(frozen=True, eq=False, slots=True)
class LearningRateTrials:
    """Losses at the end of short trainings at constant rates.

    Attributes
    ----------
    rates : ndarray of shape (m,)
        Ascending.
    losses : ndarray of shape (m,)
        Mean loss of each trial's last quarter of steps; infinite if a number was not finite.
    fell : ndarray of bool, shape (m,)
        Whether that is lower than the loss of the same batches at the weights of the start, by more than two standard errors.
    start_loss : float
        Mean loss of the same batches at the weights of the start.
    num_steps : int
        Steps of each trial.
    """

    rates: np.ndarray
    losses: np.ndarray
    fell: np.ndarray
    start_loss: float
    num_steps: int

    @property
    def best(self) -> int:
        """The position of the lowest loss among the rates below the first that ran away; of all if the lowest rate did."""
        count = _count_below_run_away(self.losses.tolist(), self.start_loss)
        return int(np.argmin(self.losses[:count] if count else self.losses))

    def __str__(self) -> str:
        table = text_table({"learning rate": self.rates.tolist(), "loss": self.losses.tolist()})
        return f"Trials of {self.num_steps} steps; at the start, the loss is {self.start_loss:.4g}:\n{table}"


def run_trials(runs: LearningRateRuns, untrained: np.ndarray, start: float, low: float, high: float) -> LearningRateTrials:
    """Walk from ``start``; there are as many steps a trial as losses of untrained batches."""
    num_steps = len(untrained)
    last = slice(num_steps - round(_LAST_PART * num_steps), num_steps)
    fell: dict[float, bool] = {}

    def loss_at(rate: float) -> float:
        losses = runs.losses(np.full(num_steps, rate))
        fell[rate] = len(losses) == num_steps and _has_fallen(untrained[last], losses[last])
        return float(losses[last].mean()) if len(losses) == num_steps else float("inf")

    start_loss = float(untrained[last].mean())
    losses = walk(loss_at, start, low, high, start_loss)
    rates = sorted(losses)
    found = np.array([losses[rate] for rate in rates])
    has_fallen = np.array([fell[rate] for rate in rates])
    return LearningRateTrials(np.array(rates), found, has_fallen, start_loss, num_steps)


def _has_fallen(before: np.ndarray, after: np.ndarray) -> bool:
    mean, deviation = mean_and_deviation(before - after)
    return bool(mean > _CERTAIN * deviation / np.sqrt(len(before) - 1))


def walk(
    loss_at: Callable[[float], float], start: float, low: float, high: float, start_loss: float = float("inf")
) -> dict[float, float]:
    """Losses of rates: of ``start`` and two lower ones, and then of those beyond the outermost while it is the best.

    Rates count up to the first at which the loss ran away: a larger one that did well did so by luck. While none of them has
    lowered ``start_loss``, the walk goes on both ways. No rate is below ``low`` or above ``high``, both of which may be tried.
    """
    tried = {rate: loss_at(rate) for rate in {max(low, start / _FACTOR**k) for k in range(3)}}
    while True:
        rates = sorted(tried)
        stable = rates[: _count_below_run_away([tried[rate] for rate in rates], start_loss)]
        helped = [rate for rate in stable if tried[rate] < start_loss]
        best = min(helped, key=lambda rate: tried[rate], default=None)
        further = [max(low, rates[0] / _FACTOR)] if best in (rates[0], None) else []
        further += [min(high, rates[-1] * _FACTOR)] if best == rates[-1] or (best is None and stable == rates) else []
        new = [rate for rate in further if rate not in tried]
        if not new:
            return tried
        tried |= {rate: loss_at(rate) for rate in new}


def _count_below_run_away(losses: Sequence[float], start_loss: float) -> int:
    """How many losses, by ascending rate, come before the first that ran away."""
    bound = start_loss + _RUN_AWAY * abs(start_loss)
    return next((k for k, loss in enumerate(losses) if loss == np.inf or loss > bound), len(losses))


def lowest_point(trials: LearningRateTrials) -> float:
    """The lowest point of a parabola, over the logarithm of the rate, through the best trial and its two neighbors.

    A loss above that of the start counts as that, because a run that diverged tells nothing of the curve. At an end of the
    rates tried, it is the best trial itself.
    """
    best = trials.best
    if not 0 < best < len(trials.rates) - 1:
        return float(trials.rates[best])
    near = slice(best - 1, best + 2)
    x, y = (
        np.log(trials.rates[near] / trials.rates[best]),
        np.minimum(trials.losses[near], trials.start_loss) - trials.losses[best],
    )
    rises = y[[0, 2]] / x[[0, 2]]  # y = curvature · x² + slope · x
    curvature = (rises[1] - rises[0]) / (x[2] - x[0])
    slope = rises[0] - curvature * x[0]
    shift = -slope / (2 * curvature) if curvature > 0 else 0.0
    return float(trials.rates[best] * np.exp(shift))
