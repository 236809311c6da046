"""Learning-rate range test: the loss while the learning rate grows from step to step (Smith 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.data_frame import to_data_frame
from lamina.door import serve
from lamina.engine import permutation
from lamina.engine.plan import Batches, StepValues
from lamina.errors import InvalidSettingError, NonFiniteError, phrase
from lamina.html import Printed
from lamina.optimizers import StepOptimizer
from lamina.training import Trainer
from lamina.training.batches import input_widths
from lamina.training.weighted_network import WeightedNetwork
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
        One entry per step, up to the step at which the test ended.
    diverged : bool
        Whether the test ended because the loss grew or was not finite.
    suggestion : float
        The suggested initial rate, by ``rule``; NaN if no rate lowered the loss.
    steepest : float
        The rate at which the smoothed loss fell fastest as a function of log rate; NaN if no rate lowered the loss.
    lowest : float
        The rate at which the smoothed loss was lowest; beyond it, training gets worse.
    rule : str
        How the suggestion is computed, in words.
    """

    learning_rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    diverged: bool
    suggestion: float
    steepest: float
    lowest: float
    rule: str = "a tenth of the rate at which the smoothed loss was lowest"

    def to_frame(self) -> pd.DataFrame:
        """One row per step, as a pandas data frame."""
        columns = {name: getattr(self, name).tolist() for name in ("learning_rates", "losses", "smoothed")}
        return to_data_frame(columns, "LearningRateRange")

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw it; see :func:`lamina.plots.plot_learning_rate_range`. Needs the extra ``plot``."""
        axes: Axes = serve("LearningRateRange.plot", self, ax=ax)
        return axes

    def __str__(self) -> str:
        low, high = self.learning_rates[0], self.learning_rates[-1]
        tested = f"{len(self.losses)} steps, learning rates {low:.2g} to {high:.2g}"
        tested += ", where the loss diverged" if self.diverged else ""
        if np.isnan(self.suggestion):
            return f"{tested}: no rate lowered the loss. Try more steps, scaled data or different initial weights."
        return f"{tested}: suggested {self.suggestion:.2g} ({self.rule}, {self.lowest:.2g}); steepest at {self.steepest:.2g}."


def learning_rate_range(
    trainer: Trainer,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    low: float = 1e-6,
    high: float = 10.0,
    num_steps: int = 200,
    smoothing: float = 0.95,
    runaway: float = 4.0,
) -> LearningRateRange:
    """Train a copy for a few steps while the learning rate grows geometrically, and suggest a rate.

    The loss of each step is smoothed, m ← smoothing · m + (1 − smoothing) · loss, divided by 1 − smoothingᵗ. The test ends when
    the smoothed loss exceeds its minimum by ``runaway`` times its decrease so far, or a number is not finite. The suggestion is a
    tenth of the rate of the lowest smoothed loss. The trainer itself, its weights and its history do not change.

    Parameters
    ----------
    trainer : Trainer
        With the optimizer, batch size, clipping and penalties to use; the test starts from its current weights.
    X, y, sample_weight
        As for ``trainer.fit``.
    low, high : float, default=1e-6, 10
        The first and the last rate, 0 < low < high.
    num_steps : int, default=200
        Number of steps, at least 10.
    smoothing : float, default=0.95
        Weight of the previous average, in [0, 1).
    runaway : float, default=4
        Increase of the loss that ends the test, relative to its decrease so far; above 1.

    Returns
    -------
    LearningRateRange

    Raises
    ------
    InvalidSettingError
        If a setting is out of range, or the optimizer takes no steps (L-BFGS).
    NonFiniteError
        If the first loss is not finite.

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
    >>> 1e-4 < test.suggestion < 1e-1
    True
    """
    _check(trainer, low, high, num_steps, smoothing, runaway)
    model, data = _copy(trainer, X, y, sample_weight)
    rates = np.geomspace(low, high, num_steps)
    size = min(trainer.batch_size or data.num_rows, data.num_rows)
    order = _order(data.num_rows, num_steps * size, trainer.seed)
    result = model.stepper.train(data, order, size, trainer.step, StepValues(rates))
    if not len(result.losses):
        raise NonFiniteError("learning_rate_range: the first loss is not finite. Scale the data, or start from other weights.")
    smoothed = _smooth(result.losses, smoothing)
    end = _end(smoothed, runaway)
    diverged = end < len(smoothed) or result.failure is not None
    steepest, lowest = _landmarks(rates[:end], smoothed[:end], warm_up=round(1 / (1 - smoothing)))
    suggestion = lowest / 10 if smoothed[:end].min() < smoothed[0] else float("nan")
    return LearningRateRange(rates[:end], result.losses[:end], smoothed[:end], diverged, suggestion, steepest, lowest)


def _check(trainer: Trainer, low: float, high: float, num_steps: int, smoothing: float, runaway: float) -> None:
    owner = "learning_rate_range"
    settings = {"low": low, "high": high, "num_steps": num_steps, "smoothing": smoothing, "runaway": runaway}
    rules = {
        "low": number(0, closed="neither"),
        "high": number(0, closed="neither"),
        "num_steps": integer(10),
        "smoothing": number(0, 1, "left"),
        "runaway": number(1, closed="neither"),
    }
    if not isinstance(trainer, Trainer):
        raise InvalidSettingError(phrase("trainer", "must be a Trainer", trainer, owner=owner))
    check_parameters(settings, rules, owner=owner)
    if low >= high:
        raise InvalidSettingError(phrase("low", f"must be less than high ({high:g})", low, repair="Swap the two.", owner=owner))
    if not isinstance(trainer.optimizer, StepOptimizer):
        repair = "L-BFGS finds its step lengths by line search."
        raise InvalidSettingError(phrase("optimizer", "must use a learning rate", trainer.optimizer, repair=repair, owner=owner))


def _copy(trainer: Trainer, X: Any, y: Any, sample_weight: Any) -> tuple[WeightedNetwork, Batches]:
    """A copy of the trainer's model with its own weights, ready to train, and the data."""
    network = trainer.network
    network = network if network.is_built else network.build(input_widths(X, network.input_names))
    settings = (trainer.dtype, trainer.engine, trainer.n_threads, trainer.seed)
    model = WeightedNetwork(network, trainer.losses, trainer.loss_weights, {}, *settings)
    model.configure(trainer.settings.plan(), trainer.optimizer)
    if trainer.network.is_built:
        model.executor.restore(*trainer.executor.snapshot())
    return model, model.batches(X, y, sample_weight)


def _order(num_rows: int, count: int, seed: int) -> np.ndarray:
    """Row numbers for all steps of the test, from one shuffle after the other."""
    shuffles = [permutation(num_rows, seed=seed, epoch=epoch) for epoch in range(-(-count // num_rows))]
    return np.concatenate(shuffles)[:count]


def _smooth(losses: np.ndarray, smoothing: float) -> np.ndarray:
    """Exponential moving average, corrected for its start at 0."""
    mean, smoothed = 0.0, np.empty_like(losses)
    for t, loss in enumerate(losses, start=1):
        mean = smoothing * mean + (1 - smoothing) * loss
        smoothed[t - 1] = mean / (1 - smoothing**t)
    return smoothed


def _end(smoothed: np.ndarray, runaway: float) -> int:
    """Number of steps before the loss has diverged."""
    least = np.minimum.accumulate(smoothed)
    # For a loss that has hardly fallen, a quarter of the first loss stands in for the fall.
    fall = np.maximum(smoothed[0] - least, 0.25 * np.abs(smoothed[0]))
    away = np.flatnonzero(smoothed > least + runaway * fall)
    return int(away[0]) if len(away) else len(smoothed)


def _landmarks(rates: np.ndarray, smoothed: np.ndarray, warm_up: int) -> tuple[float, float]:
    """The rates of the steepest fall and of the lowest loss; the first steps are left out, where the average is too noisy."""
    lowest = int(np.argmin(smoothed))
    if lowest == 0:
        return float("nan"), float(rates[0])
    slopes = np.gradient(smoothed[: lowest + 1], np.log(rates[: lowest + 1]))
    first = min(warm_up, lowest)
    return float(rates[first + int(np.argmin(slopes[first:]))]), float(rates[lowest])
