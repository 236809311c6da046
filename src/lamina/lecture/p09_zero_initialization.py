"""P9: a net whose weights all begin at zero learns nothing in 600 epochs; the same net with random weights learns at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lamina.layers import Dense
from lamina.network import Sequential
from lamina.optimizers import Momentum
from lamina.training import History, Trainer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ZeroInitialization", "compute", "draw"]

EPOCHS = 600
STARTS: Mapping[str, str] = {"all weights zero": "zeros", "Xavier": "xavier"}


@dataclass(frozen=True)
class ZeroInitialization:
    """The course of one training from each start.

    Attributes
    ----------
    histories : dict of str to History
        By the name of the start.
    accuracies : dict of str to float
        After the last epoch, on the training rows.
    """

    histories: Mapping[str, History]
    accuracies: Mapping[str, float]

    def __str__(self) -> str:
        lines = [
            f"{start:17} loss {history[0, 'loss']:.4f} → {history[-1, 'loss']:.4f}   accuracy {self.accuracies[start]:.1%}"
            for start, history in self.histories.items()
        ]
        return "\n".join(lines)


def compute(*, seed: int = 0) -> ZeroInitialization:
    """Train three layers of tanh units on two half-moons, 600 steps over all rows, from zero weights and from Xavier's."""
    from sklearn.datasets import make_moons

    X, y = make_moons(300, noise=0.15, random_state=seed)
    histories, accuracies = {}, {}
    for start, weight_init in STARTS.items():
        layers = [Dense(16, activation="tanh", weight_init=weight_init) for _ in range(2)]
        network = Sequential([*layers, Dense(1, weight_init=weight_init)])
        trainer = Trainer(network, "sigmoid_cross_entropy", Momentum(0.1), batch_size=None, seed=seed)
        histories[start] = trainer.fit(X, y, max_epochs=EPOCHS)
        accuracies[start] = float(np.mean((trainer.predict(X).ravel() > 0.5) == y))
    return ZeroInitialization(histories, accuracies)


def draw(result: ZeroInitialization) -> Figure:
    """Both losses over the epochs."""
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(layout="constrained")
    for start, history in result.histories.items():
        ax.plot(history[:, "epoch"], history[:, "loss"], label=f"{start} (accuracy {result.accuracies[start]:.0%})")
    ax.set(xlabel="epoch", ylabel="training loss (nats)", title="Zero weights never part", ylim=(0, None))
    ax.legend(frameon=False)
    return figure
