"""The verdict on linear separability (L2): right on data whose answer is known, and never without a proof that holds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from lamina import linear_separability
from lamina.errors import DataError, InvalidSettingError
from lamina.estimators.perceptron.certificates import CommonPoint, SeparatingPlane

SQUARE = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


@pytest.mark.parametrize("truth", range(1, 15))
def test_of_the_boolean_functions_of_two_inputs_only_two_are_not_separable(truth):
    y = np.array([truth >> i & 1 for i in range(4)])
    verdict = linear_separability(SQUARE, y)
    assert verdict.separable is (truth not in (0b0110, 0b1001))
    assert verdict.verify(SQUARE, y)


@given(
    num_features=st.integers(1, 6),
    num_rows=st.integers(2, 40),
    seed=st.integers(0, 2**32 - 1),
    exponent=st.integers(-6, 6),
    offset=st.sampled_from([0.0, 1e3]),
)
def test_rows_that_a_plane_has_labeled_are_separable(num_features, num_rows, seed, exponent, offset):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(num_rows, num_features))
    side = X @ rng.normal(size=num_features) + 0.1 * rng.normal()
    side += np.where(side > 0, 0.01, -0.01)
    y = np.where(side > np.median(side), "above", "below")
    if len(set(y)) < 2:
        return
    X = X * 10.0**exponent + offset * 10.0**exponent
    verdict = linear_separability(X, y)
    assert verdict.separable is True, str(verdict)
    assert verdict.verify(X, y)


@given(num_features=st.integers(1, 6), num_rows=st.integers(0, 40), seed=st.integers(0, 2**32 - 1), exponent=st.integers(-6, 6))
def test_rows_with_a_common_point_are_not_separable(num_features, num_rows, seed, exponent):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(num_rows, num_features))
    ends = rng.normal(size=(4, num_features))
    ends[3] = ends[0] + ends[1] - ends[2]  # two segments with the same middle
    X, y = np.vstack([X, ends]) * 10.0**exponent, np.append(rng.integers(0, 2, num_rows), [0, 0, 1, 1])
    verdict = linear_separability(X, y)
    assert verdict.separable is False, str(verdict)
    assert verdict.verify(X, y)
    assert np.count_nonzero(verdict.certificates[1].multipliers) <= num_features + 2


def test_equal_rows_of_different_classes_are_not_separable():
    assert linear_separability([[1.0], [2.0], [1.0]], [0, 0, 1]).separable is False


def test_sparse_rows_get_the_same_verdict():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 4)) * (rng.random((50, 4)) < 0.4)
    y = rng.integers(0, 3, 50)
    thin, dense = linear_separability(sparse.csr_array(X), y), linear_separability(X, y)
    assert thin.separable is dense.separable is False
    assert thin.verify(sparse.csr_array(X), y)
    assert thin.verify(X, y)


def test_rows_of_weight_zero_do_not_count():
    y = [0, 1, 1, 0]
    verdict = linear_separability(SQUARE, y, sample_weight=[1, 1, 1, 0])
    assert verdict.separable is True
    rows = np.vstack([SQUARE, SQUARE[:1] + 5.0])
    certificate = linear_separability(rows, [0, 1, 1, 0, 1], sample_weight=[1, 1, 1, 1, 0]).certificates[1]
    assert certificate.multipliers.shape == (5,)
    assert certificate.multipliers[4] == 0.0


def test_a_constant_feature_does_no_harm():
    X = np.column_stack([SQUARE, np.full(4, 7.0)])
    assert linear_separability(X, [0, 0, 0, 1]).verify(X, [0, 0, 0, 1])
    assert linear_separability(X, [0, 1, 1, 0]).verify(X, [0, 1, 1, 0])


def test_a_certificate_does_not_hold_for_other_labels():
    separable, inseparable = linear_separability(SQUARE, [0, 0, 0, 1]), linear_separability(SQUARE, [0, 1, 1, 0])
    assert not separable.verify(SQUARE, [0, 1, 1, 0])
    assert not inseparable.verify(SQUARE, [0, 0, 0, 1])


@pytest.mark.parametrize(
    "multipliers",
    [
        [0.5, 0.5, 0.5, 0.4],  # sums to less than one
        [0.6, 0.5, 0.5, 0.4],  # the means differ
        [1.5, 0.5, 0.5, -0.5],  # no weights
    ],
)
def test_a_common_point_that_is_tampered_with_does_not_verify(multipliers):
    sign = np.array([-1.0, 1.0, 1.0, -1.0])
    good = linear_separability(SQUARE, [0, 1, 1, 0]).certificates[1]
    assert isinstance(good, CommonPoint)
    assert good.verify(SQUARE, sign)
    assert not dataclasses.replace(good, multipliers=np.array(multipliers)).verify(SQUARE, sign)


def test_a_plane_that_touches_a_row_does_not_verify():
    sign = np.array([-1.0, -1.0, -1.0, 1.0])
    assert SeparatingPlane(np.array([1.0, 1.0]), -1.5).verify(SQUARE, sign)
    assert not SeparatingPlane(np.array([1.0, 1.0]), -1.0).verify(SQUARE, sign)


def test_what_time_or_precision_leave_open_is_called_undecided():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(3000, 30)), rng.integers(0, 2, 3000)
    hurried = linear_separability(X, y, time_limit_s=1e-9)
    assert hurried.separable is None
    assert str(hurried) == "Whether class 1 is linearly separable was not decided."
    assert not hurried.verify(X, y)


@pytest.mark.parametrize("gap", [1e-8, 1e-11, 1e-13])
def test_a_gap_near_rounding_is_never_called_a_common_point_that_is_not_there(gap):
    X = np.array([[0.0], [0.5], [0.5 + gap], [1.0]])
    y = [0, 0, 1, 1]
    verdict = linear_separability(X, y)
    assert verdict.separable is not False or gap < 1e-9


def test_with_three_classes_each_is_set_against_the_others():
    X = np.array([[0.0], [1.0], [2.0]])
    verdict = linear_separability(X, ["low", "middle", "high"])
    kinds = {label: isinstance(certificate, SeparatingPlane) for label, certificate in verdict.certificates.items()}
    assert kinds == {"high": True, "low": True, "middle": False}
    assert "Class middle is not linearly separable: (1) is a weighted mean" in str(verdict)


def test_one_class_is_refused():
    with pytest.raises(DataError, match="linear_separability: y must have at least two classes, got \\[0\\]"):
        linear_separability(SQUARE, [0, 0, 0, 0])


def test_a_time_limit_of_nothing_is_refused():
    with pytest.raises(InvalidSettingError, match="time_limit_s must be None, or a number > 0, got 0"):
        linear_separability(SQUARE, [0, 1, 1, 0], time_limit_s=0)
