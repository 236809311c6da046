"""Confusion matrices and curves equal scikit-learn's, and refuse what is no class or probability."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import calibration
from sklearn import metrics as sklearn_metrics

from lamina.errors import DataError, ShapeError
from lamina.metrics import area_under_curve, calibration_curve, confusion, roc_curve

SEEDS = st.integers(0, 999)


@given(rows=st.integers(1, 60), num_classes=st.integers(2, 6), seed=SEEDS, weighted=st.booleans())
def test_a_confusion_matrix_equals_scikit_learns(rows: int, num_classes: int, seed: int, weighted: bool):
    rng = np.random.default_rng(seed)
    truth, decided = rng.integers(0, num_classes, (2, rows))
    weight = rng.uniform(0.1, 2, rows) if weighted else None
    found = confusion(truth, decided, num_classes, weight)
    expected = sklearn_metrics.confusion_matrix(truth, decided, labels=range(num_classes), sample_weight=weight)
    assert found == pytest.approx(expected)
    assert found.dtype.kind == ("f" if weighted else "i")


def test_classes_without_rows_have_a_row_and_a_column_of_zeros():
    assert confusion([0, 2], [[0.0], [2.0]], 4).tolist() == [[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize(("truth", "decided"), [([0, 3], [0, 1]), ([0, -1], [0, 1]), (["a"], ["b"]), ([[0, 1]], [[0, 1]])])
def test_what_is_no_class_index_is_not_counted(truth, decided):
    with pytest.raises(DataError, match="must be one class index per row, from 0 to 2"):
        confusion(truth, decided, 3)


@given(rows=st.integers(2, 60), levels=st.integers(1, 40), seed=SEEDS, weighted=st.booleans())
def test_an_roc_curve_equals_scikit_learns(rows: int, levels: int, seed: int, weighted: bool):
    rng = np.random.default_rng(seed)
    truth, scores = rng.integers(0, 2, rows), rng.integers(0, levels, rows) / levels
    truth[:2] = 0, 1
    weight = rng.integers(0, 3, rows).astype(float) if weighted else None
    if weight is not None:
        weight[:2] = 1.0
    for found, theirs in zip(
        roc_curve(truth, scores, weight), sklearn_metrics.roc_curve(truth, scores, sample_weight=weight), strict=True
    ):
        assert found == pytest.approx(theirs)


def test_the_area_under_an_roc_curve_is_the_metric_of_that_name():
    rng = np.random.default_rng(0)
    truth, p = rng.integers(0, 2, 200), rng.random(200).round(1)
    curve = roc_curve(truth, p)
    area = np.trapezoid(curve.true_positive_rate, curve.false_positive_rate)
    assert area == pytest.approx(area_under_curve(truth, np.column_stack([1 - p, p])))


def test_a_rate_of_no_rows_is_not_a_number():
    curve = roc_curve([True, True], [0.2, 0.4])
    assert np.isnan(curve.false_positive_rate).all()
    assert curve.true_positive_rate.tolist() == [0.0, 0.5, 1.0]


@given(rows=st.integers(1, 80), bins=st.integers(1, 12), digits=st.integers(1, 6), seed=SEEDS)
def test_a_calibration_curve_equals_scikit_learns(rows: int, bins: int, digits: int, seed: int):
    rng = np.random.default_rng(seed)
    truth, p = rng.integers(0, 2, rows), rng.random(rows).round(digits)
    truth[0] = 0
    if rows > 1:
        truth[1] = 1  # theirs takes a lone class for the first
    observed, predicted = calibration.calibration_curve(truth, p, n_bins=bins)
    found = calibration_curve(truth, p, bins)
    assert found.observed == pytest.approx(observed)
    assert found.predicted == pytest.approx(predicted)
    assert found.counts.sum() == rows
    assert (found.low >= 0).all()
    assert (found.low <= found.observed).all()
    assert (found.observed <= found.high).all()
    assert (found.high <= 1).all()


def test_the_intervals_are_wilsons():
    curve = calibration_curve([1] * 3 + [0] * 7, [0.5] * 10, 1)  # Brown, Cai & DasGupta 2001 give these for 3 of 10
    assert (curve.low[0], curve.high[0]) == (pytest.approx(0.10779, abs=1e-5), pytest.approx(0.60322, abs=1e-5))


@pytest.mark.parametrize("curve", [roc_curve, calibration_curve])
def test_a_curve_refuses_what_is_not_one_class(curve):
    with pytest.raises(DataError, match=r"the truth must be 0 or 1, got 2\.0\. Compare the labels"):
        curve([0, 2], [0.5, 0.5])
    with pytest.raises(DataError, match="must be numbers"):
        curve([0, 1], [0.5, np.nan])
    with pytest.raises(ShapeError, match="must have 1 column"):
        curve([[0, 1], [0, 1]], [[0.5, 0.5], [0.5, 0.5]])
    with pytest.raises(DataError, match=r"must be in \[0, 1\]"):
        calibration_curve([0, 1], [0.5, 1.5])
