"""Shared code of the pictures of layer outputs: a deep tanh network on digits, observed for four epochs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lamina.analysis import LayerOutputs, layer_outputs
from lamina.data import load_digits
from lamina.initializers import Initializer
from lamina.layers import Dense
from lamina.network import Sequential
from lamina.optimizers import GradientDescent
from lamina.training import Trainer

if TYPE_CHECKING:
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
    data : str
        Description of the data set.
    """

    outputs: Mapping[str, LayerOutputs]
    accuracies: Mapping[str, float]
    data: str

    def __str__(self) -> str:
        course = ", ".join(f"{moment} {accuracy:.1%}" for moment, accuracy in self.accuracies.items())
        last = list(self.outputs.values())[-1]
        extreme = ", ".join(f"{name} {np.mean(np.abs(last[name]) > 0.95):.0%}" for name in list(last.outputs)[:-1])
        return f"{self.data}\ntest accuracy: {course}\nshare of outputs beyond ±0.95 at the end: {extreme}"


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
    return LayerDensities(outputs, accuracies, str(digits))


def draw_densities(result: LayerDensities, start: str) -> Figure:
    """Draw one panel per layer, with one line per stage of training."""
    from lamina.plots import plot_densities
    from lamina.plots.style import figure_of

    layers = list(next(iter(result.outputs.values())).outputs)
    name, accuracy = result.data.partition(":")[0], list(result.accuracies.values())[-1]
    title = f"{name}, {start}: density of every layer's output (test accuracy after {EPOCHS} epochs: {accuracy:.1%})"
    axes = plot_densities(result.outputs, title=title, ranges=dict.fromkeys(layers[:-1], (-1.0, 1.0)))
    return figure_of(axes[0])
