"""The compiled loop of Rosenblatt's rule does what the reference does: any layout, size, order and penalty."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from lamina.engine import PerceptronRows, PerceptronRule
from lamina.engine.native_perceptron import NativePerceptron
from lamina.engine.reference.perceptron import ReferencePerceptron

RULES = [
    PerceptronRule(0.5),
    PerceptronRule(0.5, bias_rate=0.0),
    PerceptronRule(0.5, bias_rate=0.01, alpha=0.02),
    PerceptronRule(0.5, alpha=0.02, l1_ratio=1.0),
    PerceptronRule(0.5, alpha=1.9, l1_ratio=0.4),
    PerceptronRule(1.0, alpha=5.0),  # every step sets all weights to zero
]


def data(num_rows, width, layout=np.asarray, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(num_rows, width)) * (rng.random((num_rows, width)) < 0.7)
    target = np.where(X @ np.ones(width) + rng.normal(size=num_rows) > 0, 1.0, -1.0)
    weight = rng.uniform(0.5, 2.0, num_rows)
    return PerceptronRows(layout(X.astype(dtype)), target, weight, np.flatnonzero(rng.random(num_rows) < 0.9))


def wide(X):
    """Compressed rows with indices of 64 bits."""
    rows = sparse.csr_array(X)
    rows.indices, rows.indptr = rows.indices.astype(np.int64), rows.indptr.astype(np.int64)
    return rows


def assert_same(rows, rule, *, rtol=1e-9, **call):
    start = np.random.default_rng(1).normal(size=rows.X.shape[1] + 1)
    units = [kind(rows, rule, start.astype(rows.X.dtype)) for kind in (NativePerceptron, ReferencePerceptron)]
    native, reference = (unit.learn(**call) for unit in units)
    assert native.mistakes == reference.mistakes
    np.testing.assert_array_equal(native.places, reference.places)
    np.testing.assert_allclose(native.losses, reference.losses, rtol=rtol)
    np.testing.assert_allclose(units[0].weights, units[1].weights, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("layout", [np.asarray, sparse.csr_array, wide])
@pytest.mark.parametrize("num_rows", [3, 8, 61])
def test_epochs_with_orders_of_their_own_are_the_references(rule, layout, num_rows):
    assert_same(data(num_rows, 5, layout), rule, seed=7, first_epoch=2, epochs=4)


@pytest.mark.parametrize("width", [0, 1, 17, 300])
def test_rows_of_any_width_are_learnt(width):
    assert_same(data(30, width), PerceptronRule(0.5), epochs=2)


def test_float32_is_learnt_in_float32():
    assert_same(data(40, 6, dtype=np.float32), PerceptronRule(0.5), epochs=2, rtol=1e-4)


def test_an_order_may_be_given():
    rows = data(40, 6)
    assert_same(rows, PerceptronRule(0.5), order=rows.rows[::-1].copy())


def test_epochs_of_several_calls_are_those_of_one():
    rows, rule, start = data(50, 4), PerceptronRule(0.5, alpha=0.01, l1_ratio=0.5), np.zeros(5)
    at_once, bit_by_bit = (NativePerceptron(rows, rule, start) for _ in range(2))
    losses = at_once.learn(seed=3, epochs=6).losses
    found = [bit_by_bit.learn(seed=3, first_epoch=epoch).losses for epoch in range(6)]
    assert losses == [loss for losses in found for loss in losses]
    np.testing.assert_array_equal(at_once.weights, bit_by_bit.weights)


def test_epochs_after_one_without_a_mistake_are_counted_and_change_nothing():
    rows = PerceptronRows(np.array([[1.0], [-1.0]]), np.array([1.0, -1.0]), np.ones(2), np.arange(2))
    unit = NativePerceptron(rows, PerceptronRule(1.0), np.zeros(2))
    unit.learn(epochs=3)
    before = unit.weights
    assert unit.learn(epochs=5).mistakes == [0] * 5
    np.testing.assert_array_equal(unit.weights, before)


@pytest.mark.parametrize("kind", [NativePerceptron, ReferencePerceptron])
def test_weights_that_overflow_end_the_epochs(kind):
    rows = PerceptronRows(np.array([[1e300], [1e300]]), np.array([1.0, -1.0]), np.ones(2), np.arange(2))
    with np.errstate(over="ignore", invalid="ignore"):
        found = kind(rows, PerceptronRule(1e300), np.zeros(2)).learn(epochs=5)
    assert (found.is_finite, len(found.losses)) == (False, 1)
