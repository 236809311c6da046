"""Shared code of the pictures of layer outputs: a deep tanh network on digits, observed for four epochs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.analysis import LayerOutputs, layer_outputs
from lamina.data import load_digits
from lamina.initializers import Initializer
from lamina.layers import Dense
from lamina.lecture.counts import percent_of, right_of
from lamina.network import Sequential
from lamina.optimizers import GradientDescent
from lamina.training import Trainer

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["LayerDensities", "densities_from", "draw_densities"]

EPOCHS = 4
HIDDEN = 5
_SHOWN_ROWS = 500


@dataclass(frozen=True, eq=False)
class LayerDensities:
    """Outputs of every layer before training and after each epoch.

    Attributes
    ----------
    outputs : dict of str to LayerOutputs
        For images of the test set, by stage of training.
    accuracies : dict of str to float
        On the whole test set, by stage of training.
    num_test_rows : int
    data : str
        Description of the data set.
    num_inputs : int
    """

    outputs: Mapping[str, LayerOutputs]
    accuracies: Mapping[str, float]
    num_test_rows: int
    data: str
    num_inputs: int

    def __str__(self) -> str:
        num_right = {moment: round(accuracy * self.num_test_rows) for moment, accuracy in self.accuracies.items()}
        course = ", ".join(f"{moment} {percent_of(num, self.num_test_rows)}" for moment, num in num_right.items())
        return f"{self.data}\ntest images right: {course}\n" + "\n".join(
            f"outputs beyond ±0.95, {moment}: {self._extreme(self.outputs[moment])}" for moment in ("before", f"epoch {EPOCHS}")
        )

    def _extreme(self, outputs: LayerOutputs) -> str:
        """The share of saturated outputs of each hidden layer, in words."""
        hidden = list(outputs.outputs)[:-1]
        counts = [(int((np.abs(outputs[name]) > 0.95).sum()), outputs[name].size) for name in hidden]
        return ", ".join(f"{name} {percent_of(*count)}" for name, count in zip(hidden, counts, strict=True))

    @property
    def right_at_the_end(self) -> str:
        """How many test images are right after the last epoch, in words."""
        return right_of(round(list(self.accuracies.values())[-1] * self.num_test_rows), self.num_test_rows)


def densities_from(weight_init: str | Initializer, *, seed: int) -> LayerDensities:
    """Train five layers of 100 tanh units and a softmax over ten digits for four epochs of gradient descent."""
    digits = load_digits()
    hidden = [Dense(100, activation="tanh", weight_init=weight_init, name=f"layer {i + 1}") for i in range(HIDDEN)]
    network = Sequential([*hidden, Dense(10, weight_init=weight_init, name="output")], digits.train_images.shape[1])
    trainer = Trainer(network, "softmax_cross_entropy", GradientDescent(0.05), batch_size=32, seed=seed)
    outputs, accuracies = {}, {}
    for epoch in range(EPOCHS + 1):
        if epoch:
            trainer.fit(digits.train_images, digits.train_labels, max_epochs=1)
        moment = f"epoch {epoch}" if epoch else "before"
        outputs[moment] = layer_outputs(trainer, digits.test_images[:_SHOWN_ROWS])
        predicted = trainer.predict(digits.test_images).argmax(axis=1)
        accuracies[moment] = float(np.mean(predicted == digits.test_labels))
    return LayerDensities(outputs, accuracies, len(digits.test_labels), str(digits), digits.train_images.shape[1])


def draw_densities(result: LayerDensities, start: str) -> Figure:
    """Draw the network, and below it one panel per layer, with one line per stage of training."""
    from lamina.plots import plot_densities
    from lamina.plots.style import styled

    layers = list(next(iter(result.outputs.values())).outputs)
    name = result.data.partition(":")[0]
    title = f"{name}, {start}: density of every layer's output (test images after {EPOCHS} epochs: {result.right_at_the_end})"

    @styled
    def panels() -> Figure:
        import matplotlib.pyplot as plt

        figure = plt.figure(figsize=(9.8, 6.6), layout="constrained")
        rows: Any = [["network"] * 3, layers[:3], layers[3:]]
        axes = figure.subplot_mosaic(rows, height_ratios=(0.25, 1, 1))
        _draw_network(axes["network"], result)
        plot_densities(result.outputs, ranges=dict.fromkeys(layers[:-1], (-1.0, 1.0)), axes=[axes[layer] for layer in layers])
        axes[layers[-1]].set_xlabel("sum, before the softmax")
        figure.suptitle(title, x=0.01, ha="left", fontsize=12)
        return figure

    return panels()


def _draw_network(ax: Axes, result: LayerDensities) -> None:
    """Draw a box for the inputs and for each layer, and arrows between them."""
    *hidden, output = ((name, values.shape[1]) for name, values in result.outputs["before"].outputs.items())
    texts = [f"inputs\n{result.num_inputs}", *(f"{name}\n{width} tanh" for name, width in hidden), f"output\n{output[1]} softmax"]
    for i, text in enumerate(texts):
        box: Any = {"boxstyle": "round", "facecolor": "#EAF3FA", "edgecolor": "#0072B2"}
        ax.text(i, 0, text, ha="center", va="center", fontsize=10, bbox=box)
        if i:
            ax.annotate("", (i - 0.36, 0), (i - 0.64, 0), arrowprops={"arrowstyle": "->", "color": "#666666"})
    ax.set(xlim=(-0.5, len(texts) - 0.5), ylim=(-1, 1))
    ax.set_axis_off()
