"""The proximal step of L1: the soft threshold, and the step size that a rule multiplies it by."""

import numpy as np
import pytest

from lamina.engine.formulas.shrinkage import STEP_SIZES, shrink, with_l1
from lamina.engine.formulas.update import RULES

# coefficients as in lamina.engine.plan.UpdateRule, number of slots
CASES = {
    "gradient_descent": ((), 0),
    "momentum": ((0.9,), 1),
    "nesterov": ((0.9,), 1),
    "rmsprop": ((0.99, 1e-8), 1),
    "adagrad": ((1e-10,), 1),
    "adam": ((0.9, 0.999, 1e-8), 2),
    "nadam": ((0.9, 0.999, 1e-8, 0.004), 2),
}


def test_every_rule_has_a_step_size():
    assert RULES.keys() == STEP_SIZES.keys() == CASES.keys()


def test_the_soft_threshold_by_hand(to):
    w, threshold = to([-2.0, -0.5, 0.0, 0.25, 3.0]), to([0.5, 0.5, 1.0, 0.5, 0.0])
    assert np.asarray(shrink(w, threshold)).tolist() == [-1.5, 0.0, 0.0, 0.0, 3.0]


def test_the_soft_threshold_is_the_lowest_point_of_its_objective():
    at = np.linspace(-3, 3, 6001)  # argmin 1/2 (v - w)^2 + threshold |v|
    for w in (-2.0, -0.3, 0.0, 0.7, 1.9):
        lowest = at[np.argmin(0.5 * (at - w) ** 2 + 0.7 * np.abs(at))]
        assert shrink(np.array([w]), 0.7)[0] == pytest.approx(lowest, abs=1e-3)


@pytest.mark.parametrize("kind", CASES)
def test_a_step_size_is_how_far_gradients_of_one_move_a_weight(kind, to):
    coefficients, num_slots = CASES[kind]
    w, slots = to([0.0]), tuple(to([0.0]) for _ in range(num_slots))
    for t in range(1, 60):
        after, slots = RULES[kind](w, to([1.0]), slots, t, 0.1, *coefficients)
        moved = float(np.asarray(w)[0] - np.asarray(after)[0])
        assert np.asarray(STEP_SIZES[kind](slots, t, 0.1, *coefficients)).item() == pytest.approx(moved, rel=1e-9)
        w = after


@pytest.mark.parametrize("kind", CASES)
def test_a_weight_that_had_no_gradient_yet_shrinks_by_about_the_learning_rate_at_most(kind):
    coefficients, num_slots = CASES[kind]
    l1 = 1e-3
    size = STEP_SIZES[kind](tuple(np.zeros(1) for _ in range(num_slots)), 1, 0.1, *with_l1(kind, coefficients, l1))
    assert np.all(l1 * size < 0.11)
