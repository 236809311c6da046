"""P15: exclusive or: no line separates it, so a perceptron cannot learn it, but two layers can."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lamina.estimators import Perceptron
from lamina.initializers import Normal
from lamina.layers import Dense
from lamina.lecture.counts import right_of
from lamina.network import Sequential
from lamina.optimizers import Adam
from lamina.training import Trainer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ExclusiveOr", "compute", "draw"]

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([0, 1, 1, 0])
GRID = np.linspace(-0.5, 1.5, 161)
STARTS = 8


@dataclass(frozen=True, eq=False)
class ExclusiveOr:
    """Both models.

    Attributes
    ----------
    perceptron : Perceptron
        Fitted.
    network : Trainer
        Trained.
    predictions : ndarray of shape (4,)
        The network's probabilities for the four rows.
    losses : ndarray of shape (STARTS,)
        The loss after training from each start; the network is the one of the lowest.
    num_solved : int
        From how many of the starts all four rows were learned.
    hidden : ndarray of shape (3, 2)
        The two weights and the bias of each hidden unit, a column each.
    """

    perceptron: Perceptron
    network: Trainer
    predictions: np.ndarray
    losses: np.ndarray
    num_solved: int
    hidden: np.ndarray

    @property
    def perceptron_right(self) -> str:
        """How many rows the perceptron has right, in words."""
        return right_of(int((self.perceptron.predict(X) == Y).sum()), len(Y))

    @property
    def network_right(self) -> str:
        """How many rows the network has right, in words."""
        return right_of(_num_right(self.predictions), len(Y))

    def __str__(self) -> str:
        network = ", ".join(f"{p:.3f}" for p in self.predictions)
        return (
            f"perceptron: {self.perceptron_right} after {self.perceptron.n_iter_} epochs. {self.perceptron.separability_}\n"
            f"two layers, best of {len(self.losses)} starts: {self.network_right}, "
            f"probabilities {network} for the rows 00, 01, 10, 11\n"
            f"From {self.num_solved} of the {len(self.losses)} starts, all four rows were learned."
        )


def compute(*, seed: int = 0) -> ExclusiveOr:
    """Train a perceptron on the four rows, and a network with two tanh units in one hidden layer from eight starts."""
    perceptron = Perceptron(
        variant="pocket", weight_init=Normal(std=0.5), eta0=0.01, max_iter=200, tol=None, random_state=seed
    ).fit(X, Y)
    trainers = [_train(int(start)) for start in np.random.SeedSequence(seed).generate_state(STARTS)]
    losses = np.array([trainer.evaluate(X, Y)["loss"] for trainer in trainers])
    best = trainers[losses.argmin()]
    num_solved = sum(_num_right(trainer.predict(X).ravel()) == len(Y) for trainer in trainers)
    hidden = np.vstack([best.weights["dense_1.weight"], best.weights["dense_1.bias"]])
    return ExclusiveOr(perceptron, best, best.predict(X).ravel(), losses, num_solved, hidden)


def _train(seed: int) -> Trainer:
    """Train two tanh units and an output from one start."""
    network = Sequential([Dense(2, activation="tanh"), Dense(1)], 2)
    trainer = Trainer(network, "sigmoid_cross_entropy", Adam(0.05), batch_size=None, seed=seed, dtype="float64")
    trainer.fit(X, Y, max_epochs=600)
    return trainer


def _num_right(probabilities: np.ndarray) -> int:
    return int(((probabilities > 0.5) == Y).sum())


def draw(result: ExclusiveOr) -> Figure:
    """Draw both maps side by side."""
    from lamina.plots import plot_decision_map
    from lamina.plots.legends import legend_below
    from lamina.plots.style import axes_grid, figure_of, styled

    @styled
    def panels() -> Figure:
        left, right = axes_grid(1, 2, size=(9.8, 4.3), share_y=True)
        plot_decision_map(result.perceptron, X, Y, title=f"Perceptron: {result.perceptron_right}", size=90, ax=left)
        title = f"Two hidden units, best of {len(result.losses)} starts: {result.network_right}"
        plot_decision_map(result.network, X, Y, title=title, size=90, ax=right)
        for w1, w2, bias in result.hidden.T:
            weighted_sum = w1 * GRID + w2 * GRID[:, np.newaxis] + bias
            right.contour(GRID, GRID, weighted_sum, levels=[0.0], colors="#444444", linestyles=":", linewidths=1.6)
        right.plot([], [], color="#444444", linestyle=":", linewidth=1.6, label="hidden units")
        right.set_ylabel("")
        wrong = X[result.perceptron.predict(X) != Y]
        left.scatter(wrong[:, 0], wrong[:, 1], s=330, facecolor="none", edgecolor="black", linewidth=1.4, label="wrong", zorder=4)
        for ax in (left, right):
            legend_below(ax)
        return figure_of(left)

    return panels()
