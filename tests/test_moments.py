"""Mean and deviation are those of NumPy for ordinary numbers, bit for bit, and finite for all others."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lamina.moments import common_exponent, mean_and_deviation

LARGEST = float(np.finfo(np.float64).max)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("axis", [None, 0])
def test_ordinary_numbers_give_numpys_bits(dtype: str, axis: Literal[0] | None) -> None:
    values = np.random.default_rng(0).normal(5.0, 30.0, size=(101, 7)).astype(dtype)
    mean, deviation = mean_and_deviation(values, axis)
    assert np.array_equal(mean, values.mean(axis=axis))
    assert np.array_equal(deviation, values.std(axis=axis))
    assert mean.dtype == deviation.dtype == dtype


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
@example([LARGEST, -LARGEST] * 3)
@example([LARGEST] * 7)
@example([5e-324, 0.0])
def test_any_finite_numbers_have_a_finite_mean_among_them_and_a_finite_deviation(values: list[float]) -> None:
    with np.errstate(all="raise"):
        mean, deviation = mean_and_deviation(np.array(values))
    assert min(values) <= mean <= max(values)
    assert 0.0 <= deviation <= LARGEST
    assert deviation == 0.0 or len(set(values)) > 1


@pytest.mark.parametrize("size", [2.0**-1000, 2.0**1000])
def test_the_moments_of_scaled_numbers_are_scaled(size: float) -> None:
    values = np.random.default_rng(0).normal(size=50)
    mean, deviation = mean_and_deviation(values * size)
    assert (mean, deviation) == (values.mean() * size, values.std() * size)


def test_each_column_has_a_unit_of_its_own() -> None:
    columns = np.array([[1e300, 1e-300, 0.1], [3e300, 3e-300, 0.1]])
    mean, deviation = mean_and_deviation(columns, axis=0)
    np.testing.assert_allclose(mean, [2e300, 2e-300, 0.1])
    np.testing.assert_allclose(deviation, [1e300, 1e-300, 0.0])


def test_numbers_that_are_not_finite_are_not_scaled() -> None:
    assert common_exponent(np.array([np.inf, 1e300])) == 0
    assert common_exponent(np.array([np.nan, 1e300])) == 0
    assert np.isnan(mean_and_deviation(np.array([np.nan, 1.0]))[0])
