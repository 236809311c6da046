"""The test surfaces (L14, L28): gradients against differences, minima that are minima, formulas that say what is computed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lamina.descent import SURFACES, get_surface, numerical_gradient
from lamina.errors import InvalidSettingError

SURFACE_LIST = list(SURFACES.values())
BY_NAME = pytest.mark.parametrize("surface", SURFACE_LIST, ids=list(SURFACES))


@BY_NAME
def test_the_gradient_is_that_of_the_function(surface):
    rng = np.random.default_rng(3)
    low, high = np.array(surface.bounds).T
    for point in rng.uniform(low, high, size=(20, 2)):
        expected = numerical_gradient(surface, point)
        scale = 1.0 + np.abs(expected).max()
        np.testing.assert_allclose(surface.gradient(point) / scale, expected / scale, atol=3e-6)


@BY_NAME
def test_at_a_minimum_the_gradient_is_zero_and_no_point_of_the_grid_lies_lower(surface):
    for minimum in surface.minima:
        point = np.array(minimum)
        assert np.abs(surface.gradient(point)).max() < 1e-8
        assert surface.grid(101)[2].min() >= surface(point) - 1e-12


@pytest.mark.parametrize("surface", [s for s in SURFACE_LIST if s.name != "cliff"], ids=lambda surface: surface.name)
def test_the_formula_says_what_is_computed(surface):
    python = surface.formula.replace("^", "**").replace("x y", "x * y").replace("100 (", "100 * (").replace("1/2 (", "1/2 * (")
    python = python.replace("1/2 x", "1/2 * x").replace("1/4 y", "1/4 * y").replace("1/2 y", "1/2 * y").replace("25 y", "25 * y")
    value = eval(python, {"x": 1.3, "y": -0.7})
    assert surface(np.array([1.3, -0.7])) == pytest.approx(value, rel=1e-12)


def test_the_cliff_is_a_recurrent_unit_after_twelve_steps():
    w, b, state = 4.0, -1.7, 0.5
    for _ in range(12):
        state = w / (1 + math.exp(-state)) + b
    assert SURFACES["cliff"](np.array([w, b])) == pytest.approx((state - 0.7) ** 2, rel=1e-12)


@BY_NAME
def test_a_grid_is_the_function_at_its_points_over_the_bounds(surface):
    X, Y, Z = surface.grid(7)
    assert (X[0, 0], X[0, -1]) == surface.bounds[0]
    assert (Y[0, 0], Y[-1, 0]) == surface.bounds[1]
    assert Z[2, 5] == pytest.approx(surface(np.array([X[2, 5], Y[2, 5]])))


def test_an_unknown_surface_is_refused_with_the_nearest():
    with pytest.raises(InvalidSettingError, match=r"surface must be one of .* got 'rosenbrok'. Did you mean 'rosenbrock'"):
        get_surface("rosenbrok")
