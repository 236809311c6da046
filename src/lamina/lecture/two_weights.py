"""Shared code of P12 to P14: a network of one weight and one bias, trained from one start with different batch sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.layers import Dense
from lamina.network import Sequential
from lamina.optimizers import GradientDescent
from lamina.training import Callback, Run, Trainer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["TwoWeights", "draw_way", "train_two_weights"]

NUM_ROWS = 100
START = (-1.6, 2.3)
BOUNDS = ((-2.0, 3.0), (-2.5, 2.9))


@dataclass(frozen=True, eq=False)
class TwoWeights:
    """A training of two weights, step by step, and the loss over all rows.

    Attributes
    ----------
    batch_size : int
    num_epochs : int
    way : ndarray of shape (steps + 1, 2)
        Weight and bias at the start and after every step.
    loss : callable
        The loss over all rows at a point, ndarray of shape (2,): weight and bias.
    best : (float, float)
        Weight and bias of the lowest loss.
    losses : ndarray of shape (steps + 1,)
        Loss over all rows at every point of ``way``.
    least : float
        Loss over all rows at ``best``.
    """

    batch_size: int
    num_epochs: int
    way: np.ndarray
    loss: Callable[[np.ndarray], float]
    best: tuple[float, float]
    losses: np.ndarray
    least: float

    def __str__(self) -> str:
        rises = int((np.diff(self.losses) > 0).sum())
        distance = float(np.linalg.norm(self.way[-1] - self.best))
        return (
            f"batches of {self.batch_size}: {len(self.way) - 1} steps in {self.num_epochs} epochs, the loss over all rows "
            f"{self.losses[0]:.3f} → {self.losses[-1]:.4f} (minimum {self.least:.4f}); {rises} steps led uphill; "
            f"it ended {distance:.3f} from the minimum"
        )


class Footprints(Callback):
    """Records the weights after every step."""

    every_steps = 1

    def __init__(self) -> None:
        self.way: list[np.ndarray] = []

    def on_fit_begin(self, trainer: Run) -> None:
        self.way.append(trainer.executor.snapshot().parameters)

    def on_step_end(self, trainer: Run, losses: np.ndarray) -> None:
        self.way.append(trainer.executor.snapshot().parameters)


def train_two_weights(batch_size: int, learning_rate: float, num_epochs: int, *, seed: int = 0) -> TwoWeights:
    """Fit a line to 100 noisy rows by gradient descent, with batches of ``batch_size`` rows reshuffled every epoch."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-0.5, 2.0, size=(NUM_ROWS, 1))
    y = 1.5 * X - 0.8 + 0.6 * rng.normal(size=X.shape)
    footprints = Footprints()
    settings: Any = {"batch_size": batch_size, "seed": seed, "dtype": "float64", "callbacks": [footprints]}
    trainer = Trainer(Sequential([Dense(1)], 1), "squared_error", GradientDescent(learning_rate), **settings)
    trainer.executor.restore(parameters=np.array(START))
    trainer.fit(X, y, max_epochs=num_epochs)
    best = np.linalg.lstsq(np.column_stack([X, np.ones(NUM_ROWS)]), y[:, 0], rcond=None)[0]
    way = np.array(footprints.way)
    loss = partial(_loss, X[:, 0], y[:, 0])
    losses = np.array([loss(point) for point in way])
    return TwoWeights(batch_size, num_epochs, way, loss, (best[0], best[1]), losses, loss(best))


def _loss(x: np.ndarray, target: np.ndarray, point: np.ndarray) -> float:
    """½ (t − z)², averaged over all rows, with the weight and the bias of a point (2,)."""
    weight, bias = point
    return float(0.5 * ((target - weight * x - bias) ** 2).mean())


def draw_way(result: TwoWeights, title: str) -> Figure:
    """Draw the path over the contours of the loss."""
    from lamina.plots import plot_descent_paths
    from lamina.plots.style import axes_grid, figure_of, styled

    steps = len(result.way) - 1
    labels = ("weight w", "bias b", "loss over all rows, ½ (t − z)²")
    settings: Any = {"bounds": BOUNDS, "minima": (), "labels": labels, "log": True, "markers": steps <= 100, "legend": False}
    course = f"{result.num_epochs} epochs, {steps} steps: loss {result.losses[0]:.3f} → {result.losses[-1]:.3f}"
    marked = {
        "o": f"start {_name(result.way[0])}",
        "*": f"end {_name(result.way[-1])}",
        "x": f"minimum {_name(result.best)}: {result.least:.3f}",
    }

    @styled
    def panel() -> Figure:
        (ax,) = axes_grid(1, 1, size=(6.4, 5.6))
        plot_descent_paths(result.loss, {course: result.way}, title=title, ax=ax, **settings)
        ax.plot(*result.best, "x", color="white", markersize=9, markeredgewidth=2.2, zorder=3)
        for marker, label in marked.items():
            ax.plot([], [], marker, color="#666666", markersize=9, label=label)
        ax.set_aspect("equal")  # else the path would not look perpendicular to the contours
        figure_of(ax).legend(loc="outside lower center", ncols=2)
        return figure_of(ax)

    return panel()


def _name(point: Sequence[float] | np.ndarray) -> str:
    """Weight and bias, rounded."""
    return f"({point[0]:.2f}, {point[1]:.2f})".replace("-", "−")
