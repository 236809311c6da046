"""Figures of measurements draw what they are given, name their axes, and leave matplotlib's settings alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from lamina import Dense, Sequential, Trainer, activation_statistics, layer_outputs
from lamina.analysis import LearningRateRange, LearningRateTrials, WidthSweep
from lamina.training import History

plt = pytest.importorskip("matplotlib.pyplot")
plots = pytest.importorskip("lamina.plots")
from matplotlib.contour import ContourSet  # noqa: E402


@pytest.fixture(autouse=True)
def no_screen() -> Iterator[None]:
    plt.switch_backend("agg")
    yield
    plt.close("all")


HISTORY = History([{"epoch": e, "loss": 1 / e, "validation_loss": 1 / e + e / 20} for e in range(1, 11)])


def labels(ax: object) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]  # type: ignore[attr-defined]


def test_l20_early_stopping_marks_the_best_epoch_and_the_stop() -> None:
    ax = plots.plot_early_stopping(HISTORY, best_epoch=4, stopped_at=8)
    assert "kept: epoch 4" in labels(ax)
    assert any("stopped: epoch 8" in label for label in labels(ax))
    (kept,) = [line for line in ax.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(kept.get_xydata(), [[4, HISTORY[3, "validation_loss"]]])


def test_l20_a_run_that_was_not_prolonged_has_no_dashed_part() -> None:
    ax = plots.plot_early_stopping(HISTORY, best_epoch=4)
    assert labels(ax) == ["training", "validation", "kept: epoch 4"]


def range_test(suggestion: float | None) -> LearningRateRange:
    trials = LearningRateTrials(
        np.array([1e-3, 1e-2, 1e-1]), np.array([3.0, 1.0, np.inf]), np.array([True, True, False]), 4.0, 50
    )
    return LearningRateRange(np.geomspace(1e-4, 1, 5), np.arange(5.0), np.arange(5.0), False, suggestion, 1e-2, 2e-2, trials)


def test_l15_the_range_test_shows_its_suggestion_and_its_trials() -> None:
    ax = plots.plot_learning_rate_range(range_test(1e-2))
    assert "suggested, 0.01" in labels(ax)
    (trials,) = [line for line in ax.lines if line.get_label() == "end of 50 steps at one rate"]
    assert trials.get_xydata().tolist() == [[1e-3, 3.0], [1e-2, 1.0]]


@pytest.mark.filterwarnings("error")
def test_l15_losses_that_are_all_0_are_drawn() -> None:
    trials = LearningRateTrials(np.array([1e-3]), np.zeros(1), np.array([False]), 0.0, 20)
    ax = plots.plot_learning_rate_range(
        LearningRateRange(np.array([1e-4, 1]), np.zeros(2), np.zeros(2), False, None, None, None, trials)
    )
    assert ax.get_ylim()[0] < 0 < ax.get_ylim()[1]


def test_l15_a_range_test_that_found_no_rate_says_so() -> None:
    ax = plots.plot_learning_rate_range(range_test(None))
    assert not any("suggested" in label for label in labels(ax))
    assert "no rate found" in ax.get_title("left")


@pytest.mark.filterwarnings("error")
def test_l7_runs_that_diverged_are_named_and_errors_below_0_are_drawn() -> None:
    ax = plots.plot_width_sweep(WidthSweep(np.array([1, 2, 4]), np.array([[-0.4], [-0.5], [np.inf]]), 1))
    assert ax.get_xlabel() == "hidden units (runs diverged with 4)"
    ax.figure.canvas.draw()
    assert ax.get_yscale() == "linear"


def test_l7_the_width_sweep_shows_what_is_enough() -> None:
    ax = plots.plot_width_sweep(WidthSweep(np.array([1, 2, 4]), np.array([[0.4, 0.5], [0.2, 0.1], [0.2, 0.1]]), 2))
    assert "enough: 2" in labels(ax)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1", "2", "4"]


def test_l7_a_width_sweep_that_tried_too_few_units_says_so() -> None:
    ax = plots.plot_width_sweep(WidthSweep(np.array([1, 2]), np.array([[0.4, 0.5], [0.2, 0.1]]), None))
    assert not any("enough" in label for label in labels(ax))
    assert "Not enough was tried" in ax.get_title("left")


def test_l33_both_directions_are_drawn_for_every_start() -> None:
    network = Sequential([Dense(5, activation="tanh"), Dense(1)], input_width=3)
    found = activation_statistics(network, np.eye(3), np.ones(3), "squared_error")
    forwards, backwards = plots.plot_activation_statistics({"a": found, "b": found})
    assert labels(forwards) == ["a", "b"]
    np.testing.assert_allclose(forwards.lines[0].get_ydata(), [row.variance for row in found.layers])
    np.testing.assert_allclose(backwards.lines[0].get_ydata()[1:], [row.gradient_variance for row in found.layers[1:]])


def test_l33_every_layer_has_a_panel_whose_densities_have_area_one() -> None:
    network = Sequential([Dense(5, activation="tanh", name="h1"), Dense(2, name="h2")], input_width=3)
    outputs = layer_outputs(network, np.random.default_rng(0).normal(size=(40, 3)))
    axes = plots.plot_densities({"before": outputs, "after": outputs})
    assert [ax.get_title(loc="left") for ax in axes] == ["h1", "h2"]
    for ax in axes:
        values, edges, _ = ax.patches[0].get_data()
        assert np.sum(values * np.diff(edges)) == pytest.approx(1.0)


def test_l22_silenced_units_are_crossed_out_and_have_no_links() -> None:
    keep = [None, np.array([True, False, True]), None]
    training, test = plots.plot_dropout([2, 3, 1], keep, [0, 0.5, 0])
    assert len(training.lines) == 2 * 2 + 2 * 1
    assert len(test.lines) == 2 * 3 + 3 * 1
    assert [text.get_text() for text in training.texts] == ["rate 0.5\nkept × 2"]


def test_l23_the_distribution_over_masks_shows_its_mean_and_the_output_at_test_time() -> None:
    ax = plots.plot_mask_distribution(np.array([0.1, 0.2, 0.6]), 0.25)
    assert labels(ax) == ["mean over masks 0.300", "test time 0.250"]


def test_a_decision_map_needs_no_contour_where_nothing_is_decided() -> None:
    trainer = Trainer(Sequential([Dense(1, weight_init="zeros")], 2), "sigmoid_cross_entropy")
    ax = plots.plot_decision_map(trainer, np.eye(2), np.array([0, 1]))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("input 1", "input 2")
    assert not [drawn for drawn in ax.collections if isinstance(drawn, ContourSet)]


def test_loss_curves_differ_in_more_than_color() -> None:
    ax = plots.plot_loss_curves({"a": HISTORY, "b": HISTORY})
    assert [line.get_linestyle() for line in ax.lines] == ["-", "--"]


def test_figures_go_into_the_axes_that_they_are_given() -> None:
    _, ax = plt.subplots()
    assert plots.plot_loss_curves({"a": HISTORY}, ax=ax) is ax
