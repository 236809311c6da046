"""What is drawn: numbers of lines, their data, labels with units. The looks are looked at."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from lamina import Perceptron, linear_separability, minimize
from lamina.descent import get_surface
from lamina.errors import InvalidSettingError
from lamina.optimizers import GradientDescent
from lamina.plots import (
    plot_accuracy_curves,
    plot_activation_functions,
    plot_descent_on_curve,
    plot_descent_paths,
    plot_separability,
    plot_step_lengths,
    plot_step_values,
)
from lamina.training import History

mpl.use("Agg")
SQUARE = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def labelled(ax):
    return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}


@pytest.mark.parametrize("num", [1, 2, 3, 5])
def test_each_activation_function_has_a_panel_with_its_value_and_derivative(num):
    x = np.linspace(-1, 1, 9)
    values = {f"power {k}": x**k for k in range(1, num + 1)}
    derivatives = {f"power {k}": k * x ** (k - 1) for k in range(1, num + 1)}
    axes = plot_activation_functions(x, values, derivatives)
    assert len(axes) == num
    for ax, name in zip(axes, values, strict=True):
        lines = labelled(ax)
        assert ax.get_title(loc="left") == name
        np.testing.assert_array_equal(lines["f(x)"].get_ydata(), values[name])
        np.testing.assert_array_equal(lines["f'(x)"].get_ydata(), derivatives[name])
        assert lines["f(x)"].get_linestyle() != lines["f'(x)"].get_linestyle()
    assert axes[-1].get_xlabel() == "x"


def test_too_few_axes_for_the_functions_are_refused():
    x = np.linspace(-1, 1, 3)
    with pytest.raises(InvalidSettingError, match="axes must be 2 axes, one per function, got 1"):
        plot_activation_functions(x, {"a": x, "b": x}, {"a": x, "b": x}, axes=[plt.subplots()[1]])


def test_a_descent_on_a_curve_goes_through_all_its_points():
    x = np.linspace(-1, 1, 9)
    ways = {f"from {start}": minimize(lambda x: float(x[0] ** 2), lambda x: 2 * x, start) for start in (-1.0, 1.0)}
    ax = plot_descent_on_curve(x, x**2, ways, formula="x²", title="A parabola")
    lines = labelled(ax)
    assert list(lines) == [f"{name}: {way.num_steps} steps" for name, way in ways.items()]
    for line, way in zip(lines.values(), ways.values(), strict=True):
        np.testing.assert_array_equal(line.get_xydata(), np.column_stack([way.points[:, 0], way.values]))
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title(loc="left")) == ("x", "x²", "A parabola")


@pytest.mark.parametrize("log", [False, True])
def test_paths_lie_over_the_surface_with_their_starts_ends_and_minima(log):
    beale = get_surface("beale")
    paths = {"there": np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 1.0]]), "and back": np.array([[2.0, 1.0], [90.0, 0.0]])}
    ax = plot_descent_paths(beale, paths, labels=("w", "b", "loss"), log=log)
    assert legend(ax) == ["there", "and back", "start", "end", "minimum"]
    np.testing.assert_array_equal(labelled(ax)["there"].get_xydata(), paths["there"])
    marked = [tuple(line.get_xydata()[0]) for line in ax.lines if line.get_marker() == "x"]
    assert marked == list(beale.minima)
    assert (ax.get_xlim(), ax.get_ylim()) == beale.bounds, "what leads out of the grid is cut off"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("w", "b")
    assert ax.figure.axes[1].get_ylabel() == "loss"


def test_a_surface_without_paths_has_no_legend():
    assert plot_descent_paths("bowl", {}).get_legend() is None


def test_step_lengths_are_distances_between_successive_points():
    way = minimize(lambda x: float(x @ x), lambda x: 2 * x, [3.0, 4.0], optimizer=GradientDescent(0.25), max_steps=3)
    ax = plot_step_lengths({"bowl": way})
    np.testing.assert_allclose(labelled(ax)["bowl"].get_xydata(), [[1, 2.5], [2, 1.25], [3, 0.625]])
    assert (ax.get_yscale(), ax.get_ylabel()) == ("log", "length of the step")


def test_step_values_begin_at_the_start():
    way = minimize(lambda x: float(x @ x), lambda x: 2 * x, [3.0, 4.0], optimizer=GradientDescent(0.25), max_steps=2)
    ax = plot_step_values({"bowl": way}, label="x² + y²")
    np.testing.assert_allclose(labelled(ax)["bowl"].get_xydata(), [[0, 25], [1, 6.25], [2, 1.5625]])
    assert (ax.get_yscale(), ax.get_ylabel()) == ("log", "x² + y²")


def test_the_common_point_is_joined_to_the_rows_of_which_it_is_a_mean():
    y = np.array([0, 1, 1, 0])
    ax = plot_separability(linear_separability(SQUARE, y), SQUARE, y)
    assert legend(ax) == ["class 0", "class 1", "common point, a mean of the joined rows"]
    assert ax.get_title(loc="left") == "Not separable: a point that both classes have in common"
    joined = {tuple(line.get_xydata()[0]) for line in ax.lines if len(line.get_xydata()) == 2}
    assert joined == {tuple(row) for row in SQUARE}
    assert all(tuple(line.get_xydata()[-1]) == pytest.approx((0.5, 0.5)) for line in ax.lines)


def test_a_separating_line_crosses_the_picture_with_the_classes_on_its_sides():
    y = np.array([0, 0, 0, 1])
    model = Perceptron().fit(SQUARE, y)
    plane = model.separability_.certificates[1]
    ax = plot_separability(model, SQUARE, y)
    assert legend(ax) == ["class 0", "class 1", "separating line", "perceptron"]
    assert ax.get_title(loc="left") == "Separable: a line between the classes"
    for name, weights, bias in (
        ("separating line", plane.weights, plane.bias),
        ("perceptron", model.coef_[0], model.intercept_[0]),
    ):
        line = labelled(ax)[name]
        for end in (line.get_xy1(), line.get_xy2()):
            assert end @ weights + bias == pytest.approx(0.0, abs=1e-9)


def test_weights_of_zero_are_no_line():
    y = np.array([0, 0, 0, 1])
    model = Perceptron(max_iter=1, tol=None).fit(SQUARE, y)
    model.coef_ = np.zeros((1, 2))
    assert legend(plot_separability(model, SQUARE, y)) == ["class 0", "class 1", "separating line"]


def test_accuracies_are_in_percent_and_those_that_are_not_there_are_left_out():
    history = History([{"epoch": e, "accuracy": e / 4, "validation_accuracy": e / 8, "kept_accuracy": e / 4} for e in (1, 2, 3)])
    ax = plot_accuracy_curves(history)
    assert legend(ax) == ["training, current weights", "validation, current weights", "training, kept weights"]
    assert labelled(ax)["validation, current weights"].get_ydata().tolist() == [12.5, 25.0, 37.5]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "accuracy (% of rows)")


def test_accuracies_can_be_means_over_epochs_with_the_single_epochs_pale_behind():
    history = History([{"epoch": e, "accuracy": e / 4, "kept_accuracy": e / 4} for e in (1, 2, 3, 4)])
    ax = plot_accuracy_curves(history, mean_over=3)
    assert legend(ax) == ["training, current weights, mean of 3", "training, kept weights"]
    mean = labelled(ax)["training, current weights, mean of 3"]
    np.testing.assert_allclose(mean.get_xydata(), [[3, 50.0], [4, 75.0]])
    (pale,) = (line for line in ax.lines if line.get_alpha() is not None)
    np.testing.assert_allclose(pale.get_ydata(), [25, 50, 75, 100])


def test_an_activation_function_can_have_a_caption():
    x = np.linspace(-1, 1, 5)
    (ax,) = plot_activation_functions(x, {"a": x}, {"a": x}, captions={"a": "f(x) = x\nnot saturating"})
    assert [text.get_text() for text in ax.texts] == ["f(x) = x\nnot saturating"]


def test_one_epoch_can_be_drawn():
    assert plot_accuracy_curves(History([{"epoch": 1, "accuracy": 1.0, "kept_accuracy": 1.0}])).lines
