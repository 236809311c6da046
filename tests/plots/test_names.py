"""Names are drawn literally, even if matplotlib would read them as math."""

from __future__ import annotations

import io

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from lamina import (
    Dense,
    Perceptron,
    Sequential,
    activation_statistics,
    layer_outputs,
    linear_separability,
    minimize,
    plots,
)
from lamina.analysis import PermutationImportance
from lamina.training import History

NAME = r"$\frac$ $x^2$ \$"


@pytest.fixture(autouse=True)
def no_screen():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def drawn_texts(axes) -> list[str]:
    """The SVG of the figure, in which text stays text."""
    stream = io.StringIO()
    with plt.rc_context({"svg.fonttype": "none"}):
        axes.figure.savefig(stream, format="svg")
    return stream.getvalue()


def network() -> Sequential:
    return Sequential([Dense(2, activation="tanh", name=NAME), Dense(1)], input_width=2)


def by_name() -> dict:
    X, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 0, 0, 1])
    history = History([{"epoch": e, "loss": 1 / e, NAME: 1 / e} for e in (1, 2)])
    way = minimize(lambda x: float(x @ x), lambda x: 2 * x, [1.0])
    names, frame = np.array(["", NAME])[y], pd.DataFrame(X, columns=["a", NAME])
    statistics = activation_statistics(network(), X, y, "squared_error")
    return {
        "history": lambda: plots.plot_history(history, NAME),
        "network": lambda: plots.plot_network(network()),
        "statistics": lambda: plots.plot_activation_statistics({NAME: statistics})[0],
        "densities": lambda: plots.plot_densities({NAME: layer_outputs(network(), X)})[0],
        "loss curves": lambda: plots.plot_loss_curves({NAME: history}),
        "step lengths": lambda: plots.plot_step_lengths({NAME: way}),
        "step values": lambda: plots.plot_step_values({NAME: way}),
        "paths": lambda: plots.plot_descent_paths("bowl", {NAME: np.eye(2)}),
        "curve": lambda: plots.plot_descent_on_curve(np.arange(3.0), np.arange(3.0), {NAME: way}),
        "functions": lambda: plots.plot_activation_functions(np.arange(3.0), {NAME: np.ones(3)}, {NAME: np.ones(3)})[0],
        "confusion": lambda: plots.plot_confusion([0, 1], [0, 0], [NAME, "b"]),
        "roc": lambda: plots.plot_roc([0, 1, 1], [0.1, 0.5, 0.2], ["a", NAME]),
        "calibration": lambda: plots.plot_calibration(["", NAME], [0.5, 0.5]),
        "decision map": lambda: plots.plot_decision_map(Perceptron().fit(X, y), X, y, classes=["", NAME]),
        "inputs": lambda: plots.plot_decision_map(Perceptron().fit(frame, y), frame, y),
        "importance": lambda: plots.plot_importance(PermutationImportance((NAME,), np.ones((1, 2)), NAME, 1.0)),
        "separability": lambda: plots.plot_separability(linear_separability(X, names), X, names),
    }


@pytest.mark.parametrize("picture", by_name())
def test_a_name_is_drawn_literally(picture):
    assert NAME in drawn_texts(by_name()[picture]())
