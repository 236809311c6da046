"""Update rules of the native kernels: several steps against the formulas of ``kernels/update.hpp`` in float64."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.engine.formulas.update import RULES as FORMULAS

SIZES = [1, 5, 64, 133]
NUMBERS = {
    "keep": 0.999, "rate": 0.01, "from_moment": 0.02, "decay1": 0.9, "fresh1": 0.1, "decay2": 0.99, "fresh2": 0.01,
    "root": 1.5, "eps": 1e-6,
}  # fmt: skip


def gradient_descent(w, g, v, s, n):
    return w - n["rate"] * g, v, s


def momentum(w, g, v, s, n):
    v = n["decay1"] * v + g
    return w - n["rate"] * v, v, s


def nesterov(w, g, v, s, n):
    v = n["decay1"] * v + g
    return w - n["rate"] * (g + n["decay1"] * v), v, s


def scaled_by_square(w, g, v, s, n):
    v = n["decay2"] * v + n["fresh2"] * g * g
    return w - n["rate"] * g / (np.sqrt(v) + n["eps"]), v, s


def adam(w, g, m, s, n, rate=0.0):
    m, s = n["decay1"] * m + n["fresh1"] * g, n["decay2"] * s + n["fresh2"] * g * g
    return w - (n["from_moment"] * m + rate * g) / (np.sqrt(s) * n["root"] + n["eps"]), m, s


def nadam(w, g, m, s, n):
    return adam(w, g, m, s, n, n["rate"])


RULES = {
    "gradient_descent": (gradient_descent, 0),
    "momentum": (momentum, 1),
    "nesterov": (nesterov, 1),
    "rmsprop": (scaled_by_square, 1),
    "adagrad": (scaled_by_square, 1),
    "adam": (adam, 2),
    "nadam": (nadam, 2),
}


def test_every_rule_is_tried():
    assert RULES.keys() == FORMULAS.keys()


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("keep", [1.0, NUMBERS["keep"]])
def test_ten_steps_are_the_formulas(kernels, rng, name, size, keep):
    formula, num_slots = RULES[name]
    numbers = NUMBERS | {"keep": keep}
    w = kernels.array(rng.normal(size=size))
    slots = [kernels.array(np.zeros(size)) if i < num_slots else None for i in range(2)]
    wide, v, s = w.astype(np.float64), np.zeros(size), np.zeros(size)
    for _ in range(10):
        g = kernels.array(rng.normal(size=size))
        kernels.update(w, g, *slots, size, kernels.rule(name), np.array([*numbers.values()]))
        wide, v, s = formula(wide * keep, g.astype(np.float64), v, s, numbers)
    np.testing.assert_allclose(w, wide, rtol=50 * kernels.eps, atol=50 * kernels.eps)
    for slot, wanted in zip(slots[:num_slots], (v, s), strict=False):
        np.testing.assert_allclose(slot, wanted, rtol=50 * kernels.eps, atol=50 * kernels.eps)


def divisor(name, slot, n):
    return {"rmsprop": 1.0, "adagrad": 1.0, "adam": n["root"], "nadam": n["root"]}.get(name, 0.0) * np.sqrt(slot) + n["eps"]


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("size", SIZES)
def test_weights_shrink_by_their_threshold_and_stop_at_zero(kernels, rng, name, size):
    divides = name not in ("gradient_descent", "momentum", "nesterov")
    w, slot = kernels.array(rng.normal(size=size)), kernels.array(rng.random(size)) if RULES[name][1] else None
    w[0] = 0
    threshold = 0.25 / (divisor(name, slot.astype(np.float64), NUMBERS) if divides else 1.0)
    wide = w.astype(np.float64)
    kernels.shrink(w, slot, size, kernels.rule(name), np.array([*NUMBERS.values()]), 0.25)
    wanted = np.sign(wide) * np.maximum(np.abs(wide) - threshold, 0)
    np.testing.assert_allclose(w, wanted, rtol=50 * kernels.eps, atol=4 * kernels.eps)
    np.testing.assert_array_equal(w == 0, wanted == 0)


def test_no_strength_is_too_large_to_shrink(kernels):
    for name, (_, num_slots) in RULES.items():
        w, slot = kernels.array([1.0, -1.0, 0.0]), kernels.array([0.0, 1.0, 2.0]) if num_slots else None
        numbers = NUMBERS | {"eps": np.inf}
        kernels.shrink(w, slot, 3, kernels.rule(name), np.array([*numbers.values()]), np.inf)
        np.testing.assert_array_equal(w, 0)


def test_a_gradient_of_zero_moves_nothing(kernels):
    for name, (_, num_slots) in RULES.items():
        w, zeros = kernels.array(np.arange(20.0)), kernels.array(np.zeros(20))
        slots = [zeros.copy() if i < num_slots else None for i in range(2)]
        kernels.update(w, zeros, *slots, 20, kernels.rule(name), np.array([*(NUMBERS | {"keep": 1.0}).values()]))
        np.testing.assert_array_equal(w, np.arange(20.0))


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (3, 16), (5, 33), (2, 300)])
def test_an_outer_product_updates_as_the_gradient_that_it_is(kernels, rng, name, rows, columns):
    size, numbers = rows * columns, np.array([*NUMBERS.values()])
    x, d_out = kernels.array(rng.normal(size=rows)), kernels.array(rng.normal(size=columns))
    w = kernels.array(rng.normal(size=size))
    slots = [kernels.array(rng.random(size)) if i < RULES[name][1] else None for i in range(2)]
    wanted = [None if each is None else each.copy() for each in (w, *slots)]
    kernels.update(wanted[0], np.outer(x, d_out).ravel(), *wanted[1:], size, kernels.rule(name), numbers)
    kernels.update_outer(w, *slots, x, d_out, rows, columns, kernels.rule(name), numbers)
    for each, other in zip((w, *slots), wanted, strict=True):
        np.testing.assert_array_equal(each, other)


def test_the_largest_magnitude_is_found_wherever_it_is(kernels, rng):
    for size in (1, 2, 17, 64, 133):
        x = kernels.array(rng.uniform(-1, 1, size))
        assert kernels.largest(x, size) == np.abs(x).max()
        for value in (-3.0, np.inf, np.nan):
            x[rng.integers(size)] = value
            np.testing.assert_equal(kernels.largest(x, size), abs(value))
    assert kernels.largest(x, 0) == 0
