"""Plots of a history show every number, and reject what is not a number."""

from __future__ import annotations

import math
import warnings
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from lamina import MLPRegressor, plots
from lamina.analysis import LearningRateRange, LearningRateTrials, WidthSweep
from lamina.errors import DataError, InvalidSettingError
from lamina.training import History

EPOCHS = range(1, 8)
HISTORY = History(
    [
        {"epoch": e, "loss": 1 / e, "name": "x", "gain": e - 3, **({"probe": e} if e % 3 == 0 else {})}
        | {f"m{i}": i for i in range(30)}
        for e in EPOCHS
    ]
)


@pytest.fixture(autouse=True)
def no_screen():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def test_a_key_that_some_epochs_lack_is_drawn_as_points_that_are_joined():
    (line,) = HISTORY.plot("probe").lines
    assert line.get_xydata().tolist() == [[3, 3], [6, 6]]
    assert line.get_marker() == "o"


def test_a_number_between_others_that_are_not_finite_is_marked():
    losses = [1.0, math.nan, 0.5, math.inf, 0.4, 0.3]
    (line,) = History([{"epoch": e, "loss": loss} for e, loss in enumerate(losses, 1)]).plot().lines
    assert line.get_marker() == "o"
    assert line.get_markevery() == [0, 2]


def test_one_epoch_is_a_point_over_a_whole_number():
    ax = HISTORY[:1].plot()
    assert ax.lines[0].get_marker() == "o"
    low, high = ax.get_xlim()
    assert [tick for tick in ax.get_xticks() if low <= tick <= high] == [1]


@pytest.mark.parametrize("draw", [lambda h: plots.plot_loss_curves({"a": h}), lambda h: plots.plot_early_stopping(h, 1)])
def test_one_epoch_is_visible_in_other_plots_too(draw):
    assert draw(History([{"epoch": 1, "loss": 1.0, "validation_loss": 1.0}])).lines[0].get_marker() == "o"


def test_a_single_key_names_its_axis():
    ax = HISTORY.plot("gain")
    assert (ax.get_ylabel(), ax.get_legend()) == ("gain", None)


def test_many_keys_have_their_legend_beside_the_axes():
    ax = HISTORY.plot([f"m{i}" for i in range(30)])
    figure = ax.figure
    figure.draw_without_rendering()
    box, legend = ax.get_window_extent(), ax.get_legend().get_window_extent()
    assert legend.x0 > box.x1
    assert legend.x1 <= figure.bbox.x1 + 1
    assert legend.y0 >= figure.bbox.y0 - 1
    assert box.width > 300


def test_a_long_key_is_shortened_in_its_middle():
    key = "first_" + "x" * 90 + "_last"
    label = History([{"epoch": 1, key: 1.0}]).plot(key).get_ylabel()
    assert len(label) == 40
    assert (label[:6], label[-5:], "…" in label) == ("first ", " last", True)


@pytest.mark.parametrize(
    ("keys", "log", "error", "words"),
    [
        ("name", False, DataError, "'name' of the history must be numbers to be plotted, got 'x'"),
        ("gain", True, DataError, "'gain' of the history must be above 0 on a logarithmic axis, got -2. Use log=False"),
        ([], False, InvalidSettingError, "keys must name at least one key, got .*Give one or more of epoch, loss"),
        ("los", False, KeyError, "Did you mean 'loss'"),
    ],
)
def test_what_cannot_be_plotted_is_rejected(keys, log, error, words):
    with pytest.raises(error, match=words):
        HISTORY.plot(keys, log=log)


@pytest.mark.parametrize("wrong", ["x", 3, plt.figure, "figure", "array"])
def test_something_else_in_place_of_axes_is_rejected(wrong):
    figure, axes = plt.subplots(2)
    given = {"figure": figure, "array": axes}.get(wrong, wrong) if isinstance(wrong, str) else wrong
    with pytest.raises(InvalidSettingError, match="ax must be matplotlib's Axes"):
        HISTORY.plot(ax=given)
    with pytest.raises(InvalidSettingError, match="axes must be"):
        plots.plot_dropout([1, 1], [None, None], [0, 0], axes=[figure, axes[0]])
    with pytest.raises(InvalidSettingError, match="axes must be 2 axes"):
        plots.plot_activation_functions(
            np.zeros(1), dict.fromkeys("ab", np.zeros(1)), dict.fromkeys("ab", np.zeros(1)), axes=axes[0]
        )


def test_an_array_of_axes_works_like_a_list():
    _, axes = plt.subplots(2)
    assert plots.plot_dropout([1, 1], [None, None], [0, 0], axes=axes) == list(axes)


def test_a_range_test_of_one_step_is_a_point():
    one = np.ones(1)
    trials = LearningRateTrials(0.1 * one, one, one > 1, 1.0, 20)
    lines = LearningRateRange(0.1 * one, one, one, False, None, None, None, trials).plot().lines
    assert [line.get_marker() for line in lines] == ["o", "o", "s"]


def test_the_tick_labels_of_a_width_sweep_do_not_overlap():
    widths = np.arange(1, 129)
    ax = WidthSweep(widths, np.full((128, 2), 0.5), 16).plot()
    ax.figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    assert ax.get_xticks()[-1] == 128


@pytest.mark.parametrize("learning_rate", ["constant", "adaptive"])
def test_the_epoch_that_is_marked_as_kept_is_that_of_the_least_validation_loss_of_a_predicted_spread(learning_rate: str):
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, size=(300, 1))
    y = np.sin(2 * X[:, 0]) + (0.5 + 0.2 * X[:, 0]) * rng.normal(size=300)
    settings = {
        "solver": "sgd",
        "learning_rate": learning_rate,
        "learning_rate_init": 0.02,
        "early_stopping": True,
        "max_iter": 20,
    }
    model = MLPRegressor("gaussian_nll", hidden_layer_sizes=8, random_state=0, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])
    kept = f"kept: epoch {1 + int(np.argmax(model.validation_scores_))}"
    assert kept in [text.get_text() for text in model.plot().get_legend().get_texts()]
