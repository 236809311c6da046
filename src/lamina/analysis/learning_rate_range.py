"""Learning-rate range test (Smith 2017), and trials at constant rates near its result.

The curve of a range test alone suggests poorly: over the networks and optimizers of ``benchmarks/learning_rates.py``, no rule on
it (a part of the rate of the lowest loss, the steepest fall, the "valley") came close to the best rate in more than six of ten
cases. The best rate depends on how long one trains, which a curve of steps at growing rates cannot know. So the curve says where
to look, and short trainings decide.

Batches differ. All runs take the same ones, and a loss is compared with that of the same batch at the weights of the start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.analysis.learning_rate_runs import LearningRateRuns
from lamina.analysis.learning_rate_trials import LearningRateTrials, lowest_point, run_trials
from lamina.data_frame import to_data_frame
from lamina.door import serve
from lamina.errors import InvalidSettingError, NonFiniteError, phrase
from lamina.html import Printed
from lamina.optimizers import StepOptimizer
from lamina.training import Trainer
from lamina.validation import check_parameters, integer, number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["LearningRateRange", "learning_rate_range"]


@dataclass(frozen=True, eq=False, slots=True)
class LearningRateRange(Printed):
    """Losses against learning rates; see :func:`learning_rate_range`.

    Attributes
    ----------
    learning_rates, losses, smoothed : ndarray of shape (k,)
        One entry per step, up to the step at which the range test ended.
    diverged : bool
        Whether the range test ended because the loss grew or was not finite.
    suggestion : float or None
        The suggested rate, by ``rule``; None if it was not found, for the ``reason`` given.
    steepest : float or None
        The rate at which the smoothed loss fell fastest as a function of log rate; None if it never fell.
    lowest : float or None
        The rate at which the smoothed loss was lowest; None if it never fell.
    trials : LearningRateTrials
        The trials' ``rates``, their ``losses``, and the ``start_loss`` without them.
    reason : str
        Why there is no suggestion, or why to distrust it; "" if neither.
    rule : str
        How the suggestion is computed, in words.
    """

    learning_rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    diverged: bool
    suggestion: float | None
    steepest: float | None
    lowest: float | None
    trials: LearningRateTrials
    reason: str = ""
    rule: str = "the lowest point of a parabola through the best trial and its two neighbors"

    def to_frame(self) -> pd.DataFrame:
        """One row per step of the range test, as a pandas data frame."""
        columns = {name: getattr(self, name).tolist() for name in ("learning_rates", "losses", "smoothed")}
        return to_data_frame(columns, "LearningRateRange")

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw it; see :func:`lamina.plots.plot_learning_rate_range`. Needs the extra ``plot``."""
        axes: Axes = serve("LearningRateRange.plot", self, ax=ax)
        return axes

    def __str__(self) -> str:
        return f"{self._tested()}\n{self.trials}\n{self._answer()}"

    def _tested(self) -> str:
        low, high = self.learning_rates[0], self.learning_rates[-1]
        tested = f"{len(self.losses)} steps at learning rates {low:.2g} to {high:.2g}"
        tested += ", where the loss diverged" if self.diverged else ""
        if self.lowest is None or self.steepest is None:
            return f"{tested}: the smoothed loss never fell."
        return f"{tested}: the smoothed loss was lowest at {self.lowest:.2g} and fell fastest at {self.steepest:.2g}."

    def _answer(self) -> str:
        if self.suggestion is None:
            return f"not found: {self.reason}"
        answer = f"suggested {self.suggestion:.2g} for trainings of about {self.trials.num_steps} steps"
        return f"{answer}, but {self.reason}" if self.reason else f"{answer}: {self.rule}."


def learning_rate_range(
    trainer: Trainer,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    low: float = 1e-6,
    high: float = 10.0,
    num_steps: int = 200,
    smoothing: float = 0.9,
    runaway: float = 4.0,
    trial_steps: int = 400,
) -> LearningRateRange:
    """Train copies for a few steps while the learning rate grows, then at constant rates nearby, and suggest a rate.

    **Range test.** The rate grows geometrically from step to step. Each loss is compared with that of the same batch at the
    weights of the start, eₜ = lossₜ − startₜ, which is 0 at first whatever the batch. The test ends when the running mean
    m ← smoothing · m + (1 − smoothing) · eₜ exceeds its minimum by ``runaway`` times its decrease so far, or a number is not
    finite. The smoothed loss is the mean of all startₜ plus a mean of the e around the step, each weighted by smoothing to the
    power of its distance, so that it does not lag.

    **Trials.** From the same start and on the same batches, copies are trained for ``trial_steps`` steps at constant rates: at
    the rate of the lowest smoothed loss and two lower ones, each 10^⅓ times the next, and then further down or up for as long as
    the outermost is best. While no trial has lowered the loss, they go on both ways. A trial's loss is its mean over the last
    quarter of the steps; where one ends more than 10 % above the start, larger rates do not count, because only by luck do they
    end lower. The suggestion is the lowest point of a parabola, over log rate, through the best trial and its neighbors. It
    usually takes four to six trials.

    The best rate depends on the length of training: for much longer ones, raise ``trial_steps``. Schedules are left out. The
    trainer itself, its weights and its history do not change.

    Parameters
    ----------
    trainer : Trainer
        With the optimizer, batch size, clipping and penalties to use; all runs start from its current weights.
    X, y, sample_weight
        As for ``trainer.fit``.
    low, high : float, default=1e-6, 10
        The first and the last rate, 0 < low < high; trials stay between them, too.
    num_steps : int, default=200
        Number of steps of the range test, at least 10.
    smoothing : float, default=0.9
        How much less a step's neighbor weighs in the smoothed loss, in [0, 1).
    runaway : float, default=4
        Increase of the loss that ends the test, relative to its decrease so far; above 1. For a loss that has hardly fallen, a
        quarter of the first loss stands in for the decrease.
    trial_steps : int, default=400
        Number of steps of each trial, at least 20.

    Returns
    -------
    LearningRateRange

    Raises
    ------
    InvalidSettingError
        If a setting is out of range, the optimizer takes no steps along a gradient (L-BFGS, perturbed weights), or ``fit`` would
        refuse the batches (batch norm on one row).
    NonFiniteError
        If a loss is not finite before any training, or a number after one step at the rate ``low``.

    References
    ----------
    Smith, "Cyclical learning rates for training neural networks", 2017, section 3.3.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import Dense, Sequential, Trainer
    >>> X = np.random.default_rng(0).normal(size=(500, 10))
    >>> trainer = Trainer(Sequential([Dense(16, activation="relu"), Dense(1)]), "squared_error")
    >>> test = learning_rate_range(trainer, X, X[:, 0] * X[:, 1])
    >>> 1e-4 < test.suggestion < 1
    True
    """
    _check(trainer, low, high, num_steps, smoothing, runaway, trial_steps)
    runs = LearningRateRuns(trainer, X, y, sample_weight)
    untrained = runs.untrained_losses(max(num_steps, trial_steps))
    rates = np.geomspace(low, high, num_steps)
    losses = runs.losses(rates)
    if not len(losses):
        raise NonFiniteError(
            f"learning_rate_range: a number is not finite after one step at {low:g}. Lower `low`, or scale the data."
        )
    excess = losses - untrained[: len(losses)]
    end, ceiling = _end(excess, abs(float(untrained.mean())), smoothing, runaway)
    level = float(untrained[:num_steps].mean())
    smoothed = level + _smooth(np.minimum(excess[:end], ceiling), smoothing)
    steepest, lowest = _landmarks(rates[:end], smoothed, level)
    trials = run_trials(runs, untrained[:trial_steps], lowest or float(np.sqrt(low * high)), low, high)
    suggestion = lowest_point(trials) if trials.fell[trials.best] else None
    curve = (rates[:end], losses[:end], smoothed, end < num_steps)
    return LearningRateRange(*curve, suggestion, steepest, lowest, trials, _reason(trials, low, high))


def _check(trainer: Trainer, low: float, high: float, num_steps: int, smoothing: float, runaway: float, trial_steps: int) -> None:
    owner = "learning_rate_range"
    settings = {"low": low, "high": high, "num_steps": num_steps, "smoothing": smoothing, "runaway": runaway}
    rules = {
        "low": number(0, closed="neither"),
        "high": number(0, closed="neither"),
        "num_steps": integer(10),
        "smoothing": number(0, 1, "left"),
        "runaway": number(1, closed="neither"),
        "trial_steps": integer(20),
    }
    if not isinstance(trainer, Trainer):
        raise InvalidSettingError(phrase("trainer", "must be a Trainer", trainer, owner=owner))
    check_parameters(settings | {"trial_steps": trial_steps}, rules, owner=owner)
    if low >= high:
        raise InvalidSettingError(phrase("low", f"must be less than high ({high:g})", low, repair="Swap the two.", owner=owner))
    if not isinstance(trainer.optimizer, StepOptimizer):
        rule = "must use a learning rate for steps along a gradient"
        repair = "L-BFGS searches for its step lengths, and perturbed weights follow no gradient."
        raise InvalidSettingError(phrase("optimizer", rule, trainer.optimizer, repair=repair, owner=owner))


def _end(excess: np.ndarray, level: float, smoothing: float, runaway: float) -> tuple[int, float]:
    """Number of steps before the loss has run away, and the excess above which a step says no more than that it is large."""
    mean = least = 0.0
    ceiling = np.inf
    for step, value in enumerate(excess):
        # For a loss that has hardly fallen, a quarter of the first loss stands in for the fall.
        allowed = runaway * max(-least, 0.25 * level)
        ceiling = least + 3 * allowed  # one batch, however bad, is no verdict
        mean = smoothing * mean + (1 - smoothing) * min(value, ceiling)
        if mean > least + allowed:
            return step, ceiling
        least = min(least, mean)
    return len(excess), ceiling


def _smooth(values: np.ndarray, smoothing: float) -> np.ndarray:
    """Means weighted by smoothing^|distance|."""
    smoothed: np.ndarray = _weighted_sums(values, smoothing) / _weighted_sums(np.ones_like(values), smoothing)
    return smoothed


def _weighted_sums(terms: np.ndarray, smoothing: float) -> np.ndarray:
    """Sums weighted by smoothing^|distance|, by one pass in each direction."""
    before, after = terms.copy(), terms.copy()
    for step in range(1, len(terms)):
        before[step] += smoothing * before[step - 1]
        after[-1 - step] += smoothing * after[-step]
    sums: np.ndarray = before + after - terms
    return sums


def _landmarks(rates: np.ndarray, smoothed: np.ndarray, untrained: float) -> tuple[float | None, float | None]:
    """The rates of the steepest fall and of the lowest loss, if it fell."""
    lowest = int(np.argmin(smoothed)) if len(smoothed) else 0
    if lowest == 0 or smoothed[lowest] >= untrained:
        return None, None
    slopes = np.gradient(smoothed[: lowest + 1], np.log(rates[: lowest + 1]))
    return float(rates[int(np.argmin(slopes))]), float(rates[lowest])


def _reason(trials: LearningRateTrials, low: float, high: float) -> str:
    """Why there is no suggestion, or why to distrust it."""
    best = trials.rates[trials.best]
    if not np.isfinite(trials.losses).any():
        return "at every rate tried, a number became infinite or NaN. Lower `low`, or scale the data."
    if not trials.fell[trials.best]:
        tried = f"no rate tried lowered the loss within {trials.num_steps} steps. It may be as low as it gets"
        return f"{tried}; if not, try a wider range, more trial_steps or scaled data."
    if best == low:
        return "this is the lowest rate tested, and lower ones may be better: lower `low`."
    if best == high:
        return "this is the highest rate tested, and higher ones may be better: raise `high`."
    return ""
