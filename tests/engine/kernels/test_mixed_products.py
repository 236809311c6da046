"""Products in mixed precision: every instruction set gives those of rounded operands, for every shape and layout.

So do emulated tiles, with the kernel's own code around them; where the processor has tiles, these are tested as well.
"""

import numpy as np
import pytest

from lamina.engine import _native
from lamina.engine.formulas.bfloat16 import bfloat16

SIZES = (1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 48, 49, 97)
SHAPES = [(m, 33, 19) for m in SIZES] + [(13, n, 19) for n in SIZES] + [(13, 33, k) for k in SIZES]
SHAPES += [(1, 1, 1), (5, 6, 0), (300, 70, 600), (20, 300, 1025), (3, 5, 515)]

EMULATED = "emulated tiles"

_EACH = pytest.mark.parametrize("multiply", [*_native.instruction_sets(), EMULATED], indirect=True)
_LAYOUTS = pytest.mark.parametrize(("transpose_a", "transpose_b"), [(False, False), (True, False), (False, True), (True, True)])


@pytest.fixture
def multiply(request):
    """``multiply(a, b, transpose_a, transpose_b)`` returns op(a) op(b)."""
    if request.param == EMULATED:
        return request.getfixturevalue("emulated_tiles")

    def run(a, b, transpose_a=False, transpose_b=False):
        out = np.full((a.shape[transpose_a], b.shape[not transpose_b]), np.nan, np.float32)
        _native.multiply_mixed(out, a, b, transpose_a, transpose_b, request.param)
        return out

    return run


@_EACH
@_LAYOUTS
def test_products_are_those_of_rounded_operands(transpose_a, transpose_b, multiply):
    for m, n, k in SHAPES:
        rng = np.random.default_rng(m * 10007 + n * 101 + k)
        a = rng.normal(size=(k, m) if transpose_a else (m, k)).astype(np.float32)
        b = rng.normal(size=(n, k) if transpose_b else (k, n)).astype(np.float32)
        out = multiply(a, b, transpose_a, transpose_b)
        left, right = bfloat16(a).astype(np.float64), bfloat16(b).astype(np.float64)
        left, right = left.T if transpose_a else left, right.T if transpose_b else right
        bound = (k + 1) * np.finfo(np.float32).eps * (np.abs(left) @ np.abs(right))  # Higham 2002, equation 3.13
        assert np.all(np.abs(out - left @ right) <= bound), (m, n, k)


@_EACH
def test_what_is_not_finite_reaches_its_row_and_column_alone(multiply):
    a, b = np.ones((20, 35), np.float32), np.ones((35, 50), np.float32)
    a[3, 34], a[4, 0], b[7, 41] = np.nan, 3.4e38, -np.inf
    expected = np.full((20, 50), 35.0)
    expected[4], expected[:, 41], expected[4, 41], expected[3] = np.inf, -np.inf, np.nan, np.nan
    np.testing.assert_array_equal(multiply(a, b), expected)


@_EACH
def test_sums_that_float32_represents_are_exact(multiply):
    rng = np.random.default_rng(3)
    a, b = rng.integers(-8, 9, (40, 700)).astype(np.float32), rng.integers(-8, 9, (700, 60)).astype(np.float32)
    np.testing.assert_array_equal(multiply(a, b), a @ b)
