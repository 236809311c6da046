"""Batch norm, layer norm and dropout of the native kernels."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.engine.randomness import DROPOUT, keep_mask

SHAPES = [(2, 1), (7, 5), (300, 20), (3, 130), (1000, 3), (40, 300)]


def affine(kernels, rng, width, given):
    return (kernels.array(rng.normal(size=width)), kernels.array(rng.normal(size=width))) if given else (None, None)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("given", [True, False])
def test_batch_norm_forward_and_its_running_statistics(kernels, rng, shape, given):
    n, width = shape
    x, (gamma, beta) = kernels.array(rng.normal(3, 2, shape)), affine(kernels, rng, width, given)
    out, normalized, inverse = np.empty_like(x), np.empty_like(x), kernels.empty(width)
    mean, variance = kernels.array(np.full(width, 5.0)), kernels.array(np.full(width, 2.0))
    kernels.batch_norm_forward(out, normalized, inverse, mean, variance, x, gamma, beta, n, width, 0.9, 1e-3)
    wide = x.astype(np.float64)
    z = (wide - wide.mean(0)) / np.sqrt(wide.var(0) + 1e-3)
    tolerance = {"rtol": 100 * kernels.eps, "atol": 100 * kernels.eps}
    np.testing.assert_allclose(normalized, z, **tolerance)
    np.testing.assert_allclose(out, z * gamma + beta if given else z, **tolerance)
    np.testing.assert_allclose(inverse, 1 / np.sqrt(wide.var(0) + 1e-3), **tolerance)
    np.testing.assert_allclose(mean, 0.9 * 5 + 0.1 * wide.mean(0), **tolerance)
    np.testing.assert_allclose(variance, 0.9 * 2 + 0.1 * wide.var(0), **tolerance)
    kernels.batch_norm_inference(out, x, gamma, beta, mean, variance, n, width, 1e-3)
    z = (wide - mean) / np.sqrt(variance.astype(np.float64) + 1e-3)
    np.testing.assert_allclose(out, z * gamma + beta if given else z, **tolerance)


def test_batch_norm_leaves_running_statistics_alone_when_there_are_none(kernels, rng):
    x = kernels.array(rng.normal(size=(4, 3)))
    out, inverse = np.empty_like(x), kernels.empty(3)
    kernels.batch_norm_forward(out, np.empty_like(x), inverse, None, None, x, None, None, 4, 3, 0.9, 1e-5)
    np.testing.assert_allclose(out.mean(0), 0, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("axis", [0, 1])
def test_backward_of_norms_is_the_derivative_along_a_random_direction(kernels, rng, shape, given, axis):
    n, width = shape
    x, d_out = kernels.array(rng.normal(size=shape)), kernels.array(rng.normal(size=shape))
    gamma, beta = affine(kernels, rng, width, given)
    normalized, inverse = np.empty_like(x), kernels.empty(width if axis == 0 else n)
    d_x, d_gamma, d_beta = np.empty_like(x), kernels.array(np.ones(width)), kernels.array(np.ones(width))
    back = (d_x, d_gamma if given else None, d_beta if given else None, d_out, normalized, inverse, gamma, n, width)
    if axis == 0:
        kernels.batch_norm_forward(np.empty_like(x), normalized, inverse, None, None, x, gamma, beta, n, width, 0.9, 0.1)
        kernels.batch_norm_backward(*back)
    else:
        kernels.layer_norm_forward(np.empty_like(x), normalized, inverse, x, gamma, beta, n, width, 0.1)
        kernels.layer_norm_backward(*back)

    def objective(values):
        z = (values - values.mean(axis, keepdims=True)) / np.sqrt(values.var(axis, keepdims=True) + 0.1)
        return np.sum(d_out * (z * gamma + beta if given else z))

    wide, direction = x.astype(np.float64), rng.normal(size=shape)
    wanted = (objective(wide + 1e-5 * direction) - objective(wide - 1e-5 * direction)) / 2e-5
    np.testing.assert_allclose(np.sum(d_x * direction), wanted, rtol=1e-6, atol=2000 * kernels.eps * np.sqrt(x.size))
    if given:
        np.testing.assert_allclose(
            d_beta, 1 + d_out.astype(np.float64).sum(0), rtol=1e-5, atol=1e-4 if kernels.eps > 1e-10 else 1e-10
        )
        np.testing.assert_allclose(
            d_gamma, 1 + (d_out * normalized.astype(np.float64)).sum(0), rtol=1e-5, atol=1e-4 if kernels.eps > 1e-10 else 1e-10
        )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("given", [True, False])
def test_layer_norm_forward(kernels, rng, shape, given):
    n, width = shape
    x, (gamma, beta) = kernels.array(rng.normal(3, 2, shape)), affine(kernels, rng, width, given)
    out, normalized, inverse = np.empty_like(x), np.empty_like(x), kernels.empty(n)
    kernels.layer_norm_forward(out, normalized, inverse, x, gamma, beta, n, width, 1e-3)
    wide = x.astype(np.float64)
    deviation = np.sqrt(wide.var(1, keepdims=True) + 1e-3)
    z = (wide - wide.mean(1, keepdims=True)) / deviation
    np.testing.assert_allclose(normalized, z, rtol=100 * kernels.eps, atol=100 * kernels.eps)
    np.testing.assert_allclose(out, z * gamma + beta if given else z, rtol=100 * kernels.eps, atol=100 * kernels.eps)
    np.testing.assert_allclose(inverse, 1 / deviation[:, 0], rtol=100 * kernels.eps)


def test_float_batch_norm_of_many_rows_far_from_zero_keeps_its_digits(kernels, rng):
    n = 200_000
    x = kernels.array(rng.normal(100, 1, (n, 2)))
    mean, variance = kernels.array(np.zeros(2)), kernels.array(np.zeros(2))
    kernels.batch_norm_forward(
        np.empty_like(x), np.empty_like(x), kernels.empty(2), mean, variance, x, None, None, n, 2, 0.0, 1e-5
    )
    wide = x.astype(np.float64)
    np.testing.assert_allclose(mean, wide.mean(0), rtol=100 * kernels.eps)
    np.testing.assert_allclose(variance, wide.var(0), rtol=300 * kernels.eps)


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (5, 64), (50, 33)])
@pytest.mark.parametrize("first_row", [0, 1, 3, 64])
@pytest.mark.parametrize("rate", [0.0, 0.3, 0.999])
def test_dropout_keeps_what_the_philox_mask_says(kernels, rng, shape, rate, first_row):
    x, seed = kernels.array(rng.normal(size=shape)), 2**40 + 5
    out, mask, d_x = np.empty_like(x), np.full(shape, 9, np.uint8), np.empty_like(x)
    kernels.dropout_forward(out, mask, x, first_row * shape[1], x.size, rate, kernels.key(seed, DROPOUT, 12, 3))
    kernels.dropout_backward(d_x, x, mask, x.size, rate)
    keep = keep_mask(first_row + shape[0], shape[1], rate, seed=seed, step=12, op=3)[first_row:]
    np.testing.assert_array_equal(mask, keep.astype(np.uint8))
    np.testing.assert_array_equal(out, np.where(keep, x * kernels.dtype.type(1 / (1 - rate)), 0))
    np.testing.assert_array_equal(d_x, out)


def test_dropout_silences_what_is_not_finite_too(kernels):
    x = kernels.array(np.full((1, 400), np.inf))
    out, mask = np.empty_like(x), np.empty(x.shape, np.uint8)
    kernels.dropout_forward(out, mask, x, 0, x.size, 0.5, kernels.key(1, DROPOUT, 0, 0))
    np.testing.assert_array_equal(np.isfinite(out), mask == 0)
