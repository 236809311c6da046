"""Products in mixed precision: every instruction set gives those of rounded operands, for every shape and layout."""

import numpy as np
import pytest

from lamina.engine import _native
from lamina.engine.formulas.bfloat16 import bfloat16

SIZES = (1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 48, 49, 97)
SHAPES = [(m, 33, 19) for m in SIZES] + [(13, n, 19) for n in SIZES] + [(13, 33, k) for k in SIZES]
SHAPES += [(1, 1, 1), (5, 6, 0), (300, 70, 600), (20, 300, 1025), (3, 5, 515)]

_EACH = pytest.mark.parametrize("instruction_set", _native.instruction_sets())
_LAYOUTS = pytest.mark.parametrize(("transpose_a", "transpose_b"), [(False, False), (True, False), (False, True), (True, True)])


@_EACH
@_LAYOUTS
def test_products_are_those_of_rounded_operands(transpose_a, transpose_b, instruction_set):
    for m, n, k in SHAPES:
        rng = np.random.default_rng(m * 10007 + n * 101 + k)
        a = rng.normal(size=(k, m) if transpose_a else (m, k)).astype(np.float32)
        b = rng.normal(size=(n, k) if transpose_b else (k, n)).astype(np.float32)
        out = np.full((m, n), np.nan, np.float32)
        _native.multiply_mixed(out, a, b, transpose_a, transpose_b, instruction_set)
        left, right = bfloat16(a).astype(np.float64), bfloat16(b).astype(np.float64)
        left, right = left.T if transpose_a else left, right.T if transpose_b else right
        bound = (k + 1) * np.finfo(np.float32).eps * (np.abs(left) @ np.abs(right))  # Higham 2002, equation 3.13
        assert np.all(np.abs(out - left @ right) <= bound), (m, n, k)


@_EACH
def test_what_is_not_finite_reaches_its_row_and_column_alone(instruction_set):
    a, b = np.ones((20, 35), np.float32), np.ones((35, 50), np.float32)
    a[3, 34], a[4, 0], b[7, 41] = np.nan, 3.4e38, -np.inf
    out = np.empty((20, 50), np.float32)
    _native.multiply_mixed(out, a, b, False, False, instruction_set)
    expected = np.full((20, 50), 35.0)
    expected[4], expected[:, 41], expected[4, 41], expected[3] = np.inf, -np.inf, np.nan, np.nan
    np.testing.assert_array_equal(out, expected)


@_EACH
def test_sums_that_float32_represents_are_exact(instruction_set):
    rng = np.random.default_rng(3)
    a, b = rng.integers(-8, 9, (40, 700)).astype(np.float32), rng.integers(-8, 9, (700, 60)).astype(np.float32)
    out = np.empty((40, 60), np.float32)
    _native.multiply_mixed(out, a, b, False, False, instruction_set)
    np.testing.assert_array_equal(out, a @ b)
