"""Plots of odd inputs: nothing to see is said, titles end where axes end, legends lie on nothing, wrong inputs get an error."""

from __future__ import annotations

import warnings
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from lamina import (
    Dense,
    MLPClassifier,
    Perceptron,
    Sequential,
    TabularClassifier,
    Trainer,
    activation_statistics,
    layer_outputs,
    linear_separability,
    minimize,
    plots,
)
from lamina.analysis import LayerOutputs
from lamina.descent import get_surface
from lamina.errors import DataError, DataTypeError, InvalidSettingError, ShapeError
from lamina.optimizers import GradientDescent
from lamina.training import History

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))
Y = (X[:, 0] > 0).astype(int)
HISTORY = History([{"epoch": e, "loss": 1 / e, "validation_loss": 1 / e + e / 20} for e in range(1, 11)])
ONE_EPOCH = History([{"epoch": 1, "loss": 0.5, "validation_loss": 0.6}])
LOST = History([{"epoch": e, "loss": np.nan, "validation_loss": np.nan} for e in (1, 2)])
BELOW = History([{"epoch": e, "loss": 1.0 - e, "validation_loss": 0.5} for e in (1, 2, 3)])
PARABOLA = minimize(lambda x: float(x[0] ** 2), lambda x: 2 * x, 1.0, max_steps=5)


@pytest.fixture(autouse=True)
def no_screen():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def words(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def legend(ax) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


# What cannot be seen is said


@pytest.mark.parametrize("draw", [plots.plot_history, plots.plot_loss_curves, plots.plot_early_stopping])
def test_a_history_without_finite_losses_says_so(draw):
    assert any("is finite" in each for each in words(draw(LOST)))
    assert not words(draw(HISTORY))


def test_steps_without_length_and_values_of_zero_leave_a_gap():
    at_rest = minimize(lambda x: float(x[0] ** 2), lambda x: 2 * x, 1.0, optimizer=GradientDescent(0.5))
    assert np.isnan(plots.plot_step_values(at_rest).lines[0].get_ydata()[-1])
    still = minimize(lambda x: 1.0, lambda x: 0 * x, 1.0)
    assert words(plots.plot_step_lengths(still)) == ["no number is above 0"]


def test_gradients_that_were_not_measured_are_no_error_when_the_figure_is_drawn():
    network = Sequential([Dense(3, activation="tanh"), Dense(1)], 2)
    forward, backward = plots.plot_activation_statistics(activation_statistics(network, X))
    forward.figure.draw_without_rendering()
    assert not words(forward)
    assert words(backward) == ["not measured:\nit takes targets and a loss"]


def test_outputs_of_one_value_have_a_density():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (ax,) = plots.plot_densities(LayerOutputs({"h": np.full((5, 2), 3.0)}))
        (lost,) = plots.plot_densities(LayerOutputs({"h": np.full((5, 2), np.nan)}))
    values, edges, _ = ax.patches[0].get_data()
    assert np.sum(values * np.diff(edges)) == pytest.approx(1.0)
    assert not lost.patches[0].get_data()[0].any()


def test_a_surface_that_is_the_same_everywhere_has_different_ticks():
    bar = plots.plot_descent_paths(lambda x: 1.0, bounds=((-1, 1), (-1, 1))).figure.axes[1]
    texts = [text.get_text() for text in bar.get_yticklabels()]
    assert len(set(texts)) == len(texts) > 2


def test_residuals_of_one_truth_have_no_share_of_explained_variance():
    assert plots.plot_residuals([1.0], [2.0]).get_title(loc="left") == "Residuals of 1 row"
    assert "R²" in plots.plot_residuals([1.0, 2.0], [1.0, 2.0]).get_title(loc="left")


# Ticks, titles and legends


@pytest.mark.parametrize("history", [ONE_EPOCH, HISTORY[:2], HISTORY])
@pytest.mark.parametrize("draw", [plots.plot_history, plots.plot_loss_curves, plots.plot_early_stopping])
@pytest.mark.parametrize("size", [(6.4, 4.2), (2.5, 2.0)])
def test_epochs_have_ticks_at_whole_numbers_that_do_not_touch(draw, history, size):
    ax = draw(history, ax=plt.figure(figsize=size).add_subplot())
    ax.figure.draw_without_rendering()
    low, high = ax.get_xlim()
    shown = [text for text, tick in zip(ax.get_xticklabels(), ax.get_xticks(), strict=True) if low <= tick <= high]
    assert shown
    assert all(text.get_text().replace("−", "").isdigit() for text in shown)
    boxes = [text.get_window_extent() for text in shown]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


@pytest.mark.parametrize("layout", [None, "constrained"])
def test_a_long_title_ends_where_its_axes_end(layout):
    figure, axes = plt.subplots(1, 3, figsize=(8, 2.6), layout=layout)
    plots.plot_loss_curves(HISTORY, title="A title of many words that would run over the next picture", ax=axes[0])
    figure.draw_without_rendering()
    (title,) = (text for text in axes[0].get_children() if getattr(text, "get_text", str)().startswith("A title"))
    box = title.get_window_extent()
    assert box.x1 < axes[1].get_window_extent().x0
    assert box.y1 <= figure.bbox.y1 + 1
    assert title.get_text().replace("\n", " ") == "A title of many words that would run over the next picture"
    assert title.get_fontsize() >= 8


def test_a_title_that_fits_stays_as_it_is():
    ax = plots.plot_loss_curves(HISTORY, title="Short")
    (title,) = (text for text in ax.get_children() if getattr(text, "get_text", str)() == "Short")
    assert title.get_fontsize() == 12


def test_legends_in_rows_of_panels_lie_on_no_title_below():
    figure, axes = plt.subplots(3, 2, figsize=(9, 10))
    for ax in axes.flat:
        plots.plot_early_stopping(HISTORY, 4, 8, patience=4, ax=ax)
    bowl = get_surface("bowl")
    plots.plot_descent_paths(bowl, {"way": minimize(bowl, bowl.gradient, bowl.start)}, ax=axes[0, 1])
    figure.draw_without_rendering()
    for above, below in pairwise(axes):
        for upper, lower in zip(above, below, strict=True):
            assert upper.get_legend().get_window_extent().y0 > lower.get_tightbbox().y1


def test_legends_of_panels_lie_below_them():
    x = np.linspace(-2, 2, 9)
    outputs = layer_outputs(Sequential([Dense(3, activation="tanh"), Dense(1)], 2), X)
    for ax in (
        plots.plot_activation_functions(x, {"a": np.exp(-x)}, {"a": -np.exp(-x)})[0],
        plots.plot_densities({"before": outputs, "after": outputs})[0],
        plots.plot_mask_distribution(RNG.normal(size=50), 0.0),
    ):
        ax.figure.draw_without_rendering()
        assert ax.get_legend().get_window_extent().y1 <= ax.xaxis.get_tightbbox().y0


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_lines_of_densities_stand_out_from_the_background(style):
    with plt.style.context(style):
        (ax, _) = plots.plot_densities({name: LayerOutputs({"h": X, "g": X}) for name in "abcde"})
    background = np.mean(to_rgb(ax.get_facecolor()))
    assert all(abs(np.mean(to_rgb(patch.get_edgecolor())) - background) > 0.25 for patch in ax.patches)


def test_the_legend_of_many_classes_has_room():
    angles = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    ring = np.column_stack([np.cos(angles), np.sin(angles)])
    labels = np.arange(90) // 3
    ax = plots.plot_separability(linear_separability(ring, labels), ring, labels)
    ax.figure.draw_without_rendering()
    assert legend(ax) == [*(f"class {i}" for i in range(30)), "separating line of a class"]
    assert ax.get_legend().get_window_extent().y0 >= 0


def test_many_units_do_not_touch_each_other():
    left, right = plots.plot_dropout([40, 3], [RNG.random(40) > 0.5, None], [0.5, 0])
    left.figure.draw_without_rendering()
    unit = right.get_window_extent().height / 41
    (sizes, *_) = {float(each.get_sizes()[0]) for each in right.collections}
    assert np.sqrt(sizes) / 72 * left.figure.dpi < unit


def test_ways_may_be_drawn_without_a_legend():
    assert plots.plot_descent_paths("bowl", [[0, 0], [1, 1]], legend=False).get_legend() is None


# What plots take


def test_a_single_descent_needs_no_name():
    x = np.linspace(-1, 1, 9)
    for ax in (plots.plot_step_lengths(PARABOLA), plots.plot_step_values(PARABOLA)):
        assert ax.get_legend() is None
    assert legend(plots.plot_descent_on_curve(x, x**2, PARABOLA)) == ["5 steps"]


def test_a_network_is_found_in_what_has_one():
    trainer = Trainer(Sequential([Dense(3), Dense(1)], 2), "squared_error")
    classifier = MLPClassifier(3, max_iter=2, random_state=0).fit(X, Y)
    table = TabularClassifier(hidden=3, max_epochs=2, random_state=0).fit(X, Y)
    for given in (trainer, classifier, table, table.model_):
        assert [text for text in words(plots.plot_network(given)) if text.startswith("dense_1")]


def test_accuracies_are_found_in_a_perceptron():
    model = Perceptron(variant="pocket", max_iter=3, tol=None).fit(X, Y)
    lines = [plots.plot_accuracy_curves(given).lines[0].get_ydata() for given in (model, model.history_)]
    np.testing.assert_array_equal(*lines)


OUTPUTS = LayerOutputs({"h": X})


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (lambda: plots.plot_history(HISTORY, ax=3), InvalidSettingError, "ax must be matplotlib's Axes, got 3"),
        (lambda: plots.plot_loss_curves(BELOW, log=True), DataError, "'loss' must be above 0.*log=False"),
        (lambda: plots.plot_early_stopping(BELOW, log=True), DataError, "'loss' of the history must be above 0"),
        (lambda: plots.plot_loss_curves({"a": HISTORY, "b": HISTORY}, "los"), KeyError, "of 'a'.*Did you mean 'loss'"),
        (lambda: plots.plot_early_stopping(HISTORY, patience=-1), InvalidSettingError, "patience must be"),
        (lambda: plots.plot_step_values({"a": 3}), DataTypeError, "descents must be Descent, got 3"),
        (lambda: plots.plot_step_lengths({}), InvalidSettingError, "descents must be one or more"),
        (
            lambda: plots.plot_step_values(minimize(lambda x: float(x[0] ** 2) - 3, None, 1.0, max_steps=2)),
            DataError,
            "the values must be at least 0",
        ),
        (lambda: plots.plot_descent_on_curve([0, 1], [0, 1, 2], PARABOLA), ShapeError, "x and y must be"),
        (
            lambda: plots.plot_descent_on_curve([0, 1], [0, 1], minimize(lambda x: float(x @ x), None, [1.0, 2.0], max_steps=2)),
            ShapeError,
            "of a single variable, got 2. plot_descent_paths",
        ),
        (lambda: plots.plot_descent_paths("bowl", num_levels=1), InvalidSettingError, "num_levels must be an integer >= 2"),
        (lambda: plots.plot_descent_paths(lambda x: "a", bounds=((0, 1), (0, 1))), DataError, "must return a number, got 'a'"),
        (lambda: plots.plot_network(3), DataTypeError, "must be a Network, or a Trainer"),
        (lambda: plots.plot_network(Perceptron().fit(X, Y)), DataTypeError, "must be a Network, or a Trainer"),
        (lambda: plots.plot_network(MLPClassifier()), DataError, "must be fitted.*Call fit first"),
        (lambda: plots.plot_accuracy_curves(HISTORY), DataError, "the history must hold an accuracy"),
        (lambda: plots.plot_accuracy_curves(3), DataTypeError, "must be a History"),
        (lambda: plots.plot_accuracy_curves(HISTORY, mean_over=0), InvalidSettingError, "mean_over must be an integer >= 1"),
        (lambda: plots.plot_densities({}), InvalidSettingError, "outputs must be one or more"),
        (lambda: plots.plot_densities({"a": {"h": X}}), DataTypeError, "outputs must be LayerOutputs"),
        (lambda: plots.plot_densities({"a": OUTPUTS, "b": LayerOutputs({"g": X})}), DataError, "must be of the same layers"),
        (lambda: plots.plot_densities(OUTPUTS, num_bins=0), InvalidSettingError, "num_bins must be an integer >= 1"),
        (lambda: plots.plot_mask_distribution([], 0.0), DataError, "samples must be one or more finite numbers, got 'none'"),
        (lambda: plots.plot_mask_distribution([np.nan], 0.0), DataError, "samples must be one or more finite numbers"),
        (lambda: plots.plot_dropout([2, 3], [None], [0, 0.5]), ShapeError, "keep must have 2 entries, one per layer, got 1"),
        (lambda: plots.plot_dropout([2, 3], [None, [True]], [0, 0.5]), ShapeError, r"a mask must have shape \(3,\)"),
        (lambda: plots.plot_activation_functions(np.arange(3), {}, {}), InvalidSettingError, "one or more functions"),
        (
            lambda: plots.plot_activation_functions(np.arange(3), {"a": np.arange(3)}, {}),
            InvalidSettingError,
            "a derivative each",
        ),
        (
            lambda: plots.plot_activation_functions(np.arange(3), {"a": np.arange(4)}, {"a": np.arange(3)}),
            ShapeError,
            r"'a' must have the shape of x, \(3,\), got \(4,\)",
        ),
        (lambda: plots.plot_learning_rate_range(3), DataTypeError, "test must be LearningRateRange, got 3"),
        (lambda: plots.plot_width_sweep(3), DataTypeError, "sweep must be WidthSweep, got 3"),
        (lambda: plots.plot_importance(3), DataTypeError, "importance must be PermutationImportance, got 3"),
        (
            lambda: plots.plot_decision_map(Perceptron().fit(X, Y), X, Y, labels=("a",), num_points=0, size=-1),
            InvalidSettingError,
            "labels must be.*num_points must be an integer >= 2.*size must be",
        ),
    ],
)
def test_what_cannot_be_drawn_gets_a_clear_error_and_no_figure(draw, error, message):
    with pytest.raises(error, match=f"(?s){message}"):
        draw()
    assert not plt.get_fignums()
