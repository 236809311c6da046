"""Every update rule: three steps by hand, and the bottoms of a parabola and of Rosenbrock's valley."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lamina.engine.formulas.update import RULES, decay, momentum_product

# coefficients as in lamina.engine.plan.UpdateRule, number of slots
RULE_CASES = {
    "gradient_descent": ((), 0),
    "momentum": ((0.9,), 1),
    "nesterov": ((0.9,), 1),
    "rmsprop": ((0.99, 1e-8), 1),
    "adagrad": ((1e-10,), 1),
    "adam": ((0.9, 0.999, 1e-8), 2),
    "nadam": ((0.9, 0.999, 1e-8, 0.004), 2),
}
GRADIENTS = (2.0, -1.0, 0.5)
LR = 0.1


def test_every_rule_is_tried():
    assert RULES.keys() == RULE_CASES.keys()


def run(kind, gradients, *, w=1.0, lr=LR, make=np.asarray):
    coefficients, num_slots = RULE_CASES[kind]
    w, slots = make([w]), tuple(make([0.0]) for _ in range(num_slots))
    for t, g in enumerate(gradients, start=1):
        w, slots = RULES[kind](w, make([g]), slots, t, lr, *coefficients)
    return w, slots


def by_hand(kind):
    """Three steps of plain arithmetic, from the papers' formulas."""
    g1, g2, g3 = GRADIENTS
    if kind == "gradient_descent":
        return 1 - LR * (g1 + g2 + g3)
    if kind in ("momentum", "nesterov"):
        v1, v2, v3 = g1, 0.9 * g1 + g2, 0.81 * g1 + 0.9 * g2 + g3
        if kind == "momentum":
            return 1 - LR * (v1 + v2 + v3)
        return 1 - LR * (g1 + 0.9 * v1 + g2 + 0.9 * v2 + g3 + 0.9 * v3)
    if kind == "rmsprop":
        s1 = 0.01 * 4
        s2 = 0.99 * s1 + 0.01 * 1
        s3 = 0.99 * s2 + 0.01 * 0.25
        return 1 - LR * (2 / (math.sqrt(s1) + 1e-8) - 1 / (math.sqrt(s2) + 1e-8) + 0.5 / (math.sqrt(s3) + 1e-8))
    if kind == "adagrad":
        return 1 - LR * (2 / (math.sqrt(4) + 1e-10) - 1 / (math.sqrt(5) + 1e-10) + 0.5 / (math.sqrt(5.25) + 1e-10))
    m1, v1 = 0.1 * 2, 0.001 * 4
    m2, v2 = 0.9 * m1 - 0.1, 0.999 * v1 + 0.001
    m3, v3 = 0.9 * m2 + 0.05, 0.999 * v2 + 0.001 * 0.25
    d1, d2, d3 = (math.sqrt(v / (1 - 0.999**t)) + 1e-8 for t, v in ((1, v1), (2, v2), (3, v3)))
    if kind == "adam":
        return 1 - LR * (m1 / 0.1 / d1 + m2 / (1 - 0.81) / d2 + m3 / (1 - 0.729) / d3)
    mu1, mu2, mu3, mu4 = (0.9 * (1 - 0.5 * 0.96 ** (0.004 * t)) for t in (1, 2, 3, 4))
    p1, p2, p3, p4 = mu1, mu1 * mu2, mu1 * mu2 * mu3, mu1 * mu2 * mu3 * mu4
    step1 = ((1 - mu1) * g1 / (1 - p1) + mu2 * m1 / (1 - p2)) / d1
    step2 = ((1 - mu2) * g2 / (1 - p2) + mu3 * m2 / (1 - p3)) / d2
    step3 = ((1 - mu3) * g3 / (1 - p3) + mu4 * m3 / (1 - p4)) / d3
    return 1 - LR * (step1 + step2 + step3)


@pytest.mark.parametrize("kind", RULES)
def test_three_steps_by_hand(kind, to):
    w, _ = run(kind, GRADIENTS, make=to)
    assert float(w[0]) == pytest.approx(by_hand(kind), rel=1e-13)


@pytest.mark.parametrize("kind", RULES)
def test_the_dtype_is_kept(kind, xp):
    w, slots = run(kind, GRADIENTS, make=lambda values: xp.asarray(values, dtype=xp.float32))
    assert all(a.dtype == xp.float32 for a in (w, *slots))


@pytest.mark.parametrize("kind", RULES)
def test_a_gradient_of_zero_moves_nothing_at_the_start(kind):
    w, _ = run(kind, [0.0, 0.0])
    assert w.tolist() == [1.0]


def descend(kind, gradient, start, lr, num_steps):
    coefficients, num_slots = RULE_CASES[kind]
    w = np.array(start)
    slots = tuple(np.zeros_like(w) for _ in range(num_slots))
    for t in range(1, num_steps + 1):
        w, slots = RULES[kind](w, gradient(w), slots, t, lr * (1 - (t - 1) / num_steps), *coefficients)
    return w


PARABOLA_RATES = {
    "gradient_descent": 0.05,
    "momentum": 0.05,
    "nesterov": 0.05,
    "rmsprop": 0.1,
    "adagrad": 1.0,
    "adam": 0.1,
    "nadam": 0.1,
}


@pytest.mark.parametrize(("kind", "lr"), PARABOLA_RATES.items())
def test_the_bottom_of_a_parabola_is_found(kind, lr):
    bottom = np.array([3.0, -2.0])
    w = descend(kind, lambda w: np.array([1.0, 5.0]) * (w - bottom), [0.0, 0.0], lr, 500)
    assert w == pytest.approx(bottom, abs=2e-3)


def rosenbrock_gradient(w):
    x, y = w
    return np.array([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])


@pytest.mark.parametrize(
    ("kind", "lr", "num_steps"),
    [
        ("gradient_descent", 1.5e-3, 40_000),
        ("momentum", 5e-4, 20_000),
        ("nesterov", 5e-4, 20_000),
        ("rmsprop", 0.01, 10_000),
        ("adagrad", 0.5, 20_000),
        ("adam", 0.05, 8_000),
        ("nadam", 0.05, 8_000),
    ],
)
def test_the_end_of_rosenbrocks_valley_is_found(kind, lr, num_steps):
    assert descend(kind, rosenbrock_gradient, [-1.0, 1.0], lr, num_steps) == pytest.approx([1.0, 1.0], abs=0.02)


def test_decay_acts_where_it_is_asked_to(to):
    w = decay(to([1.0, 1.0]), to([1.0, 0.0]), 0.1, 0.5)
    assert np.asarray(w).tolist() == [0.95, 1.0]


def test_the_cut_of_nadams_product_changes_no_bit():
    exact = math.prod(0.9 * (1 - 0.5 * 0.96 ** (0.004 * t)) for t in range(1, 51))
    assert momentum_product(0.9, 0.004, 50) == pytest.approx(exact, rel=1e-14)
    assert 1.0 - momentum_product(0.9, 0.004, 10**9) == 1.0
