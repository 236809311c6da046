"""P6: dropout in training, where a mask drops units, and at test time, where all are active; and the mean over many masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lamina.engine.randomness import keep_mask
from lamina.layers import Dense, Dropout
from lamina.network import Sequential
from lamina.training import Trainer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["DropoutAtWork", "compute", "draw"]

WIDTHS = (3, 6, 6, 1)
RATES = (0.0, 0.5, 0.5, 0.0)
MASKS = 4000


@dataclass(frozen=True, eq=False)
class DropoutAtWork:
    """Masks of one training step, and one example's outputs.

    Attributes
    ----------
    keep : tuple of bool ndarray or None
        For each layer, the units that the mask of the step keeps.
    samples : ndarray of shape (k,)
        The output for one example, one number per mask.
    at_test_time : float
        The output of the whole network for that example.
    """

    keep: tuple[np.ndarray | None, ...]
    samples: np.ndarray
    at_test_time: float

    def __str__(self) -> str:
        mean, spread = self.samples.mean(), self.samples.std()
        return f"output over {len(self.samples):,} masks: {mean:.4f} ± {spread:.4f}; at test time: {self.at_test_time:.4f}"


def compute(*, seed: int = 0) -> DropoutAtWork:
    """Train a small network with dropout on a curved surface; then draw the masks of one step, and many for one example."""
    X = np.random.default_rng(seed).uniform(-1, 1, size=(500, WIDTHS[0]))
    y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2]
    hidden = [layer for width in WIDTHS[1:-1] for layer in (Dense(width, activation="tanh"), Dropout(0.5))]
    trainer = Trainer(Sequential([*hidden, Dense(1)], WIDTHS[0]), "squared_error", seed=seed)
    trainer.fit(X, y, max_epochs=200)
    example = np.array([[0.8, 0.6, 0.7]])
    # Every row of a batch has its own mask.
    (samples,) = trainer.executor.forward([np.repeat(example, MASKS, axis=0)], np.arange(MASKS), trainer.step)
    return DropoutAtWork(_masks(trainer, seed), samples.ravel().astype(np.float64), float(trainer.predict(example)[0, 0]))


def _masks(trainer: Trainer, seed: int) -> tuple[np.ndarray | None, ...]:
    """The units that the first row of the next step keeps, layer by layer."""
    ops = [(i, op) for i, op in enumerate(trainer.executor.program.ops) if op.kind == "dropout"]
    width = trainer.executor.program.widths
    masks = [keep_mask(1, width[op.output], op.settings[0], seed=seed, step=trainer.step, op=i)[0] for i, op in ops]
    return (None, *masks, None)


def draw(result: DropoutAtWork) -> Figure:
    """Draw the thinned network, the whole network, and the outputs over masks."""
    from lamina.plots import plot_dropout, plot_mask_distribution
    from lamina.plots.style import axes_grid, figure_of, styled

    @styled
    def panels() -> Figure:
        axes = axes_grid(1, 3, size=(9.8, 3.6))
        plot_dropout(WIDTHS, result.keep, RATES, axes=axes[:2])
        plot_mask_distribution(result.samples, result.at_test_time, ax=axes[2])
        return figure_of(axes[0])

    return panels()
