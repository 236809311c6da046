"""L7: how many hidden units does this function need?"""

from __future__ import annotations

import numpy as np
import pytest

from lamina import LBFGS, width_sweep
from lamina.analysis import WidthSweep
from lamina.analysis.width_sweep import _enough
from lamina.errors import DataError, InvalidSettingError


def test_a_straight_line_needs_one_unit_and_a_wave_needs_more() -> None:
    line = width_sweep(lambda X: 0.2 * X[:, 0], widths=(1, 8), seeds=2, max_epochs=80)
    wave = width_sweep(lambda X: np.sin(4 * X[:, 0]), widths=(1, 8), seeds=2, max_epochs=80)
    assert line.means[0] < 0.01
    assert wave.means[0] > 10 * wave.means[1]


@pytest.mark.parametrize("seed", range(20))
def test_the_widest_is_never_enough_where_the_error_still_falls(seed: int) -> None:
    settings = {"seeds": (seed, seed + 20), "max_epochs": 40}
    wave = width_sweep(lambda X: np.sin(4 * X[:, 0]), widths=(1, 8), **settings)  # type: ignore[arg-type]
    assert wave.enough is None
    assert "Not enough was tried" in str(wave)
    assert "are enough" not in str(wave)


@pytest.mark.parametrize("seed", range(20))
def test_enough_means_that_no_wider_one_of_those_tried_was_better_by_more_than_the_tolerance(seed: int) -> None:
    rng = np.random.default_rng(seed)
    widths, tolerance = np.array([1, 2, 4, 8, 16]), float(rng.uniform(0, 0.5))
    errors = rng.gamma(2.0, size=(5, 3)) * np.sort(rng.gamma(1.0, size=(5, 1)), axis=0)[::-1]
    sweep = WidthSweep(widths, errors, _enough(widths.tolist(), errors, tolerance), tolerance)
    best = int(np.argmin(sweep.means))
    near = sweep.means <= sweep.means[best] + max(sweep.standard_errors[best], tolerance * sweep.means[best])
    smallest = int(widths[near][0])
    assert sweep.enough == (None if smallest == 16 else smallest)


def test_threads_change_nothing_but_the_time() -> None:
    def run(n_jobs: int) -> np.ndarray:
        return width_sweep(lambda X: X[:, 0] ** 2, widths=(2, 3), seeds=(4, 5), max_epochs=10, n_jobs=n_jobs).errors

    np.testing.assert_array_equal(run(1), run(4))


def test_classes_of_ones_own_data_are_swept_too() -> None:
    X = np.random.default_rng(0).normal(size=(120, 2))
    sweep = width_sweep((X, (X[:, 0] > 0).astype(int)), (1, 2), 1, loss="softmax_cross_entropy", max_epochs=60)
    assert sweep.means[0] < np.log(2) / 2
    assert sweep.standard_errors.tolist() == [0.0, 0.0]


def test_enough_is_the_smallest_width_within_one_standard_error_of_the_best() -> None:
    errors = np.array([[9.0, 9.0], [1.4, 1.6], [1.0, 2.0], [1.0, 1.8]])
    assert _enough([1, 2, 4, 8], errors) == 2  # best mean 1.4, standard error 0.4
    assert _enough([1, 2, 4], errors[:3]) == 2
    assert _enough([1, 2], errors[:2]) is None
    assert _enough([1, 2, 4, 8], np.array([[np.inf, 1.0], [5.0, 5.0], [2.0, 2.0], [3.0, 3.0]])) == 4


def test_the_tolerance_is_a_share_of_the_lowest_error() -> None:
    errors = np.array([[1.3], [1.15], [1.05], [1.0]])
    assert [_enough([1, 2, 4, 8], errors, tolerance) for tolerance in (0.0, 0.06, 0.2, 0.31)] == [None, 4, 2, 1]


def test_a_width_that_diverged_shows_of_none_that_it_is_enough() -> None:
    errors = np.array([[5.0], [2.0], [np.inf]])
    sweep = WidthSweep(np.array([1, 2, 4]), errors, _enough([1, 2, 4], errors))
    assert sweep.enough is None
    assert "wider networks diverged" in str(sweep)


def test_widths_that_diverged_are_named_also_where_narrower_ones_are_enough() -> None:
    sweep = WidthSweep(np.array([1, 2, 4, 8]), np.array([[2.0], [1.0], [1.0], [np.inf]]), 2)
    assert "2 hidden units are enough" in str(sweep)
    assert "Runs diverged with 8 hidden units, of which nothing is known" in str(sweep)


def test_targets_of_one_class_are_learned_and_wrong_class_indices_are_refused_as_in_training() -> None:
    X = np.arange(20.0)[:, None]
    assert width_sweep((X, np.zeros(20)), (1,), 1, loss="softmax_cross_entropy", max_epochs=5).errors[0, 0] < np.log(2)
    for wrong in (-1.0, 0.5, np.nan):
        with pytest.raises(DataError, match="y must hold"):
            width_sweep((X, np.full(20, wrong)), (1,), 1, loss="softmax_cross_entropy")


def test_a_number_of_seeds_may_be_numpy_s() -> None:
    assert width_sweep(lambda X: X[:, 0], (1,), np.int64(2), max_epochs=1).errors.shape == (1, 2)  # type: ignore[arg-type]


def test_the_result_answers_in_words_with_its_rule() -> None:
    sweep = WidthSweep(np.array([1, 2, 4]), np.array([[2.0, 2.2], [1.0, 1.1], [1.0, 1.1]]), 2, tolerance=0.05)
    answer = "2 hidden units are enough: the smallest width whose mean error is within one standard error or 5 % of the lowest"
    assert answer in str(sweep)
    assert sweep.to_frame()["mean error"].tolist() == [2.1, 1.05, 1.05]


def test_one_unit_is_enough_for_a_line_whatever_the_seed() -> None:
    for seed in range(20):
        sweep = width_sweep(lambda X: 0.2 * X[:, 0], (1, 2), (seed,), tolerance=1e9, max_epochs=30, n_jobs=1)
        assert sweep.enough == 1
        assert "1 hidden unit is enough" in str(sweep)


def test_a_function_of_several_inputs_gets_as_many_as_its_bounds() -> None:
    seen = []
    width_sweep(lambda X: seen.append(X) or X.sum(axis=1), (1,), 1, low=(0, -2, 5), high=(1, 2, 6), num_points=50, max_epochs=1)
    (X,) = seen
    assert X.shape == (50, 3)
    assert (X.min(axis=0) >= (0, -2, 5)).all()
    assert (X.max(axis=0) <= (1, 2, 6)).all()


@pytest.mark.parametrize(
    "setting",
    [
        {"widths": (0,)},
        {"widths": ()},
        {"seeds": 0},
        {"seeds": ()},
        {"validation_fraction": 1.0},
        {"n_jobs": 0},
        {"num_points": 3},
        {"max_epochs": 0},
        {"tolerance": -0.1},
    ],
)
def test_settings_out_of_range_are_refused(setting: dict[str, object]) -> None:
    with pytest.raises(InvalidSettingError, match=next(iter(setting))):
        width_sweep(lambda X: X[:, 0], **setting)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "problem",
    [3, (np.ones((20, 2)), np.ones(19)), (np.ones(20), np.ones(20)), (np.ones((20, 2)), 1.0), (np.ones((20, 2)), ["a"] * 20)],
)
def test_what_is_neither_a_function_nor_data_is_refused(problem: object) -> None:
    with pytest.raises(DataError):
        width_sweep(problem)  # type: ignore[arg-type]


def test_bounds_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(DataError, match="low must be finite and less than high"):
        width_sweep(lambda X: X[:, 0], low=1.0, high=-1.0)


def test_a_function_that_returns_too_few_values_is_refused() -> None:
    with pytest.raises(DataError, match="Work on columns"):
        width_sweep(lambda X: X[:3, 0])


def test_l_bfgs_needs_neither_a_learning_rate_nor_batches() -> None:
    named, given = (width_sweep(_sine, (1, 3), 1, optimizer=each, max_epochs=20, num_points=40) for each in ("lbfgs", LBFGS()))
    np.testing.assert_array_equal(named.errors, given.errors)
    assert named.means[1] < named.means[0]
    for setting in ({"learning_rate": 0.5}, {"batch_size": 8}):
        with pytest.raises(InvalidSettingError, match=next(iter(setting))):
            width_sweep(_sine, (1, 3), 1, optimizer="lbfgs", max_epochs=2, num_points=40, **setting)


def _sine(X: np.ndarray) -> np.ndarray:
    return np.sin(3 * X[:, 0])


def test_nothing_is_enough_where_nothing_was_learned():
    rng = np.random.default_rng(0)
    sweep = width_sweep((rng.normal(size=(200, 2)), rng.normal(size=200)), [1, 2, 4], seeds=2, max_epochs=20)
    assert sweep.learned_nothing and sweep.enough is None
    assert "Nothing was learned: a constant prediction has an error of" in str(sweep)
    learned = width_sweep(lambda X: np.sin(3 * X[:, 0]), [1, 4], seeds=2, max_epochs=200)
    assert not learned.learned_nothing and learned.means.min() < 0.5 * learned.constant
