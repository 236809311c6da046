"""Back through a dense layer with few outputs, in one pass over its input."""

from __future__ import annotations

import numpy as np
import pytest


def _arrays(kernels, rng, rows, columns, outputs):
    """x (about half of it not positive), d_out and the weights."""
    x = kernels.array(np.maximum(rng.normal(size=(rows, columns)), 0))
    return x, kernels.array(rng.normal(size=(rows, outputs))), kernels.array(rng.normal(size=(columns, outputs)))


@pytest.mark.parametrize("relu", [False, True], ids=["plain", "relu"])
@pytest.mark.parametrize("outputs", [1, 2, 3, 4])
@pytest.mark.parametrize("columns", [1, 3, 8, 15, 33, 100, 130])
@pytest.mark.parametrize("rows", [0, 1, 37])
def test_gradients_are_the_products_and_the_sums(kernels, rng, rows, columns, outputs, relu):
    x, d_out, weight = _arrays(kernels, rng, rows, columns, outputs)
    d_x, d_weight, total = np.full_like(x, np.nan), np.full_like(weight, np.nan), kernels.empty(columns)
    kernels.narrow_backward(d_x, d_weight, total, x, d_out, weight, rows, columns, columns, outputs, False, relu)
    expected = (d_out.astype(float) @ weight.astype(float).T) * ((x > 0) if relu else 1)
    close = {"rtol": 50 * kernels.eps, "atol": 50 * kernels.eps}
    np.testing.assert_allclose(d_x, expected, **close)
    np.testing.assert_allclose(d_weight, x.astype(float).T @ d_out.astype(float), **close)
    np.testing.assert_allclose(total, expected.sum(axis=0), **close)


def test_some_columns_in_place_onto_what_is_there(kernels, rng):
    x, d_out, weight = _arrays(kernels, rng, 21, 50, 2)
    before, d_weight = x.copy(), np.ones_like(weight)
    part = slice(7, 40)
    # what starts at column 7 of each row, and at row 7 of the weights
    kernels.narrow_backward(x.ravel()[7:], d_weight[7:], None, x.ravel()[7:], d_out, weight[7:], 21, 50, 33, 2, True, True)
    expected = before.astype(float)
    expected[:, part] = ((d_out.astype(float) @ weight.astype(float).T) * (before > 0))[:, part]
    np.testing.assert_allclose(x, expected, rtol=50 * kernels.eps, atol=50 * kernels.eps)
    expected = np.ones((50, 2))
    expected[part] += (before.astype(float).T @ d_out.astype(float))[part]
    np.testing.assert_allclose(d_weight, expected, rtol=50 * kernels.eps, atol=50 * kernels.eps)


def test_an_infinite_gradient_is_found_at_a_silent_unit_too(kernels):
    x, d_out, weight = kernels.array([[0.0, 1.0]]), kernels.array([[np.inf]]), kernels.array([[1.0], [1.0]])
    d_x, d_weight, total = kernels.empty(2), kernels.empty(2), kernels.empty(2)
    kernels.narrow_backward(d_x, d_weight, total, x, d_out, weight, 1, 2, 2, 1, False, True)
    for found in (d_x, d_weight, total):
        np.testing.assert_array_equal(found, [np.nan, np.inf])
