"""P4: the learning rate: too small, good, too large, diverging."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.layers import Dense
from lamina.network import Sequential
from lamina.optimizers import GradientDescent
from lamina.training import Callback, History, Trainer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["LearningRates", "compute", "draw"]

EPOCHS = 150
BATCH_SIZE = 50
# Between "too large" and "diverging" there is room: with the same rows in one batch, the border is so thin that the seed decides.
RATES: Mapping[str, float] = {"too small": 0.002, "good": 0.2, "too large": 0.9, "diverging": 1.8}
LIMIT = 1e4
LAST = 50  # epochs over which the end of a training is judged


@dataclass(frozen=True)
class LearningRates:
    """One training per learning rate.

    Attributes
    ----------
    histories : dict of str to History
        By the label of the rate.
    """

    histories: Mapping[str, History]

    def __str__(self) -> str:
        return "\n".join(self._line(name, history) for name, history in self.histories.items())

    def _line(self, name: str, history: History) -> str:
        course = f"{name:9}  rate {RATES[name]:<6g} loss {history[0, 'loss']:.3f} in the first epoch → {history[-1, 'loss']:.4g}"
        if len(history) < EPOCHS:
            return f"{course}, stopped after epoch {len(history)}"
        last = history[-LAST:, "loss"]
        return f"{course}; in the last {LAST} epochs from {min(last):.4f} to {max(last):.4f}"


class StopWhenLost(Callback):
    """Stops a training whose loss has left the visible range."""

    def on_epoch_end(self, trainer: Any, record: Mapping[str, Any]) -> None:
        if record["loss"] > LIMIT:
            trainer.stop("callback", f"The loss exceeded {LIMIT:g}.")


def compute(*, seed: int = 0) -> LearningRates:
    """Fit the product of two inputs by gradient descent in batches of 50 rows, from the same weights with four rates."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, size=(200, 2))
    y = 2 * X[:, 0] * X[:, 1] + 0.1 * rng.normal(size=200)
    settings: Any = {"batch_size": BATCH_SIZE, "seed": seed, "dtype": "float64"}
    histories = {}
    for name, rate in RATES.items():
        network = Sequential([Dense(20, activation="tanh"), Dense(1)], 2)
        trainer = Trainer(network, "squared_error", GradientDescent(rate), callbacks=[StopWhenLost()], **settings)
        histories[name] = trainer.fit(X, y, max_epochs=EPOCHS)
    return LearningRates(histories)


def draw(result: LearningRates) -> Figure:
    """Draw the four losses over the epochs."""
    from lamina.plots import plot_loss_curves
    from lamina.plots.style import figure_of

    named = {}
    for name, history in result.histories.items():
        left = f", lost in epoch {len(history)}" if len(history) < EPOCHS else ""
        named[f"{name}: {RATES[name]:g}{left}"] = history
    title = "One network, one start, four learning rates"
    ax = plot_loss_curves(named, label="training loss, ½ (t − z)²", log=True, title=title)
    ax.set(ylim=(None, 100), xlim=(0, EPOCHS))
    return figure_of(ax)
