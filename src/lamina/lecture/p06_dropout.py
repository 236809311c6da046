"""P6: dropout in training, where a mask drops units, and at test time, where all are active; and the mean over the masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lamina.analysis import layer_outputs
from lamina.layers import Dense, Dropout
from lamina.network import Sequential
from lamina.training import Trainer

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["DropoutAtWork", "TwoInputs", "compute", "draw"]

RATE = 0.5
WIDTHS = (3, 6, 6, 1)
RATES = (0.0, RATE, RATE, 0.0)
MASKS = 4000
# The slide's unit: y = w1 x1 + w2 x2, with each input dropped at rate 1/2.
WEIGHTS = (1.0, 0.5)
INPUTS = (1.0, 1.0)


@dataclass(frozen=True, eq=False)
class TwoInputs:
    """All masks of one linear unit with two inputs.

    Attributes
    ----------
    masks : ndarray of shape (4, 2)
        1 where an input is kept.
    outputs : ndarray of shape (4,)
        The output with each mask where kept inputs count once, as in the lecture.
    at_test_time : float
        The output of Lamina's network, in which kept inputs count twice in training and nothing is scaled at test time.
    """

    masks: np.ndarray
    outputs: np.ndarray
    at_test_time: float

    @property
    def lamina_outputs(self) -> np.ndarray:
        """The output with each mask where kept inputs count 1 / (1 − rate) times, as in Lamina."""
        return np.asarray(self.outputs / (1 - RATE))

    def __str__(self) -> str:
        x, w = INPUTS, WEIGHTS
        whole = w[0] * x[0] + w[1] * x[1]
        return (
            f"w1 x1 + w2 x2 = {whole:g}, rate {RATE:g}: mean over the four masks {self.outputs.mean():g}; the lecture scales by "
            f"{1 - RATE:g} at test time and gets {(1 - RATE) * whole:g}. Lamina scales by {1 / (1 - RATE):g} in training: mean "
            f"{self.lamina_outputs.mean():g}, at test time {self.at_test_time:g}."
        )


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
    two_inputs : TwoInputs
        The lecture's example.
    """

    keep: tuple[np.ndarray | None, ...]
    samples: np.ndarray
    at_test_time: float
    two_inputs: TwoInputs

    def __str__(self) -> str:
        mean, spread = self.samples.mean(), self.samples.std()
        masks = f"output over {len(self.samples):,} masks: {mean:.4f} ± {spread:.4f}; at test time: {self.at_test_time:.4f}"
        return f"{masks}\n{self.two_inputs}"


def compute(*, seed: int = 0) -> DropoutAtWork:
    """Train a small network with dropout on a curved surface; then draw the masks of one step, and many for one example."""
    X = np.random.default_rng(seed).uniform(-1, 1, size=(500, WIDTHS[0]))
    y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2]
    hidden = [layer for width in WIDTHS[1:-1] for layer in (Dense(width, activation="tanh"), Dropout(RATE))]
    trainer = Trainer(Sequential([*hidden, Dense(1)], WIDTHS[0]), "squared_error", seed=seed)
    trainer.fit(X, y, max_epochs=200)
    example = np.array([[0.8, 0.6, 0.7]])
    # Every row of a batch has its own mask.
    (samples,) = trainer.executor.forward([np.repeat(example, MASKS, axis=0)], np.arange(MASKS), trainer.step)
    at_test_time = float(trainer.predict(example)[0, 0])
    return DropoutAtWork(_masks(trainer, example), samples.ravel().astype(np.float64), at_test_time, two_inputs())


def two_inputs() -> TwoInputs:
    """Compute the output with each of the four masks, and the network's own output at test time."""
    masks = np.array([[1, 1], [1, 0], [0, 1], [0, 0]])
    trainer = Trainer(Sequential([Dropout(RATE), Dense(1)], 2), "squared_error", dtype="float64").build()
    trainer.weights = {"dense_1.weight": np.reshape(WEIGHTS, (2, 1)), "dense_1.bias": [0.0]}
    outputs = masks @ (np.array(WEIGHTS) * INPUTS)
    return TwoInputs(masks, outputs, float(trainer.predict([INPUTS])[0, 0]))


def _masks(trainer: Trainer, example: np.ndarray) -> tuple[np.ndarray | None, ...]:
    """The units that the next step keeps for an example, layer by layer; no unit is 0 by itself."""
    outputs = layer_outputs(trainer, example, training=True, step=trainer.step).outputs
    masks = [output[0] != 0 for name, output in outputs.items() if name.startswith("dropout")]
    return (None, *masks, None)


def draw(result: DropoutAtWork) -> Figure:
    """Draw the thinned network, the whole network, the outputs over masks, and the lecture's example."""
    from lamina.plots import plot_dropout, plot_mask_distribution
    from lamina.plots.style import axes_grid, figure_of, styled

    @styled
    def panels() -> Figure:
        axes = axes_grid(2, 2, size=(9.8, 7.4))
        plot_dropout(WIDTHS, result.keep, RATES, axes=axes[:2])
        plot_mask_distribution(result.samples, result.at_test_time, ax=axes[2])
        _draw_two_inputs(axes[3], result.two_inputs)
        return figure_of(axes[0])

    return panels()


def _draw_two_inputs(ax: Axes, result: TwoInputs) -> None:
    """Draw the output with each mask as a pair of bars, and both means."""
    from lamina.plots.legends import legend_below
    from lamina.plots.style import COLORS

    places = np.arange(len(result.masks))
    for shift, outputs, color, style, where in (
        (-0.2, result.outputs, COLORS["orange"], "--", "lecture: kept × 1"),
        (0.2, result.lamina_outputs, COLORS["blue"], "-", f"Lamina: kept × {1 / (1 - RATE):g}"),
    ):
        ax.bar(places + shift, outputs, width=0.36, color=color, label=where)
        ax.axhline(outputs.mean(), color=color, linestyle=style, label=f"its mean, as at test time: {outputs.mean():g}")
    names = ["x1 and x2", "x1 only", "x2 only", "none"]
    ax.set_xticks(places, names)
    ax.set(xlabel="kept inputs, each case with probability 1/4", ylabel="y = w1 x1 + w2 x2")
    w, x = (", ".join(f"{number:g}" for number in numbers) for numbers in (WEIGHTS, INPUTS))
    ax.set_title(f"Two inputs, w = ({w}), x = ({x})")
    handles, labels = ax.get_legend_handles_labels()
    order = (2, 0, 3, 1)  # each bar beside its mean
    legend_below(ax, [handles[i] for i in order], [labels[i] for i in order], fontsize=9)
