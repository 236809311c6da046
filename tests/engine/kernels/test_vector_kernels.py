"""Penalties, clipping, sums, gathering: the native kernels over flat vectors and rows."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.engine.formulas.periodic import cosine_backward, cosine_forward, periodic_backward, periodic_forward
from lamina.engine.formulas.piecewise_linear import bins_of, piecewise_linear_backward, piecewise_linear_forward
from lamina.engine.randomness import SHUFFLE, permutation

SIZES = [0, 1, 7, 64, 1000, 5003]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("l1", [0.0, 0.3])
@pytest.mark.parametrize("slope", [False, True])
def test_penalty_adds_its_gradient_and_returns_its_value(kernels, rng, size, l1, slope):
    w, gradient = kernels.array(rng.normal(size=size)), kernels.array(rng.normal(size=size))
    w[: size // 3] = 0
    before, wide = gradient.astype(np.float64), w.astype(np.float64)
    squares = np.full(1, np.nan)
    value = kernels.penalty(squares, gradient, w, size, l1, 0.2, slope)
    np.testing.assert_allclose(value, l1 * np.abs(wide).sum() + 0.1 * (wide**2).sum(), rtol=1e-12)
    wanted = before + slope * l1 * np.sign(wide) + 0.2 * wide
    np.testing.assert_allclose(gradient, wanted, rtol=8 * kernels.eps, atol=2 * kernels.eps)
    np.testing.assert_allclose(squares, np.sum(gradient.astype(np.float64) ** 2), rtol=1e-12)


@pytest.mark.parametrize("shape", [(1, 1), (9, 5), (100, 33)])
def test_max_norm_shortens_the_long_columns_only(kernels, rng, shape):
    w = kernels.array(rng.normal(size=shape) * np.linspace(0.01, 3, shape[1]))
    wide, scratch = w.astype(np.float64), kernels.empty(shape[1])
    kernels.max_norm(w, *shape, 1.5, scratch)
    norm = np.linalg.norm(wide, axis=0)
    np.testing.assert_allclose(w, wide * np.minimum(1, 1.5 / norm), rtol=50 * kernels.eps)
    np.testing.assert_array_equal(w[:, norm < 1.49], kernels.array(wide)[:, norm < 1.49])


@pytest.mark.parametrize("size", SIZES)
def test_clip_value_says_whether_it_changed_anything(kernels, rng, size):
    g = kernels.array(rng.uniform(-1, 1, size))
    before = g.copy()
    assert not kernels.clip_value(g, size, -1.0, 1.0)
    np.testing.assert_array_equal(g, before)
    if size:
        g[-1] = 3
        assert kernels.clip_value(g, size, -0.5, 2.0)
        np.testing.assert_array_equal(g, np.clip(np.append(before[:-1], kernels.dtype.type(3)), -0.5, 2.0))


def test_clip_value_does_not_hide_nan(kernels):
    g = kernels.array([0.0, np.nan, np.inf, -np.inf])
    kernels.clip_value(g, 4, -1.0, 1.0)
    np.testing.assert_array_equal(g, [0, np.nan, 1, -1])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_all_finite_sees_every_place(kernels, rng, size, bad):
    x = kernels.array(rng.normal(size=size) * 1e30)
    assert kernels.all_finite(x, size)
    for place in {0, size // 2, size - 1} if size else ():
        spoiled = x.copy()
        spoiled[place] = bad
        assert not kernels.all_finite(spoiled, size)


def test_all_finite_accepts_the_largest_and_the_smallest_numbers(kernels):
    info = np.finfo(kernels.dtype)
    x = kernels.array([info.max, info.min, info.smallest_subnormal, 0.0, -0.0])
    assert kernels.all_finite(x, 5)


@pytest.mark.parametrize("size", SIZES)
def test_sum_squares_neither_overflows_nor_loses_digits(kernels, rng, size):
    x = kernels.array(rng.normal(size=size) * 1e25)
    np.testing.assert_allclose(kernels.sum_squares(x, size), np.sum(x.astype(np.float64) ** 2), rtol=1e-12)


def test_scale_add_and_multiply(kernels, rng):
    x, y = kernels.array(rng.normal(size=133)), kernels.array(rng.normal(size=133))
    scaled, added, product = x.copy(), x.copy(), x.copy()
    kernels.scale(scaled, 133, 0.5)
    kernels.add_to(added, y, 133)
    kernels.multiply_into(product, product, y, 133)
    np.testing.assert_array_equal(scaled, x * kernels.dtype.type(0.5))
    np.testing.assert_array_equal(added, x + y)
    np.testing.assert_array_equal(product, x * y)


@pytest.mark.parametrize(
    "shape", [(0, 2), (0, 3), (1, 1), (1, 2), (33, 2), (7, 5), (9, 16), (9, 65), (9, 100), (1000, 33), (5, 128), (5, 300)]
)
def test_sums_of_rows(kernels, rng, shape):
    x, total = kernels.array(rng.normal(size=shape)), kernels.empty(shape[1])
    kernels.sum_rows(total, x, *shape)
    np.testing.assert_allclose(total, x.astype(np.float64).sum(0), rtol=1e-5, atol=100 * kernels.eps)


@pytest.mark.parametrize("width", [1, 3, 20, 65])
@pytest.mark.parametrize("order", ["C", "F", "strided"])
@pytest.mark.parametrize("source_type", [np.float32, np.float64])
def test_gather_takes_rows_from_any_layout(kernels, rng, width, order, source_type):
    whole = np.array(rng.normal(size=(90, 2 * width)), dtype=source_type, order="F" if order == "F" else "C")
    source = whole[::-2, ::2] if order == "strided" else whole[:, :width]
    rows = rng.integers(0, source.shape[0], 41)
    out = kernels.array(np.full((41, width), np.nan))
    row_stride, column_stride = (stride // source.itemsize for stride in source.strides)
    gather = kernels.gather_f32 if source_type == np.float32 else kernels.gather_f64
    gather(out, source, row_stride, column_stride, rows, 41, width)
    np.testing.assert_array_equal(out, source[rows].astype(kernels.dtype))


@pytest.mark.parametrize("n", [0, 1, 2, 15, 16, 127, 128, 129, 1000])
def test_the_order_is_that_of_the_reference(kernels, n):
    order = np.full(n, -1, dtype=np.int64)
    kernels.permute(order, n, kernels.key(2**63 + 3, SHUFFLE, 7, 0))
    np.testing.assert_array_equal(order, permutation(n, seed=2**63 + 3, epoch=7))


@pytest.mark.parametrize("size", [1, 7, 64, 4099, 9000])
def test_spread_is_the_mean_and_the_deviation(kernels, rng, size):
    mean, deviation = np.empty(1), np.empty(1)
    for x in (rng.normal(size=size), 1e4 + rng.normal(size=size), np.append(1e4, np.zeros(size - 1)), np.full(size, 0.1)):
        x = kernels.array(x)
        kernels.spread(mean, deviation, x, size)
        np.testing.assert_allclose(mean, x.mean(dtype=np.float64), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(deviation, x.std(dtype=np.float64), rtol=1e-9, atol=1e-12)
    kernels.spread(mean, deviation, kernels.array(np.full(size, 0.1)), size)
    assert deviation[0] == 0


@pytest.mark.parametrize("size", SIZES)
def test_a_vector_is_kept_and_sized_up(kernels, rng, size):
    x = kernels.array(np.where(rng.random(size) < 0.3, 0.0, rng.normal(size=size)))
    copy, squares, zeros, most = np.full_like(x, np.nan), np.empty(1), np.empty(1, dtype=np.int64), np.empty(1, dtype=x.dtype)
    kernels.keep(squares, most, copy, x, size)
    np.testing.assert_array_equal(copy[:size], x[:size])
    np.testing.assert_allclose(squares[0], np.sum(x[:size].astype(np.float64) ** 2), rtol=1e-12)
    assert most[0] == np.abs(x[:size]).max(initial=0.0)
    kernels.size_up(squares, zeros, x, size)
    np.testing.assert_allclose(squares[0], np.sum(x[:size].astype(np.float64) ** 2), rtol=1e-12)
    assert zeros[0] == np.count_nonzero(x[:size] == 0)


@pytest.mark.parametrize("place", [0, 4095, 4096, 8999])
def test_the_largest_of_what_is_kept_is_nan_wherever_there_is_one(kernels, rng, place):
    x = kernels.array(rng.normal(size=9000))
    x[place] = np.nan
    squares, most = np.empty(1), np.empty(1, dtype=x.dtype)
    kernels.keep(squares, most, x.copy(), x, 9000)
    assert np.isnan(most[0])


@pytest.mark.parametrize("shape", [(1, 1), (9, 5), (40, 19), (7, 200)])
@pytest.mark.parametrize("relu", [False, True])
def test_scale_multiplies_and_shifts_columns(kernels, rng, shape, relu):
    x, scale, shift = (kernels.array(rng.normal(size=size)) for size in (shape, shape[1], shape[1]))
    for added in (shift, None):
        out, expected = np.full_like(x, np.nan), x * scale + (0 if added is None else added)
        kernels.scale_forward(out, x, scale, added, *shape, relu)
        np.testing.assert_allclose(out, np.maximum(expected, 0) if relu else expected, rtol=4 * kernels.eps, atol=4 * kernels.eps)


@pytest.mark.parametrize("shape", [(1, 1), (9, 5), (40, 19), (7, 200)])
@pytest.mark.parametrize("relu", [False, True])
def test_the_gradients_of_scale_are_sums_over_rows(kernels, rng, shape, relu):
    x, d_out, scale = (kernels.array(rng.normal(size=size)) for size in (shape, shape, shape[1]))
    d_x, (d_scale, d_shift) = np.full_like(x, np.nan), (kernels.array(np.ones(shape[1])) for _ in range(2))  # added to
    kernels.scale_backward(d_x, d_scale, d_shift, d_out, x, scale, shape[0], shape[1], shape[1], relu)
    np.testing.assert_array_equal(d_x, d_out * scale * ((x > 0) if relu else 1))
    close = {"rtol": 1e-5, "atol": 40 * kernels.eps}
    np.testing.assert_allclose(d_scale, 1 + (d_out.astype(np.float64) * x).sum(axis=0), **close)
    np.testing.assert_allclose(d_shift, 1 + d_out.astype(np.float64).sum(axis=0), **close)
    again = kernels.array(np.ones(shape[1]))
    kernels.scale_backward(None, again, None, d_out, x, scale, shape[0], shape[1], shape[1], relu)
    np.testing.assert_array_equal(again, d_scale)


@pytest.mark.parametrize("num_edges", [2, 5, 17, 100])
@pytest.mark.parametrize("clip", [False, True])
def test_piecewise_linear_gives_shares_of_bins_and_sends_back_what_lies_within(kernels, rng, num_edges, clip):
    edges = np.sort(rng.normal(size=num_edges)).tolist()
    settings = np.array([clip, 0, num_edges, *edges, 2, -0.5, 1.5])  # of three columns, the first without bins
    x, bins = kernels.array(2 * rng.normal(size=(33, 3))), num_edges
    x[0, 1:], x[1, 1:] = np.nan, np.inf
    d_out, out, d_x = kernels.array(rng.normal(size=(33, bins))), kernels.empty(33 * bins).reshape(33, bins), np.empty_like(x)
    kernels.piecewise_linear_forward(out, x, 33, 3, bins, settings)
    kernels.piecewise_linear_backward(d_x, d_out, out, 33, 3, bins, settings)
    formula = bins_of(settings.tolist(), x)
    expected = piecewise_linear_forward(x, formula)
    np.testing.assert_allclose(out, expected, rtol=1e3 * kernels.eps, atol=1e3 * kernels.eps)
    wanted = piecewise_linear_backward(d_out, x, out, formula)
    np.testing.assert_allclose(d_x, wanted, rtol=1e3 * kernels.eps, atol=1e4 * kernels.eps)


@pytest.mark.parametrize("count", [1, 5, 16, 37])
def test_periodic_embeddings_are_those_of_the_formulas_column_by_column(kernels, rng, count):
    n, width, first = 9, 4, 1  # the backward passes are of the columns 1 to 3
    x, frequency, phase = (kernels.array(rng.normal(size=shape)) for shape in ((n, width), (width, count), (width, count)))
    tolerance = {"rtol": 1e3 * kernels.eps, "atol": 1e3 * kernels.eps}
    part = x[:, first:], frequency[first:]

    out, d_out = kernels.array(np.zeros((n, width, 2 * count))), kernels.array(rng.normal(size=(n, width, 2 * count)))
    kernels.periodic_forward(out, x, frequency, n, width, count)
    np.testing.assert_allclose(out.reshape(n, -1), periodic_forward(x, frequency), **tolerance)
    d_x, d_frequency = np.full_like(x, np.nan), np.ones_like(frequency)
    after = [array.reshape(-1)[first * size :] for array, size in ((d_out, 2 * count), (out, 2 * count), (d_x, 1), (x, 1))]
    kernels.periodic_backward(
        after[2], d_frequency[first:], after[0], after[3], frequency[first:], after[1], n, width, width - first, count
    )
    wanted = periodic_backward(d_out[:, first:].reshape(n, -1), *part, out[:, first:].reshape(n, -1))
    np.testing.assert_allclose(d_x[:, first:], wanted[0], **tolerance)
    np.testing.assert_allclose(d_frequency[first:], 1 + wanted[1], **tolerance)
    assert np.isnan(d_x[:, :first]).all()

    out, d_out = kernels.array(np.zeros((n, width, count))), kernels.array(rng.normal(size=(n, width, count)))
    kernels.cosine_forward(out, x, frequency, phase, n, width, count)
    np.testing.assert_allclose(out.reshape(n, -1), cosine_forward(x, frequency, phase), **tolerance)
    d_frequency, d_phase = np.ones_like(frequency), np.ones_like(phase)
    kernels.cosine_backward(None, d_frequency, d_phase, d_out, x, frequency, phase, n, width, width, count)
    _, *wanted = cosine_backward(d_out.reshape(n, -1), x, frequency, phase)
    np.testing.assert_allclose(d_frequency, 1 + wanted[0], **tolerance)
    np.testing.assert_allclose(d_phase, 1 + wanted[1], **tolerance)
