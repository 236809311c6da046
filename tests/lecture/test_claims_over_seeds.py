"""What the pictures say in titles, captions and words is so for twenty seeds, with the trainings that are drawn."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise, product

import numpy as np
import pytest

from lamina.data import digits
from lamina.lecture import get_picture, layer_densities
from lamina.lecture import p04_learning_rates as p04
from lamina.lecture import p05_early_stopping as p05
from lamina.lecture import p09_zero_initialization as p09
from lamina.lecture.starts import train_from
from lamina.lecture.two_weights import BOUNDS, TwoWeights

SEEDS = range(20)
each_seed = pytest.mark.parametrize("seed", SEEDS)


def computed(number: str, seed: int):
    return get_picture(number).compute(seed=seed)


@each_seed
def test_p3_no_line_separates_and_the_pocket_keeps_the_best(seed):
    result = computed("P3", seed)
    history = result.model.history_
    assert result.model.separability_.separable is False
    changes = np.diff(history[:, "accuracy"])
    assert changes.max() > 0 > changes.min(), "rises and falls"
    assert history[-1, "accuracy"] < 1.0
    kept = np.array(history[:, "kept_accuracy"])
    assert (kept >= np.maximum.accumulate(history[:, "accuracy"])).all()
    assert (np.diff(kept) >= 0).all()
    assert max(history[:, "accuracy"]) < 1.0, "100 % is impossible"


@each_seed
def test_p4_the_four_rates_tell_four_stories(seed):
    histories = computed("P4", seed).histories
    small, good, large, diverging = (np.array(history[:, "loss"]) for history in histories.values())
    assert len(small) == len(good) == len(large) == p04.EPOCHS
    assert small[-1] > 20 * good[-1], "still far away"
    assert (small <= small[0]).all()
    assert good[-1] < 0.015, "near the level of the noise, 0.005"
    last = slice(-p04.LAST, None)
    assert large[last].max() > 3 * large[last].min(), "swings"
    assert large[last].min() > good[last].max(), "levels off higher"
    assert (np.diff(large[last]) > 0).mean() > 0.3, "up and down to the end"
    assert len(diverging) <= 10
    assert diverging[-1] > p04.LIMIT


@each_seed
def test_p5_the_validation_loss_turns_up_and_the_training_loss_does_not(seed):
    result = computed("P5", seed)
    validation, training = result.history[:, "validation_loss"], result.history[:, "loss"]
    best = validation[result.best_epoch - 1]
    assert result.stop_reason.code == "no_improvement"
    assert result.stopped_at == result.best_epoch + p05.PATIENCE
    assert best == min(validation), "what is kept is the best of the continued training, too"
    assert validation[0] > 1.2 * best
    assert validation[-1] > 1.2 * best
    assert training[-1] < 0.5 * training[result.best_epoch - 1]


@each_seed
def test_p6_the_output_at_test_time_is_close_to_the_mean_over_masks(seed):
    result = computed("P6", seed)
    assert abs(result.at_test_time - result.samples.mean()) < 0.3 * result.samples.std()


def test_p6_two_inputs_give_their_mean_at_test_time_in_the_lecture_and_here():
    result = computed("P6", 0).two_inputs
    assert result.outputs.mean() == 0.75
    assert result.lamina_outputs.mean() == result.at_test_time == 1.5


@each_seed
def test_p8_the_bad_start_ends_with_about_a_line_and_the_good_one_bends(seed):
    result = computed("P8", seed)
    bad, good = result.accuracies.values()
    line = np.linalg.lstsq(np.column_stack([result.X, np.ones(len(result.X))]), 2 * result.y - 1, rcond=None)[0]
    by_line = ((result.X @ line[:2] + line[2] > 0) == result.y).mean()
    assert bad < by_line + 0.03
    assert good > 0.99
    waiting = np.array(next(iter(result.histories.values()))[:, "loss"])
    assert (waiting[:80] > 0.69).all(), "a plateau first"
    for start, accuracy in result.accuracies.items():
        assert result.right(start) == f"{round(accuracy * 300)} of 300 right"


@each_seed
def test_p9_from_zero_the_loss_never_improves(seed):
    result = train_from({"all weights zero": "zeros"}, seed=seed)
    before, after = result.losses["all weights zero"]
    assert before == pytest.approx(np.log(2), rel=1e-6)
    assert after >= before - 1e-6
    (trainer,) = result.trainers.values()
    probability = trainer.predict(np.random.default_rng(seed).uniform(-2, 3, size=(20_000, 2)))
    assert np.ptp(probability) == 0, "the same everywhere"
    assert abs(probability[0, 0] - 0.5) < 0.03, "and about one half"
    assert p09.STARTS["all weights zero"] == "zeros"


@pytest.fixture(scope="module")
def small_digits():
    """scikit-learn's digits, whatever is installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digits, "_packaged", lambda: None)
        patch.setattr(layer_densities, "load_digits", cache(layer_densities.load_digits))
        yield


@each_seed
def test_p10_p11_normal_weights_saturate_and_learn_less_than_xaviers(small_digits, seed):
    normal, xavier = computed("P10", seed), computed("P11", seed)
    hidden = [f"layer {i + 1}" for i in range(layer_densities.HIDDEN)]
    saturated, after = ([np.mean(np.abs(normal.outputs[when][name]) > 0.95) for name in hidden] for when in ("before", "epoch 4"))
    assert min(saturated) > 0.5, "most outputs of every layer"
    assert np.greater(after, saturated).all(), "and more after training"
    for moment in ("before", "epoch 4"):
        assert all(np.mean(np.abs(xavier.outputs[moment][layer]) > 0.95) < 0.1 for layer in hidden), "few"
    assert xavier.accuracies["epoch 4"] > normal.accuracies["epoch 4"] + 0.1
    variances = [xavier.outputs["before"][layer].var() for layer in hidden]
    assert all(0.5 < later / earlier < 1 for earlier, later in pairwise(variances)), "more than half is passed on"


@each_seed
def test_p12_to_p14_more_rows_per_step_make_the_path_straighter_and_every_epoch_slower(seed):
    batch, stochastic, mini = (computed(number, seed) for number in ("P12", "P13", "P14"))
    uphill = [float(np.mean(np.diff(result.losses) > 0)) for result in (batch, mini, stochastic)]
    assert uphill[0] == 0, "downhill at every step"
    assert min(uphill[1:]) > 0.3, "many steps lead uphill"
    assert _length(batch) < _length(mini) < _length(stochastic)
    assert stochastic.losses[-1] < batch.losses[3], "after three passes over the rows"
    assert mini.losses[-1] < batch.losses[10], "after ten"
    assert np.linalg.norm(batch.way[-1] - batch.best) < 0.02
    last = stochastic.way[-100:] - stochastic.best
    assert np.linalg.norm(last, axis=1).max() > 0.1, "does not rest"
    around = np.array(list(product(*(np.linspace(*bounds, 60) for bounds in BOUNDS))))
    for result in (batch, stochastic, mini):
        assert result.least <= min(result.losses.min(), min(map(result.loss, around)))


def _length(result: TwoWeights) -> float:
    return float(np.linalg.norm(np.diff(result.way, axis=0), axis=1).sum())


@each_seed
def test_p15_one_of_the_starts_solves_the_exclusive_or_and_no_perceptron_does(seed):
    result = computed("P15", seed)
    np.testing.assert_array_equal(result.predictions.round(), [0, 1, 1, 0])
    assert (result.perceptron_right, result.network_right) == ("3 of 4 right", "4 of 4 right")
    assert 1 <= result.num_solved <= len(result.losses) == 8
    assert f"From {result.num_solved} of the 8 starts" in str(result)


def test_p7_without_clipping_the_way_is_thrown_again_and_again_and_ends_worse():
    without, clipped = computed("P7", 0).descents.values()
    assert without.value > 10 * clipped.value
    assert (without.values[3:] > clipped.values[3:]).all(), "after the first throw it is worse at every step"
    throws = (without.values[1:] > 2 * without.values[:-1]).sum()
    assert throws >= 5
    assert without.values.max() > 6 * without.values[0]
    assert without.gradient_norms.max() > 20 * without.gradient_norms[0]
    assert clipped.values.max() == clipped.values[0], "never worse than the start"
    assert clipped.num_clipped == clipped.num_steps
    lengths = np.linalg.norm(np.diff(clipped.points, axis=0), axis=1)
    np.testing.assert_allclose(lengths, 0.005)
    assert np.linalg.norm(np.diff(without.points, axis=0), axis=1).max() > 1


def test_p2_the_left_descent_ends_in_the_deeper_valley_with_shorter_steps_near_the_bottom():
    left, right = computed("P2", 0).descents.values()
    assert left.converged
    assert right.converged
    assert left.value < right.value
    for way in (left, right):
        assert np.abs(np.diff(way.points[:, 0]))[-1] < 0.01 * np.abs(np.diff(way.points[:, 0])).max()


@pytest.mark.parametrize("number", ["P3", "P8", "P9", "P10", "P11", "P15"])
def test_no_share_is_rounded_up(small_digits, number):
    text = str(computed(number, 0))
    assert not re.search(r"\b100(\.0)?%", text) or number in ("P10", "P11")
    for right, total in re.findall(r"([\d,]+) of ([\d,]+) right", text):
        assert int(right.replace(",", "")) <= int(total.replace(",", ""))
