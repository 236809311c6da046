"""Legends lie on nothing, ticks are round, and a dark style is respected, in new axes and in given ones of any size."""

from __future__ import annotations

import pickle

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from lamina import Perceptron, linear_separability, minimize, plots
from lamina.descent import get_surface
from lamina.plots.ticks import round_log_ticks
from lamina.training import History

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([0, 0, 0, 1])
HISTORY = History([{"epoch": e, "loss": 1 / e, "validation_loss": 1 / e + e / 20} for e in range(1, 11)])
BOWL = get_surface("bowl")
TRUTH, P = np.tile([0, 1, 2], 20), np.random.default_rng(0).dirichlet(np.ones(3), 60)
LEGENDS = {
    "history": lambda ax: plots.plot_history(HISTORY, ax=ax),
    "history, log": lambda ax: plots.plot_history(HISTORY, log=True, ax=ax),
    "loss curves": lambda ax: plots.plot_loss_curves({"one": HISTORY, "another with a long name": HISTORY}, ax=ax),
    "early stopping": lambda ax: plots.plot_early_stopping(HISTORY, 4, 8, patience=4, ax=ax),
    "decision map": lambda ax: plots.plot_decision_map(Perceptron().fit(X, Y), X, Y, ax=ax),
    "separability": lambda ax: plots.plot_separability(linear_separability(X, Y), X, Y, ax=ax),
    "paths": lambda ax: plots.plot_descent_paths(BOWL, {"way": minimize(BOWL, BOWL.gradient, BOWL.start)}, ax=ax),
    "lengths": lambda ax: plots.plot_step_lengths({"way": minimize(BOWL, BOWL.gradient, BOWL.start)}, ax=ax),
    "roc": lambda ax: plots.plot_roc(TRUTH, P, ax=ax),
    "calibration": lambda ax: plots.plot_calibration(TRUTH, P, ax=ax),
    "residuals": lambda ax: plots.plot_residuals([1.0, 2.0, 3.0], [1.5, 2.0, 2.0], ax=ax),
}


@pytest.fixture(autouse=True)
def no_screen():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def given_axes(kind: str):
    if kind == "new":
        return None
    if kind == "free":
        return plt.figure().add_axes((0.15, 0.15, 0.7, 0.7))
    layout = {"constrained": "constrained", "panels": None, "whole": None}[kind]
    _, axes = plt.subplots(2 if kind == "panels" else 1, squeeze=False, layout=layout, figsize=(6.4, 6.4))
    return axes[0, 0]


@pytest.mark.parametrize("kind", ["new", "whole", "panels", "constrained", "free"])
@pytest.mark.parametrize("name", LEGENDS)
def test_a_legend_lies_below_its_axes_and_their_labels_within_the_figure(name, kind):
    ax = LEGENDS[name](given_axes(kind))
    figure = ax.figure
    figure.draw_without_rendering()
    legend, box, labels = ax.get_legend().get_window_extent(), ax.get_window_extent(), ax.xaxis.get_tightbbox()
    assert legend.y1 <= min(box.y0, labels.y0) + 1
    assert legend.y0 >= figure.bbox.y0 - 1
    if kind == "panels":
        assert legend.y0 >= figure.axes[1].get_window_extent().y1 - 1, "nor on the panel below"
    assert box.height > 60, "and leaves the axes room"


@pytest.mark.parametrize(("low", "high"), [(8.74, 144.0), (0.47, 0.71), (1e-9, 1e5), (0.2, 0.9), (1.0, 1.0)])
def test_ticks_of_a_logarithmic_scale_are_round_and_few(low, high):
    ticks = round_log_ticks(low, high)
    assert 1 <= len(ticks) <= 8
    assert all(len(f"{tick:.15g}".replace(".", "").strip("0").partition("e")[0]) <= 2 for tick in ticks)


@pytest.mark.parametrize("losses", [(0.71, 0.47), (1.0, 1e-7), (30.0, 0.2), (0.05, 0.04)])
def test_a_logarithmic_axis_has_several_ticks_without_needless_digits(losses):
    history = History([{"epoch": e, "loss": loss} for e, loss in enumerate(losses, 1)])
    ax = plots.plot_loss_curves(history, log=True)
    ax.figure.draw_without_rendering()
    low, high = ax.get_ylim()
    shown = [text.get_text() for text, tick in zip(ax.get_yticklabels(), ax.get_yticks(), strict=True) if low <= tick <= high]
    assert 2 <= len(shown) <= 10
    assert all("times" not in text and len(text.replace("$10^{", "").replace("}$", "")) <= 6 for text in shown)
    pickle.loads(pickle.dumps(ax.figure))


@pytest.mark.parametrize("name", LEGENDS)
def test_a_dark_style_is_respected(name):
    with plt.style.context("dark_background"):
        ax = LEGENDS[name](None)
    assert sum(to_rgb(ax.get_facecolor())) < 0.5 > sum(to_rgb(ax.figure.get_facecolor()))
    assert sum(to_rgb(ax.title.get_color())) > 2 < sum(to_rgb(ax.get_legend().get_texts()[0].get_color()))
    assert sum(to_rgb(LEGENDS[name](None).get_facecolor())) == 3


def test_black_lines_are_white_in_a_dark_style():
    ways = {name: minimize(BOWL, BOWL.gradient, BOWL.start, max_steps=3) for name in "ab"}
    for style, color in (("dark_background", 1.0), ("default", 0.0)):
        with plt.style.context(style):
            lines = {line.get_label(): line for line in plots.plot_descent_paths(BOWL, ways).lines}
        assert to_rgb(lines["b"].get_color()) == (color,) * 3


def test_lines_have_the_librarys_colors_in_given_axes_too():
    _, ax = plt.subplots()
    assert plots.plot_history(HISTORY, ax=ax).lines[0].get_color() == plots.CYCLE[0]
    assert mpl.rcParams["axes.prop_cycle"].by_key()["color"][0] != plots.CYCLE[0]


def test_a_color_bar_of_a_surface_has_round_numbers():
    rosenbrock = get_surface("rosenbrock")
    for log in (False, True):
        bar = plots.plot_descent_paths(rosenbrock, log=log).figure.axes[1]
        texts = [text.get_text() for text in bar.get_yticklabels()]
        assert 3 <= len(texts) <= 9
        assert all(len(text.replace(",", "").replace(".", "").strip("0")) <= 2 for text in texts if text)


def test_a_confusion_matrix_in_small_axes_has_no_color_bar():
    _, axes = plt.subplots(1, 4, figsize=(8, 2))
    plots.plot_confusion([0, 1], [0, 1], ax=axes[0])
    assert len(axes[0].figure.axes) == 4
    assert len(plots.plot_confusion([0, 1], [0, 1]).figure.axes) == 2


def test_booleans_are_called_true_and_calibration_takes_the_classes():
    truth = np.array([False, True, False, True])
    p = np.array([0.1, 0.8, 0.3, 0.9])
    assert plots.plot_roc(truth, p).get_legend().get_texts()[0].get_text().startswith("class True")
    assert plots.plot_calibration(truth, p, bins=2).get_xlabel() == "predicted probability of class True"
    assert plots.plot_calibration(truth.astype(int), p, ["no", "yes"], bins=2).get_xlabel() == "predicted probability of yes"
