"""The scores of early stopping equal scikit-learn's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, r2_score

from lamina.metrics import accuracy, r2


@given(rows=st.integers(2, 30), columns=st.integers(1, 4), seed=st.integers(0, 999), weighted=st.booleans())
def test_scores_equal_those_of_scikit_learn(rows: int, columns: int, seed: int, weighted: bool) -> None:
    rng = np.random.default_rng(seed)
    weight = rng.uniform(0.1, 2, rows) if weighted else None
    truth, predicted = rng.integers(0, 2, (2, rows, columns))
    assert accuracy(truth, predicted, weight) == pytest.approx(accuracy_score(truth, predicted, sample_weight=weight))
    truth, predicted = rng.normal(size=(2, rows, columns))
    assert r2(truth, predicted, weight) == pytest.approx(r2_score(truth, predicted, sample_weight=weight))


@pytest.mark.parametrize("size", [2.0**-700, 2.0**900])
def test_the_coefficient_of_determination_does_not_depend_on_the_unit(size: float) -> None:
    truth, predicted = np.random.default_rng(0).normal(size=(2, 20, 3))
    with np.errstate(all="raise"):
        assert r2(truth * size, predicted * size) == r2(truth, predicted)


@pytest.mark.parametrize("predicted", [[2.0, 2.0, 2.0], [2.0, 2.0, 3.0]])
def test_a_constant_target_scores_as_in_scikit_learn(predicted: list[float]) -> None:
    truth, given_ = np.full((3, 1), 2.0), np.array(predicted)[:, None]
    assert r2(truth, given_) == r2_score(truth, given_)


def test_a_prediction_that_is_not_finite_has_no_score() -> None:
    assert math.isnan(r2(np.ones((2, 1)), np.array([[1.0], [np.inf]])))


@pytest.mark.parametrize(("far", "expected"), [(1e100, -8e199), (1e250, -math.inf), (1.7e308, -math.inf)])
def test_predictions_however_far_off_never_pass_for_the_mean(far, expected):
    """The targets' squares about their mean add up to 5, the errors' to 4 far^2."""
    assert r2(np.array([[1.0], [2.0], [3.0], [4.0]]), np.full((4, 1), far)) == pytest.approx(expected)
