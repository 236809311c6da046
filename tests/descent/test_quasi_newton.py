"""L-BFGS, an iteration at a time: SciPy's iterates, and all that it knows in what can be stored."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
from scipy import optimize

from lamina.descent.line_search import Trial, search_line
from lamina.descent.quasi_newton import QuasiNewton
from lamina.optimizers import LBFGS


def rosenbrock(w):
    return float(optimize.rosen(w)), optimize.rosen_der(w)


def logistic(w):
    rng = np.random.default_rng(0)
    A, b = rng.normal(size=(50, len(w))), np.where(rng.random(50) > 0.5, 1, -1)
    z = A @ w * b
    return float(np.logaddexp(0, -z).mean() + 5e-4 * w @ w), A.T @ (-b / (1 + np.exp(z))) / 50 + 1e-3 * w


def walk(function, start, steps):
    descent = QuasiNewton(function, start, LBFGS())
    return [descent.value for _ in range(steps) if descent.advance()], descent


@pytest.mark.parametrize(
    ("function", "start", "steps"),
    [(rosenbrock, [-1.2, 1.0, 0.5, 2.0], 30), (logistic, np.zeros(20), 25), (rosenbrock, [3.0, -2.0, 1.0, 0.0, 2.0, -1.0], 30)],
)
def test_the_iterates_are_scipys(function, start, steps):
    expected = []
    optimize.minimize(
        function,
        start,
        jac=True,
        method="L-BFGS-B",
        callback=lambda intermediate_result: expected.append(intermediate_result.fun),
        options={"maxcor": 10, "gtol": 0, "ftol": 0, "maxiter": steps},
    )
    values, _ = walk(function, np.array(start), steps)
    np.testing.assert_allclose(values[:steps], expected[:steps], rtol=1e-6)


@pytest.mark.parametrize("after", [0, 1, 7, 15])
def test_what_is_stored_goes_on_bit_for_bit(after):
    _, whole = walk(rosenbrock, np.array([-1.2, 1.0, 0.5, 2.0]), 25)
    _, descent = walk(rosenbrock, np.array([-1.2, 1.0, 0.5, 2.0]), after)
    resumed = QuasiNewton.resumed(rosenbrock, copy.deepcopy(descent.state()), LBFGS())
    while resumed.num_iterations < 25:
        assert resumed.advance()
    assert resumed.value == whole.value
    np.testing.assert_array_equal(resumed.point, whole.point)
    assert resumed.num_evaluations == whole.num_evaluations


def test_steps_into_what_is_not_finite_are_shortened():
    """-log x + x has its minimum at 1, and no value from 0 down."""

    def function(w):
        x = float(w[0])
        return (x - math.log(x), np.array([1 - 1 / x])) if x > 0 else (math.inf, np.array([math.nan]))

    descent = QuasiNewton(function, np.array([100.0]), LBFGS())
    while descent.largest_slope > 1e-8:
        assert descent.advance()
    assert descent.point == pytest.approx([1.0])


def test_nothing_moves_where_nothing_is_lower():
    descent = QuasiNewton(lambda w: (3.0, np.array([1.0, -1.0])), np.array([2.0, 2.0]), LBFGS())
    assert not descent.advance()
    assert (descent.value, descent.point.tolist(), descent.num_iterations) == (3.0, [2.0, 2.0], 0)


def test_nothing_moves_from_a_point_that_is_not_finite():
    descent = QuasiNewton(lambda w: (math.nan, w), np.array([2.0]), LBFGS())
    assert not descent.is_finite
    assert not descent.advance()


@pytest.mark.parametrize("first_step", [1e-3, 0.1, 1.0, 10.0, 1e3])
@pytest.mark.parametrize("curvature", [0.9, 0.1])
@pytest.mark.parametrize(
    "function",
    [
        # Moré & Thuente 1994, section 5, the first three of its functions
        lambda x: (-x / (x * x + 2), (x * x - 2) / (x * x + 2) ** 2),
        lambda x: ((x + 0.004) ** 5 - 2 * (x + 0.004) ** 4, 5 * (x + 0.004) ** 4 - 8 * (x + 0.004) ** 3),
        lambda x: (math.cosh(x - 2), math.sinh(x - 2)) if x < 700 else (math.inf, math.inf),
    ],
)
def test_what_the_line_search_finds_satisfies_wolfes_conditions(function, curvature, first_step):
    def trial(step):
        return Trial(step, *function(step))

    start = trial(0.0)
    found = search_line(trial, start, first_step, curvature=curvature, precision=1e-12, max_trials=60)
    assert found is not None
    assert found.value <= start.value + 1e-3 * found.step * start.slope
    assert abs(found.slope) <= curvature * abs(start.slope)
