"""exp, log, tanh, erf, sine and their kin as activations, heads and embeddings expose them, against NumPy's longer floats."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special


def units_in_last_place(got: np.ndarray, wanted: np.ndarray) -> float:
    """The largest error in units of the last place of the result; below the smallest normal number, in units of its."""
    dtype = got.dtype
    size = np.maximum(np.abs(wanted), float(np.finfo(dtype).tiny))
    unit = np.spacing(size.astype(dtype)).astype(np.longdouble)
    return float(np.max(np.abs(got.astype(np.longdouble) - wanted) / unit))


def draw(kernels, rng, low, high, count=50_000):
    """Uniform numbers, and as many whose size falls off towards 0, where relative errors show."""
    uniform = rng.uniform(low, high, count)
    return kernels.array(np.concatenate([uniform, uniform * np.exp2(-rng.uniform(0, 40, count))]))


@pytest.mark.parametrize(
    ("name", "settings", "low", "high", "formula", "bound"),
    [
        ("exp", (), -87.0, 88.0, np.exp, 1.1),
        ("elu", (1.0,), -87.0, 0.0, np.expm1, 2.1),
        ("tanh", (), -12.0, 12.0, np.tanh, 2.6),
        ("sigmoid", (), -87.0, 40.0, lambda x: 1 / (1 + np.exp(-x)), 2.6),
        ("softplus", (), -80.0, 80.0, lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), 3.0),
    ],
)
def test_elementary_functions_are_within_their_stated_errors(kernels, rng, name, settings, low, high, formula, bound):
    x = draw(kernels, rng, low, high)
    assert units_in_last_place(kernels.activate(name, x, *settings), formula(x.astype(np.longdouble))) <= bound


def test_exp_covers_the_whole_range_of_the_type(kernels):
    info = np.finfo(kernels.dtype)
    x = kernels.array(np.linspace(np.log(float(info.smallest_subnormal)) + 1, np.log(float(info.max)) - 1, 20_001))
    assert units_in_last_place(kernels.activate("exp", x), np.exp(x.astype(np.longdouble))) <= 1.1


def test_erf_shows_in_gelu_within_four_units_of_one(kernels, rng):
    x = draw(kernels, rng, -9.0, 9.0)
    wide = x.astype(np.float64)
    error = np.abs(kernels.activate("gelu", x) - wide * special.ndtr(wide))
    assert np.max(error / np.maximum(np.abs(wide), float(np.finfo(kernels.dtype).tiny))) <= 4 * kernels.eps


def test_log_shows_in_the_poisson_head(kernels, rng):
    target = kernels.array(np.exp(rng.uniform(-60, 60, (500, 1))))
    for row in target[:, None, :]:
        t = float(row[0, 0])
        loss, _ = kernels.run_head("poisson", kernels.array([[0.0]]), row, kernels.array([1.0]))
        np.testing.assert_allclose(
            loss, 1 + t * np.log(t) - t, rtol=4 * kernels.eps, atol=4 * kernels.eps * (1 + t * (1 + abs(np.log(t))))
        )


def test_a_value_does_not_depend_on_its_place_in_the_array(kernels, rng):
    x = kernels.array(rng.uniform(-5, 5, 103))
    for name in ("exp", "tanh", "gelu", "mish"):
        whole = kernels.activate(name, x)
        pieces = np.concatenate([kernels.activate(name, x[i : i + 1].copy()) for i in range(x.size)])
        np.testing.assert_array_equal(whole, pieces)


def wave(kernels, turns):
    """The sine and cosine of turns, from the kernel of periodic embeddings."""
    out = kernels.empty(2 * turns.size)
    kernels.periodic_forward(out, turns, kernels.array([1.0]), turns.size, 1, 1)
    return out.reshape(-1, 2).T


def test_sine_and_cosine_of_turns_are_within_two_units_of_one(kernels, rng):
    turns = draw(kernels, rng, -100.0, 100.0, 20_000)
    wide = turns.astype(np.longdouble)
    angle = 2 * np.arccos(np.longdouble(-1)) * (wide - np.rint(wide))
    sine, cosine = wave(kernels, turns)
    assert np.abs(sine - np.sin(angle)).max() <= 2 * kernels.eps
    assert np.abs(cosine - np.cos(angle)).max() <= 2 * kernels.eps
    small = (np.abs(turns) < 0.4) & (turns != 0)
    assert np.abs(sine[small] / np.sin(angle[small]) - 1).max() <= 3 * kernels.eps


def test_sine_and_cosine_of_quarters_of_a_turn_are_exact(kernels):
    sine, cosine = wave(kernels, kernels.array([0, 0.25, 0.5, 0.75, 1, -0.25, -0.5, 7.25, 1e30, -1e30]))
    np.testing.assert_array_equal(np.abs(sine.round(6)), [0, 1, 0, 1, 0, 1, 0, 1, 0, 0])
    np.testing.assert_array_equal(cosine.round(6), [1, 0, -1, 0, 1, 0, -1, 0, 1, 1])
    assert np.isnan(wave(kernels, kernels.array([np.nan, np.inf, -np.inf]))).all()
