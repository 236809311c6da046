"""Emulated tiles: what a product by them starts from and ends with, and its edges.

What the instructions do is taken from their manual: this tests the kernel's code, not a processor.
"""

import numpy as np
import pytest


def _whole(rng, *shape):
    return rng.integers(-4, 5, shape).astype(np.float32)  # so that sums are exact


@pytest.mark.parametrize("depth", [0, 3, 40, 1100])
@pytest.mark.parametrize("finish", ["none", "relu", "relu_slope"])
@pytest.mark.parametrize("start", ["none", "row", "all"])
def test_products_start_and_finish_as_asked(emulated_tiles, start, finish, depth):
    rng = np.random.default_rng(depth)
    a, b = _whole(rng, 71, depth), _whole(rng, depth, 50)
    first = {"none": None, "row": _whole(rng, 50), "all": _whole(rng, 71, 50)}[start]
    gate = np.maximum(_whole(rng, 71, 50), 0)
    expected = a @ b + (0 if first is None else first)
    if finish == "relu":
        expected = np.maximum(expected, 0)
    elif finish == "relu_slope":
        expected = expected * (gate > 0)
    np.testing.assert_array_equal(emulated_tiles(a, b, start=first, finish=finish, gate=gate), expected)


@pytest.mark.parametrize("rows", [1, 16, 17, 32, 33, 64, 70])
@pytest.mark.parametrize("columns", [1, 16, 17, 32, 33, 64, 70])
def test_each_edge_of_a_block_is_right(emulated_tiles, rows, columns):
    rng = np.random.default_rng(rows * 100 + columns)
    a, b = _whole(rng, rows, 45), _whole(rng, 45, columns)
    np.testing.assert_array_equal(emulated_tiles(a, b), a @ b)
    np.testing.assert_array_equal(emulated_tiles(np.ascontiguousarray(a.T), b, True), a @ b)
