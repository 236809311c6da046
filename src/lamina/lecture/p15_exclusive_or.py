"""P15: exclusive or: no line separates it, so a perceptron cannot learn it, but two layers can."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lamina.estimators import Perceptron
from lamina.initializers import Normal
from lamina.layers import Dense
from lamina.network import Sequential
from lamina.optimizers import Adam
from lamina.training import Trainer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ExclusiveOr", "compute", "draw"]

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([0, 1, 1, 0])
GRID = np.linspace(-0.5, 1.5, 161)


@dataclass(frozen=True, eq=False)
class ExclusiveOr:
    """Predictions of both models at every point of the grid.

    Attributes
    ----------
    perceptron : Perceptron
        Fitted.
    perceptron_map, network_map : ndarray of shape (m, m)
        The perceptron's class (0 or 1), and the network's probability of class 1.
    predictions : ndarray of shape (4,)
        The network's probabilities for the four rows.
    """

    perceptron: Perceptron
    perceptron_map: np.ndarray
    network_map: np.ndarray
    predictions: np.ndarray

    def __str__(self) -> str:
        network = ", ".join(f"{p:.3f}" for p in self.predictions)
        right = int((self.perceptron.predict(X) == Y).sum())
        return (
            f"perceptron: {right} of 4 rows right after {self.perceptron.n_iter_} epochs. {self.perceptron.separability_}\n"
            f"two layers: probabilities {network} for the rows 00, 01, 10, 11"
        )


def compute(*, seed: int = 0) -> ExclusiveOr:
    """Train a perceptron and a network with two tanh units in one hidden layer on the four rows."""
    perceptron = Perceptron(
        variant="pocket", weight_init=Normal(std=0.5), eta0=0.01, max_iter=200, tol=None, random_state=seed
    ).fit(X, Y)
    network = Sequential([Dense(2, activation="tanh"), Dense(1)], 2)
    trainer = Trainer(network, "sigmoid_cross_entropy", Adam(0.05), batch_size=None, seed=seed, dtype="float64")
    trainer.fit(X, Y, max_epochs=600)
    points = np.stack(np.meshgrid(GRID, GRID), axis=-1).reshape(-1, 2)
    shape = (len(GRID), len(GRID))
    maps = [values.reshape(shape) for values in (_thin_step(perceptron, points), trainer.predict(points))]
    return ExclusiveOr(perceptron, maps[0], maps[1], trainer.predict(X).ravel())


def _thin_step(perceptron: Perceptron, points: np.ndarray) -> np.ndarray:
    """The perceptron's 0 or 1, with a ramp narrower than the grid between them, which avoids a jagged edge."""
    distance = perceptron.decision_function(points) / np.linalg.norm(perceptron.coef_)
    return np.asarray(np.clip(0.5 + distance / (GRID[1] - GRID[0]), 0.0, 1.0))


def draw(result: ExclusiveOr) -> Figure:
    """Draw both maps side by side."""
    from lamina.plots import plot_decision_map
    from lamina.plots.style import axes_grid, figure_of, styled

    @styled
    def panels() -> Figure:
        left, right = axes_grid(1, 2, size=(9.8, 4.3), share_y=True)
        plot_decision_map(
            GRID, GRID, result.perceptron_map, X, Y, title="Perceptron: one line", color_bar=False, size=90, ax=left
        )
        plot_decision_map(GRID, GRID, result.network_map, X, Y, title="MLP with two hidden units: two lines", size=90, ax=right)
        right.set_ylabel("")
        left.legend(loc="upper center", ncols=2)
        return figure_of(left)

    return panels()
