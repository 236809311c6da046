"""Rounding to bfloat16: every pattern of bits, on every array library; and what of a dense layer is rounded."""

import numpy as np
import pytest
from scipy import sparse

from lamina.engine.formulas.bfloat16 import FEW_OUTPUTS, bfloat16, operands
from lamina.engine.formulas.dense import dense_backward, dense_forward
from lamina.engine.formulas.grouped_dense import grouped_dense_backward, grouped_dense_forward

RNG = np.random.default_rng(9)


def _from_bits(bits):
    return np.asarray(bits, dtype=np.uint32).view(np.float32)


def _by_bits(x):
    """The nearest upper half of a float32, in a tie the even one."""
    bits = x.view(np.uint32).astype(np.uint64)
    rounded = _from_bits((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000)
    return np.where(np.isnan(x), x, rounded)


def _random(*shape):
    return RNG.normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("lower", [0x0000, 0x0001, 0x7FFF, 0x8000, 0x8001, 0xFFFF])
def test_every_number_becomes_the_nearest_and_a_tie_the_even_one(xp, lower):
    x = _from_bits(np.arange(1 << 16, dtype=np.uint32) << 16 | lower)
    with np.errstate(all="ignore"):  # what lies beyond the largest number becomes infinite
        found = np.asarray(bfloat16(xp.asarray(x)))
    np.testing.assert_array_equal(found, _by_bits(x))
    assert found.dtype == np.float32


def test_random_numbers_of_any_size_are_rounded_as_their_bits_are():
    x = _from_bits(RNG.integers(0, 1 << 32, 1 << 18, dtype=np.uint64))
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(bfloat16(x), _by_bits(x))


def test_nan_stays_nan_and_what_is_too_large_becomes_infinite():
    with np.errstate(over="ignore"):
        found = bfloat16(np.array([np.nan, np.inf, -np.inf, 3.4e38, -3.4e38, 3.3895e38], dtype=np.float32))
    np.testing.assert_array_equal(found[:5], [np.nan, np.inf, -np.inf, np.inf, -np.inf])
    assert np.isfinite(found[5])


def test_a_dense_layer_rounds_both_operands_of_its_three_products_and_nothing_else():
    x, weight, bias, d_out = _random(7, 6), _random(6, 9), _random(9), _random(7, 9)
    np.testing.assert_array_equal(dense_forward(x, weight, bias, mixed=True), bfloat16(x) @ bfloat16(weight) + bias)
    d_x, d_weight, d_bias = dense_backward(d_out, x, weight, mixed=True)
    np.testing.assert_array_equal(d_x, bfloat16(d_out) @ bfloat16(weight).T)
    np.testing.assert_array_equal(d_weight, bfloat16(x).T @ bfloat16(d_out))
    np.testing.assert_array_equal(d_bias, d_out.sum(axis=0))


def test_each_group_is_rounded_as_a_dense_layer_is():
    x, weight, bias, d_out = _random(7, 8), _random(2, 4, 9), _random(2, 9), _random(7, 18)
    out = grouped_dense_forward(x, weight, bias, mixed=True)
    d_x, d_weight, d_bias = grouped_dense_backward(d_out, x, weight, mixed=True)
    for g, (own, to) in enumerate(((slice(4), slice(9)), (slice(4, 8), slice(9, 18)))):
        d_x_g, d_weight_g, d_bias_g = dense_backward(d_out[:, to], x[:, own], weight[g], mixed=True)
        np.testing.assert_allclose(out[:, to], dense_forward(x[:, own], weight[g], bias[g], mixed=True), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(d_x[:, own], d_x_g, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(d_weight[g], d_weight_g, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(d_bias[g], d_bias_g, rtol=1e-5)


def test_few_outputs_sparse_rows_and_full_precision_are_not_rounded():
    x, weight = _random(7, 6), _random(6, 9)
    assert operands(x, weight, columns=9, mixed=False) == (x, weight)
    assert operands(x, weight, columns=FEW_OUTPUTS, mixed=True) == (x, weight)
    rows = sparse.csr_array(x)
    assert operands(rows, weight, columns=9, mixed=True) == (rows, weight)
