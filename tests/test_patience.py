"""The counter of epochs without an improvement, under each framework's rule."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from lamina.patience import CONVENTIONS, Patience

SEQUENCES = 500


def keras_stop(values: list[float], patience: int, min_delta: float, mode: str) -> int | None:
    """The epoch, from 0, in which Keras' EarlyStopping ends the training: written after ``keras.callbacks.EarlyStopping``."""
    better, delta = (np.less, -min_delta) if mode == "min" else (np.greater, min_delta)
    best, wait = None, 0
    for epoch, current in enumerate(values):
        wait += 1
        if best is None or better(current - delta, best):
            best, wait = current, 0
        elif wait >= patience and epoch > 0:
            return epoch
    return None


def torch_counts(values: list[float], threshold: float, mode: str, relative: bool) -> list[int]:
    """``num_bad_epochs`` of torch's ReduceLROnPlateau that never comes to cut."""
    best, bad, counts = math.inf if mode == "min" else -math.inf, 0, []
    for value in values:
        if mode == "min":
            better = value < (best * (1 - threshold) if relative else best - threshold)
        else:
            better = value > (best * (threshold + 1) if relative else best + threshold)
        best, bad = (value, 0) if better else (best, bad + 1)
        counts.append(bad)
    return counts


def scikit_learn_counts(values: list[float], tol: float, mode: str) -> list[int]:
    """``_no_improvement_count`` of scikit-learn's networks: of losses, or of validation scores."""
    best, count, counts = math.inf if mode == "min" else -math.inf, 0, []
    for value in values:
        worse = value > best - tol if mode == "min" else value < best + tol
        count = count + 1 if worse else 0
        best = min(best, value) if mode == "min" else max(best, value)
        counts.append(count)
    return counts


def script(seed: int) -> tuple[list[float], float, str]:
    """Forty numbers on a grid, so that some are equal, and steps that are often exactly the threshold."""
    rng = np.random.default_rng(seed)
    steps = rng.choice([0.0, 1 / 64, 1 / 32, 1 / 16, -1 / 16], size=40, p=[0.3, 0.2, 0.2, 0.1, 0.2])
    mode = "min" if rng.integers(2) else "max"
    values = 4.0 - np.cumsum(steps) if mode == "min" else 1.0 + np.cumsum(steps)
    values[1:][rng.random(39) < 0.05] = rng.choice([math.nan, math.inf if mode == "min" else -math.inf])
    return values.tolist(), float(rng.choice([0.0, 1 / 64, 1 / 32, 1 / 8])), mode


def counts_of(counter: Patience, values: list[float]) -> list[int]:
    counts = []
    for value in values:
        counter.note(value)
        counts.append(counter.count)
    return counts


@pytest.mark.parametrize("patience", [0, 1, 2, 5])
def test_kerass_rule_ends_in_the_epoch_in_which_keras_does(patience):
    for seed in range(SEQUENCES):
        values, tol, mode = script(seed)
        counter, end = Patience(patience, tol, "keras", mode=mode), None
        for epoch, value in enumerate(values):
            counter.note(value)
            if counter.is_over:
                end = epoch
                break
        assert end == keras_stop(values, patience, tol, mode), seed


@pytest.mark.parametrize("relative", [False, True])
def test_torchs_rule_counts_as_torch_does(relative):
    for seed in range(SEQUENCES):
        values, tol, mode = script(seed)
        counts = counts_of(Patience(math.inf, tol, "torch", mode=mode, relative=relative), values)
        assert counts == torch_counts(values, tol, mode, relative), seed


def test_scikit_learns_rule_counts_as_scikit_learn_does():
    for seed in range(SEQUENCES):
        values, tol, mode = script(seed)
        values = [value for value in values if not math.isnan(value)]
        assert counts_of(Patience(math.inf, tol, "scikit-learn", mode=mode), values) == scikit_learn_counts(values, tol, mode), (
            seed
        )


@pytest.mark.parametrize(("convention", "improved"), [("keras", False), ("torch", False), ("scikit-learn", True)])
def test_an_equal_value_counts_for_scikit_learn_alone(convention, improved):
    counter = Patience(3, 0.0, convention)
    assert [counter.note(0.5), counter.note(0.5)] == [True, improved]


@pytest.mark.parametrize(("convention", "improved"), [("keras", 3), ("torch", 3), ("scikit-learn", 0)])
def test_small_steps_add_up_where_the_best_waits_for_them(convention, improved):
    counter = Patience(3, 0.25, convention)
    counter.note(2.0)
    assert sum(counter.note(2.0 - step / 8) for step in range(1, 10)) == improved


@pytest.mark.parametrize("best", [-2.0, 0.0, 2.0])
@pytest.mark.parametrize("mode", ["min", "max"])
def test_a_share_of_the_best_is_never_a_step_backwards(best, mode):
    sign = 1 if mode == "max" else -1
    counter = Patience(3, 0.1, "keras", mode=mode, relative=True)
    counter.note(best)
    bar = 0.1 * abs(best)
    assert [counter.note(best), counter.note(best + sign * bar)] == [False, False]
    assert counter.note(best + sign * (bar + 0.01))


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("mode", ["min", "max"])
def test_nan_is_no_improvement_and_never_the_best(convention, mode):
    counter = Patience(1, 0.0, convention, mode=mode)
    assert not counter.note(math.nan)
    assert counter.note(1.0)
    assert not counter.note(math.nan)
    assert (counter.best, counter.count) == (1.0, 1)


@pytest.mark.parametrize(("convention", "epochs"), [("keras", 3), ("torch", 4), ("scikit-learn", 4)])
def test_the_epochs_that_are_left_are_those_that_it_takes(convention, epochs):
    counter = Patience(3, 0.5, convention)
    counter.note(1.0)
    left = []
    while not counter.is_over:
        left.append(counter.epochs_left)
        counter.note(1.0)
    assert left == list(range(epochs, 0, -1))


def test_patience_without_end_is_never_over():
    counter = Patience(math.inf, 0.0, "scikit-learn")
    for _ in range(100):
        counter.note(math.nan)
    assert not counter.is_over and counter.epochs_left == math.inf


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_what_is_stored_goes_on_where_it_was(convention):
    counter, other = Patience(3, 0.1, convention), Patience(3, 0.1, convention)
    for value in (1.0, 0.95, 0.94):
        counter.note(value)
    other.load_state(json.loads(json.dumps(counter.state())))
    assert (other.best, other.count) == (counter.best, counter.count)


@pytest.mark.parametrize(
    ("tol", "settings", "epochs", "words"),
    [
        (0.0, {}, 1, "did not improve for 1 epoch"),
        (0.5, {}, 2, "did not improve by more than 0.5 for 2 epochs"),
        (0.005, {"relative": True}, 2, "did not improve by more than 0.5 % for 2 epochs"),
        (0.5, {"convention": "scikit-learn"}, 1, "did not improve by 0.5 or more in 1 epoch"),
        (0.5, {"convention": "scikit-learn"}, 3, "did not improve by 0.5 or more in any of 3 epochs in a row"),
        (0.0, {"convention": "scikit-learn"}, 2, "did not reach its best again in any of 2 epochs in a row"),
    ],
)
def test_the_finding_says_what_was_measured(tol, settings, epochs, words):
    counter = Patience(9, tol, **{"convention": "keras", **settings})
    for value in (1.0, *[1.1] * epochs):
        counter.note(value)
    assert counter.finding() == words


def test_the_finding_counts_steps_where_there_are_no_epochs():
    counter = Patience(9, 0.0, "torch")
    for _ in range(3):
        counter.note(1.0)
    assert counter.finding("step") == "did not improve for 2 steps"
