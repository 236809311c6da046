"""Update rules of the native kernels: several steps against the formulas of ``UpdateRule`` in float64."""

from __future__ import annotations

import numpy as np
import pytest

RATE, DECAY, SIZES = 0.01, 0.1, [1, 5, 64, 133]


def nadam_product(beta1, psi, t):
    return np.prod(beta1 * (1 - 0.5 * 0.96 ** (psi * np.arange(1, t + 1, dtype=np.longdouble))))


def adam_like(w, g, m, s, t, beta1, beta2, eps, psi=None):
    m, s = beta1 * m + (1 - beta1) * g, beta2 * s + (1 - beta2) * g * g
    deviation = np.sqrt(s / (1 - beta2**t)) + eps
    if psi is None:
        return w - RATE / (1 - beta1**t) * m / deviation, m, s
    mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (psi * i)) for i in (t, t + 1))
    product = float(nadam_product(beta1, psi, t))
    return w - RATE * ((1 - mu) / (1 - product) * g + mu_next / (1 - product * mu_next) * m) / deviation, m, s


def heavy_ball(w, g, v, s, t, mu):
    v = mu * v + g
    return w - RATE * v, v, s


def look_ahead(w, g, v, s, t, mu):
    v = mu * v + g
    return w - RATE * (g + mu * v), v, s


def rmsprop(w, g, v, s, t, rho, eps):
    v = rho * v + (1 - rho) * g * g
    return w - RATE * g / (np.sqrt(v) + eps), v, s


def adagrad(w, g, v, s, t, eps):
    v = v + g * g
    return w - RATE * g / (np.sqrt(v) + eps), v, s


RULES = {
    "gradient_descent": (lambda w, g, v, s, t: (w - RATE * g, v, s), (), 0),
    "momentum": (heavy_ball, (0.9,), 1),
    "nesterov": (look_ahead, (0.9,), 1),
    "rmsprop": (rmsprop, (0.99, 1e-6), 1),
    "adagrad": (adagrad, (1e-6,), 1),
    "adam": (adam_like, (0.9, 0.999, 1e-8), 2),
    "nadam": (adam_like, (0.9, 0.999, 1e-8, 0.004), 2),
}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("decay", [0.0, DECAY])
def test_ten_steps_are_the_formulas(kernels, rng, name, size, decay):
    formula, coefficients, num_slots = RULES[name]
    w = kernels.array(rng.normal(size=size))
    slots = [kernels.array(np.zeros(size)) if i < num_slots else None for i in range(2)]
    wide, v, s = w.astype(np.float64), np.zeros(size), np.zeros(size)
    for t in range(1, 11):
        g = kernels.array(rng.normal(size=size))
        kernels.update(w, g, *slots, size, kernels.rule(name), np.array([*coefficients, 0.0]), RATE, decay, t)
        wide, v, s = formula(wide * (1 - RATE * decay), g.astype(np.float64), v, s, t, *coefficients)
    np.testing.assert_allclose(w, wide, rtol=50 * kernels.eps, atol=50 * kernels.eps)
    for slot, wanted in zip(slots[:num_slots], (v, s), strict=False):
        np.testing.assert_allclose(slot, wanted, rtol=50 * kernels.eps, atol=50 * kernels.eps)


@pytest.mark.parametrize("step", [1, 2, 7, 500, 100_000])
@pytest.mark.parametrize("psi", [0.0, 0.004, 1.0])
def test_nadam_knows_the_product_of_its_momenta_at_any_step(kernels, step, psi):
    """With m = 0 and beta2 = 0 a step is the gradient's sign times the two weights of the gradient."""
    beta1 = 0.999  # a product that is still far from 0 after hundreds of steps
    w, m, s = (kernels.array([x]) for x in (0.0, 0.0, 0.0))
    kernels.update(w, kernels.array([1.0]), m, s, 1, kernels.rule("nadam"), np.array([beta1, 0.0, 0.0, psi]), 1.0, 0.0, step)
    mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (psi * i)) for i in (step, step + 1))
    product = nadam_product(beta1, psi, step)
    wanted = -((1 - mu) / (1 - product) + (1 - beta1) * mu_next / (1 - product * mu_next))
    np.testing.assert_allclose(w, [float(wanted)], rtol=2e-13 if kernels.dtype == np.float64 else 4 * kernels.eps)


def test_a_gradient_of_zero_moves_nothing(kernels):
    for name, (_, coefficients, num_slots) in RULES.items():
        w, zeros = kernels.array(np.arange(20.0)), kernels.array(np.zeros(20))
        slots = [zeros.copy() if i < num_slots else None for i in range(2)]
        kernels.update(w, zeros, *slots, 20, kernels.rule(name), np.array([*coefficients, 0.0]), RATE, 0.0, 1)
        np.testing.assert_array_equal(w, np.arange(20.0))
