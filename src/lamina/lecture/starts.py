"""Shared code of the pictures of initial weights: one network on two half-moons, trained from several starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.initializers import Initializer
from lamina.layers import Dense
from lamina.lecture.counts import right_of
from lamina.network import Sequential
from lamina.optimizers import GradientDescent
from lamina.training import Callback, History, Trainer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Starts", "draw_starts", "train_from"]

EPOCHS = 600


@dataclass(frozen=True, eq=False)
class Starts:
    """One training from each start, and the resulting predictions.

    Attributes
    ----------
    X, y : ndarray of shape (n, 2), (n,)
        The training rows.
    histories : dict of str to History
        By name of the start.
    losses : dict of str to (float, float)
        Over all training rows, before training and after the last epoch.
    accuracies : dict of str to float
        After the last epoch, on the training rows.
    trainers : dict of str to Trainer
        Trained, by name of the start.
    """

    X: np.ndarray
    y: np.ndarray
    histories: Mapping[str, History]
    losses: Mapping[str, tuple[float, float]]
    accuracies: Mapping[str, float]
    trainers: Mapping[str, Trainer]

    def __str__(self) -> str:
        return "\n".join(self._line(start) for start in self.histories)

    def _line(self, start: str) -> str:
        before, after = self.losses[start]
        line = f"{start:18} loss {before:.4f} → {after:.4f}   {self.right(start)}"
        history = self.histories[start]
        if "dense_1_distinct" not in history.keys:
            return line
        return f"{line}   different units in the first layer: {history[-1, 'dense_1_distinct']}"

    def right(self, start: str) -> str:
        """How many training rows are right after the last epoch, in words."""
        return right_of(round(self.accuracies[start] * len(self.y)), len(self.y))


def train_from(starts: Mapping[str, str | Initializer], *, seed: int, callbacks: Sequence[Callback] = ()) -> Starts:
    """Train three layers for 600 epochs with batches of 32 rows, from each of the starts."""
    from sklearn.datasets import make_moons

    X, y = make_moons(300, noise=0.1, random_state=seed)
    histories, losses, accuracies, trainers = {}, {}, {}, {}
    for name, weight_init in starts.items():
        layers = [Dense(16, activation="tanh", weight_init=weight_init) for _ in range(2)]
        network = Sequential([*layers, Dense(1, weight_init=weight_init)], 2)
        settings: Any = {"batch_size": 32, "seed": seed, "callbacks": list(callbacks)}
        trainer = Trainer(network, "sigmoid_cross_entropy", GradientDescent(0.07), **settings)
        before = trainer.evaluate(X, y)["loss"]
        histories[name] = trainer.fit(X, y, max_epochs=EPOCHS)
        losses[name] = (before, trainer.evaluate(X, y)["loss"])
        accuracies[name] = float(np.mean((trainer.predict(X).ravel() > 0.5) == y))
        trainers[name] = trainer
    return Starts(X, y, histories, losses, accuracies, trainers)


def draw_starts(result: Starts, title: str) -> Figure:
    """Draw the losses over the epochs, and next to them the decision map of each start."""
    from lamina.plots import plot_decision_map, plot_loss_curves
    from lamina.plots.style import axes_grid, figure_of, styled

    @styled
    def panels() -> Figure:
        count = len(result.histories)
        axes = axes_grid(1, count + 1, size=(3.2 * (count + 1) + 0.4, 3.3))
        plot_loss_curves(result.histories, label="training loss (nats per example)", title=title, ax=axes[0])
        for i, (name, trainer) in enumerate(result.trainers.items(), 1):
            settings: Any = {"title": f"{name}: {result.right(name)}", "color_bar": i == count}
            plot_decision_map(trainer, result.X, result.y, ax=axes[i], **settings)
        return figure_of(axes[0])

    return panels()
