"""Perturbed weights in the plainest way (rows L8, L9 of the lecture): against steps by hand, on two array libraries."""

from __future__ import annotations

import array_api_strict
import numpy as np
import pytest

from lamina.engine import Batches, Head, Op, Parameter, Program, StepValues, TrainingPlan, UpdateRule
from lamina.engine.perturbation import PerturbationRule
from lamina.engine.reference import ReferenceExecutor
from lamina.engine.reference.perturbation import draw_changes, draw_signs

LINE = Program(
    widths=(1, 1),
    inputs=(0,),
    outputs=(1,),
    ops=(Op("dense", "line", (0,), 1, (0, 1)),),
    parameters=(Parameter("weight", "line", 0, (1, 1)), Parameter("bias", "line", 1, (1,))),
    heads=(Head("squared_error", 1, 1),),
)
X = np.linspace(-1, 1, 8).reshape(-1, 1)
DATA = Batches([X], [2 * X - 1])


def loss(w):
    return float(0.5 * np.mean((X * w[0] + w[1] - (2 * X - 1)) ** 2))


def executor(xp=np):
    made = ReferenceExecutor(LINE, "float64", xp)
    made.configure(TrainingPlan(UpdateRule("gradient_descent", (), 0), seed=5))
    made.restore(parameters=xp.asarray([0.3, 0.2]))
    return made


def step(made, rule, rate, first_step=7):
    return made.perturb(DATA, np.arange(8), 8, first_step, StepValues(np.array([rate])), rule)


def test_l8_one_weight_at_a_time_equals_the_steps_by_hand():
    made = executor()
    result = step(made, PerturbationRule("one", trials=12), 0.5)
    w, kept = np.array([0.3, 0.2]), 0
    for index, change in zip(*draw_changes(2, 12, 0.5, seed=5, step=7), strict=True):
        tried = w.copy()
        tried[index] += change
        if loss(tried) < loss(w):
            w, kept = tried, kept + 1
    np.testing.assert_allclose(made.snapshot().parameters, w, rtol=1e-14)
    assert result.num_kept == kept > 0
    assert result.losses[0] == pytest.approx(loss([0.3, 0.2]))


@pytest.mark.parametrize("antithetic", [True, False])
def test_l9_all_weights_at_once_equal_the_steps_by_hand(antithetic):
    made, c, w = executor(), 0.1, np.array([0.3, 0.2])
    result = step(made, PerturbationRule("all", 2, c, antithetic), 0.4)
    gradient = np.zeros(2)
    for trial in range(2):
        s = draw_signs(2, seed=5, step=7, trial=trial)
        slope = (loss(w + c * s) - loss(w - c * s)) / (2 * c) if antithetic else (loss(w + c * s) - loss(w)) / c
        gradient += slope * s / 2
    np.testing.assert_allclose(made.snapshot().parameters, w - 0.4 * gradient, rtol=1e-12)
    assert result.num_kept is None
    assert result.losses[0] == pytest.approx(loss(w), abs=0.02 if antithetic else 1e-12)


@pytest.mark.parametrize("rule", [PerturbationRule("one", 10), PerturbationRule("all", 2, 0.1)], ids=lambda rule: rule.kind)
def test_any_library_of_the_array_api_gives_the_same_numbers(rule):
    both = executor(), executor(array_api_strict)
    for made in both:
        step(made, rule, 0.3)
    np.testing.assert_array_equal(np.asarray(both[1].snapshot().parameters), both[0].snapshot().parameters)
