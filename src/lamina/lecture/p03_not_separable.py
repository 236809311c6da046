"""P3: two classes that no line separates, a proof of that, and a perceptron's accuracy, which rises and falls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lamina.estimators import Perceptron
from lamina.lecture.counts import right_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["NotSeparable", "compute", "draw"]

NUM_ROWS = 80
EPOCHS = 50
MEAN_OVER = 5


@dataclass(frozen=True, eq=False)
class NotSeparable:
    """The rows and the fitted perceptron.

    Attributes
    ----------
    X : ndarray of shape (n, 2)
    y : ndarray of shape (n,)
    model : Perceptron
        Fitted.
    """

    X: np.ndarray
    y: np.ndarray
    model: Perceptron

    def __str__(self) -> str:
        history = self.model.history_
        accuracies = history[-1, "accuracy"], max(history[:, "accuracy"]), history[-1, "kept_accuracy"]
        present, best, kept = (round(accuracy * len(self.y)) for accuracy in accuracies)
        return (
            f"{self.model.separability_}\n"
            f"After {len(history)} epochs: {right_of(present, len(self.y))} in training, {best} after the best epoch, "
            f"{kept} with the kept (pocket) weights."
        )


def compute(*, seed: int = 0) -> NotSeparable:
    """Draw two overlapping clouds and train for 50 epochs; the perceptron never converges."""
    rng = np.random.default_rng(seed)
    X, y = _clouds(rng, NUM_ROWS)
    X_test, y_test = _clouds(rng, 1000)
    model = Perceptron(variant="pocket", max_iter=EPOCHS, tol=None, random_state=seed)
    model.fit(X, y, X_val=X_test, y_val=y_test)
    return NotSeparable(X, y, model)


def _clouds(rng: np.random.Generator, num_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Half of the rows around (−1, −0.5), half around (1, 0.5)."""
    y = np.arange(num_rows) % 2
    return rng.normal(size=(num_rows, 2)) + np.array([1.0, 0.5]) * (2 * y[:, np.newaxis] - 1), y


def draw(result: NotSeparable) -> Figure:
    """Draw the rows with the proof, and the accuracies."""
    from lamina.plots import plot_accuracy_curves, plot_separability
    from lamina.plots.style import axes_grid, figure_of, styled

    model = result.model

    @styled
    def panels() -> Figure:
        left, right = axes_grid(1, 2, size=(9.8, 4.2))
        plot_separability(model, result.X, result.y, ax=left)
        plot_accuracy_curves(
            model.history_, mean_over=MEAN_OVER, title="Accuracy rises and falls; the pocket keeps the best", ax=right
        )
        return figure_of(left)

    return panels()
