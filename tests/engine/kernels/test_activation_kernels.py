"""Activations of the native kernels: closed forms, slopes by differences, edges, aliasing, softmax."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from lamina.engine.formulas.activation import FORMULAS

SETTINGS = {"leaky_relu": (0.1,), "elu": (1.3,)}
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805

VALUES = {
    "identity": lambda x: x,
    "step": lambda x: (x >= 0).astype(float),
    "sigmoid": special.expit,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.1 * x),
    "elu": lambda x: np.where(x > 0, x, 1.3 * np.expm1(x)),
    "selu": lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(x)),
    "gelu": lambda x: x * special.ndtr(x),
    "gelu_tanh": lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "silu": lambda x: x * special.expit(x),
    "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
    "softplus": lambda x: np.logaddexp(0, x),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "hard_swish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "relu6": lambda x: np.clip(x, 0, 6),
    "exp": np.exp,
}
KINKS = np.array([-3.0, -1.0, 0.0, 1.0, 3.0, 6.0])

# what x -> -inf and x -> inf give: the values and the slopes
LIMITS = {
    "identity": (-np.inf, np.inf, 1, 1),
    "step": (0, 1, 0, 0),
    "sigmoid": (0, 1, 0, 0),
    "tanh": (-1, 1, 0, 0),
    "relu": (0, np.inf, 0, 1),
    "leaky_relu": (-np.inf, np.inf, 0.1, 1),
    "elu": (-1.3, np.inf, 0, 1),
    "selu": (-SELU_ALPHA * SELU_SCALE, np.inf, 0, SELU_SCALE),
    "gelu": (0, np.inf, 0, 1),
    "gelu_tanh": (0, np.inf, 0, 1),
    "silu": (0, np.inf, 0, 1),
    "mish": (0, np.inf, 0, 1),
    "softplus": (0, np.inf, 0, 1),
    "softsign": (-1, 1, 0, 0),
    "hard_sigmoid": (0, 1, 0, 0),
    "hard_tanh": (-1, 1, 0, 0),
    "hard_swish": (0, np.inf, 0, 1),
    "relu6": (0, 6, 0, 0),
    "exp": (0, np.inf, 0, np.inf),
}


def test_every_activation_is_tried():
    assert {*VALUES, "softmax"} == FORMULAS.keys()


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("size", [1, 7, 64, 133])
def test_values_are_the_formulas(kernels, rng, name, size):
    x = kernels.array(rng.normal(0, 4, (1, size)))
    wanted = VALUES[name](x.astype(np.float64))
    atol = 8 * kernels.eps * max(1.0, float(np.abs(x).max()))
    np.testing.assert_allclose(kernels.activate(name, x, *SETTINGS.get(name, ())), wanted, rtol=8 * kernels.eps, atol=atol)


@pytest.mark.parametrize("name", VALUES)
def test_slopes_are_central_differences_of_the_values(kernels, rng, name):
    x = rng.normal(0, 3, (1, 200))
    x = x[np.min(np.abs(x[..., None] - KINKS), axis=-1) > 1e-3][None, :]
    x = kernels.array(x).astype(np.float64)  # differences of the exact formula at the points the kernel sees
    wanted = (VALUES[name](x + 1e-5) - VALUES[name](x - 1e-5)) / 2e-5
    got = kernels.slope(name, kernels.array(x), *SETTINGS.get(name, ()))
    np.testing.assert_allclose(
        got, wanted, rtol=1e-6 if kernels.dtype == np.float32 else 1e-7, atol=3e-6 if kernels.dtype == np.float32 else 1e-8
    )


@pytest.mark.parametrize("name", VALUES)
def test_infinities_give_the_limits_and_nan_stays(kernels, name):
    settings = SETTINGS.get(name, ())
    low, high, low_slope, high_slope = LIMITS[name]
    x = kernels.array([[-np.inf, np.inf]])
    np.testing.assert_allclose(kernels.activate(name, x, *settings), [[low, high]], rtol=kernels.eps)
    np.testing.assert_allclose(kernels.slope(name, x, *settings), [[low_slope, high_slope]], rtol=kernels.eps)
    assert np.isnan(kernels.activate(name, kernels.array([[np.nan]]), *settings)).all()


@pytest.mark.parametrize("name", VALUES)
def test_huge_numbers_give_what_infinities_give(kernels, name):
    settings = SETTINGS.get(name, ())
    huge = kernels.array([[-1e30, 1e30]])
    slopes = kernels.slope(name, huge, *settings)
    np.testing.assert_allclose(slopes, [LIMITS[name][2:]], rtol=kernels.eps, atol=1e-50)
    assert not np.isnan(kernels.activate(name, huge, *settings)).any()


@pytest.mark.parametrize(
    ("name", "x", "slope"),
    [
        ("relu", 0, 0), ("leaky_relu", 0, 0.1), ("relu6", 0, 0), ("relu6", 6, 0), ("hard_tanh", -1, 0), ("hard_tanh", 1, 0),
        ("hard_sigmoid", -3, 0), ("hard_sigmoid", 3, 0), ("hard_swish", -3, 0), ("hard_swish", 3, 1), ("step", 0, 0),
    ],
)  # fmt: skip
def test_slopes_at_kinks_are_those_of_torch(kernels, name, x, slope):
    np.testing.assert_allclose(kernels.slope(name, kernels.array([[x]]), *SETTINGS.get(name, ())), [[slope]], rtol=kernels.eps)


@pytest.mark.parametrize("name", [*VALUES, "softmax"])
def test_out_may_be_the_input_and_the_gradient_may_be_written_over(kernels, rng, name):
    x, d_out = kernels.array(rng.normal(size=(5, 13))), kernels.array(rng.normal(size=(5, 13)))
    numbers = np.array([*SETTINGS.get(name, ()), 0.0])
    function = kernels.function(name)
    out, d_x = kernels.activate(name, x, *SETTINGS.get(name, ())), np.empty_like(x)
    kernels.activation_backward(d_x, d_out, x, out, 5, 13, function, numbers)
    in_place, over = x.copy(), d_out.copy()
    kernels.activation_forward(in_place, in_place, 5, 13, function, numbers)
    kernels.activation_backward(over, over, x, out, 5, 13, function, numbers)
    np.testing.assert_array_equal(in_place, out)
    np.testing.assert_array_equal(over, d_x)


@pytest.mark.parametrize("width", [1, 2, 10, 67, 2100])
def test_softmax_and_its_backward_pass(kernels, rng, width):
    x, d_out = kernels.array(rng.normal(0, 3, (9, width))), kernels.array(rng.normal(size=(9, width)))
    out = kernels.activate("softmax", x)
    wide = special.softmax(x.astype(np.float64), axis=1)
    np.testing.assert_allclose(out, wide, rtol=40 * kernels.eps, atol=kernels.eps)
    d_x = np.empty_like(x)
    kernels.activation_backward(d_x, d_out, x, out, 9, width, kernels.function("softmax"), np.zeros(1))
    wanted = wide * (d_out - np.sum(d_out * wide, axis=1, keepdims=True))
    np.testing.assert_allclose(d_x, wanted, rtol=1e-4, atol=20 * kernels.eps)


@pytest.mark.parametrize("rows", [1, 4, 15, 16, 17, 40])
def test_softmax_of_narrow_rows_whatever_their_number(kernels, rng, rows):
    for width in range(1, 35):
        x = kernels.array(rng.normal(0, 5, (rows, width)))
        room = kernels.empty((rows + 1) * width)
        kernels.activation_forward(room, x, rows, width, kernels.function("softmax"), np.zeros(1))
        out = room[: x.size].reshape(x.shape)
        np.testing.assert_allclose(out, special.softmax(x.astype(np.float64), axis=1), rtol=30 * kernels.eps)
        np.testing.assert_allclose(out.sum(axis=1), 1, rtol=8 * kernels.eps)
        assert np.isnan(room[x.size :]).all()  # nothing is written past the last row


@pytest.mark.parametrize("rows", [1, 20])
def test_softmax_of_two_columns_has_the_limits_of_more(kernels, rows):
    inf, low, high = np.inf, float(np.finfo(kernels.dtype).min), float(np.finfo(kernels.dtype).max)
    pairs = [(inf, inf), (-inf, -inf), (inf, -inf), (-inf, 3), (2, inf), (low, high), (high, high), (0, -1000)]
    shares = [(0.5, 0.5), (0.5, 0.5), (1, 0), (0, 1), (0, 1), (0, 1), (0.5, 0.5), (1, 0)]
    for pair, share in zip(pairs, shares, strict=True):
        np.testing.assert_array_equal(kernels.activate("softmax", kernels.array([pair] * rows)), [share] * rows)
    for pair in [(np.nan, 0), (inf, np.nan), (np.nan, np.nan)]:
        out = kernels.activate("softmax", kernels.array([[0, 0]] * (rows - 1) + [pair]))
        assert np.isnan(out[-1]).all()
        assert (out[:-1] == 0.5).all()


def test_softmax_of_infinite_logits_shares_the_row_among_them(kernels):
    x = kernels.array([[np.inf, 0, np.inf], [-np.inf, 0, 0], [1e30, -1e30, 0], [np.nan, 0, 0]])
    out = kernels.activate("softmax", x)
    np.testing.assert_array_equal(out[:3], [[0.5, 0, 0.5], [0, 0.5, 0.5], [1, 0, 0]])
    assert np.isnan(out[3]).all()


def test_prelu_has_a_slope_a_unit_and_adds_to_its_gradient(kernels, rng):
    x, d_out = kernels.array(rng.normal(size=(6, 19))), kernels.array(rng.normal(size=(6, 19)))
    x[0, 0] = 0
    slope, d_slope = kernels.array(rng.normal(size=19)), kernels.array(np.ones(19))
    out, d_x = np.empty_like(x), np.empty_like(x)
    kernels.prelu_forward(out, x, slope, 6, 19)
    kernels.prelu_backward(d_x, d_slope, d_out, x, slope, 6, 19)
    np.testing.assert_allclose(out, np.where(x > 0, x, slope * x), rtol=kernels.eps)
    np.testing.assert_allclose(d_x, np.where(x > 0, d_out, slope * d_out), rtol=kernels.eps)
    wanted = 1 + np.sum(np.where(x > 0, 0, d_out * x).astype(np.float64), axis=0)
    np.testing.assert_allclose(d_slope, wanted, rtol=1e-5, atol=20 * kernels.eps)


def test_a_blend_has_a_share_a_unit_and_sends_back_both_parts(kernels, rng):
    x, f, d_out = (kernels.array(rng.normal(size=(6, 19))) for _ in range(3))
    share, d_share = kernels.array(rng.uniform(size=19)), kernels.empty(19)
    out, d_x = f.copy(), np.ones_like(x)
    kernels.blend_forward(out, x, out, share, 6, 19)
    kernels.blend_gradient(d_share, d_out, x, f, 6, 19)
    kernels.blend_backward(d_x, d_out, share, 6, 19)
    tolerance = {"rtol": 1e-5, "atol": 20 * kernels.eps}
    np.testing.assert_allclose(out, (1 - share) * x + share * f, **tolerance)
    np.testing.assert_allclose(d_share, np.sum(d_out * (f - x), axis=0), **tolerance)
    np.testing.assert_allclose(d_x, 1 + (1 - share) * d_out, **tolerance)
