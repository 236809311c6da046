"""The built-in products: what their numbers start from, what they pass through, parts of larger matrices, sparse rows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

FINISHES = {"none": 0, "relu": 1, "relu_slope": 2}  # enum class Finish of csrc/kernels/kernels.hpp
ENDS = np.dtype({"names": ["start", "start_row", "finish", "gate"], "formats": ["u8", "i8", "i4", "u8"]}, align=True)
SINGLE = [shape for few in (1, 2, 3, 4, 5) for shape in ((1, few, 37), (37, few, 1), (1, 37, few))]
SIZES = [(1, 1, 1), (1, 70, 9), (5, 3, 40), (3, 5, 40), (33, 2, 17), (2, 33, 17), (7, 100, 20), (20, 100, 300), (70, 49, 2)]
SIZES += [*SINGLE, (1, 200, 70), (9, 200, 1), (1, 2, 0)]
TRANSPOSITIONS = [(False, False), (True, False), (False, True), (True, True)]


def _matrix(kernels, rng, rows, columns, beside):
    """A matrix within one that is wider by ``beside`` columns."""
    return kernels.array(rng.normal(size=(rows, columns + beside)))


def _multiply(kernels, transposed, a, b, c, sizes, *, start=None, start_row=0, finish="none", gate=None):
    ends = _ends(start, start_row, finish, gate)
    kernels.gemm(*transposed, *sizes, a, a.shape[1], b, b.shape[1], ends, c, c.shape[1])


def _ends(start, start_row, finish, gate=None):
    ends = np.zeros(1, ENDS)
    ends["start"], ends["start_row"], ends["finish"] = 0 if start is None else start.ctypes.data, start_row, FINISHES[finish]
    ends["gate"] = 0 if gate is None else gate.ctypes.data
    return ends


@pytest.mark.parametrize("transposed", TRANSPOSITIONS)
@pytest.mark.parametrize("finish", FINISHES)
@pytest.mark.parametrize("start", ["zero", "bias", "itself"])
@pytest.mark.parametrize("beside", [0, 3])
def test_a_product_starts_and_finishes_as_asked(kernels, rng, beside, start, finish, transposed):
    for m, n, k in SIZES:
        a = _matrix(kernels, rng, *((k, m) if transposed[0] else (m, k)), beside)
        b = _matrix(kernels, rng, *((n, k) if transposed[1] else (k, n)), beside)
        c, gate = (_matrix(kernels, rng, m, n, beside) for _ in range(2))
        bias = _matrix(kernels, rng, 1, n, beside)
        before = c.copy()
        starts = {"zero": (None, 0), "bias": (bias, 0), "itself": (c, c.shape[1])}[start]
        _multiply(kernels, transposed, a, b, c, (m, n, k), start=starts[0], start_row=starts[1], finish=finish, gate=gate)

        left = (a[:, :m].T if transposed[0] else a[:, :k]).astype(float)
        right = (b[:, :k].T if transposed[1] else b[:, :n]).astype(float)
        first = {"zero": 0.0, "bias": bias[0, :n], "itself": before[:, :n]}[start]
        expected, magnitude = first + left @ right, abs(first) + abs(left) @ abs(right)
        if finish == "relu":
            expected = np.maximum(expected, 0)
        if finish == "relu_slope":
            expected = expected * (gate[:, :n] > 0)
        assert np.all(np.abs(c[:, :n] - expected) <= (k + 2) * kernels.eps * magnitude), (m, n, k)
        np.testing.assert_array_equal(c[:, n:], before[:, n:])  # what lies beside it is not touched


@pytest.mark.parametrize("finish", FINISHES)
def test_nan_passes_through_every_finish(kernels, rng, finish):
    a, b, gate = kernels.array(np.full((9, 4), np.nan)), kernels.array(np.ones((4, 21))), kernels.array(np.zeros((9, 21)))
    c = kernels.array(np.zeros((9, 21)))
    _multiply(kernels, (False, False), a, b, c, (9, 21, 4), finish=finish, gate=gate)
    assert np.all(np.isnan(c))


def test_rows_that_are_not_there_are_not_read(kernels):
    """Padding of vectors is zero, not what lies behind a matrix: nan there would be seen."""
    for m, n, k in SIZES:
        behind = kernels.array(np.full(m * k + n * k + 200, np.nan))
        behind[: m * k], behind[m * k + 100 : m * k + 100 + n * k] = 1, 1
        a, b = behind[: m * k].reshape(m, k), behind[m * k + 100 : m * k + 100 + n * k].reshape(k, n)
        c = kernels.array(np.zeros((m, n)))
        _multiply(kernels, (False, False), a, b, c, (m, n, k))
        np.testing.assert_array_equal(c, k)


def _stored(kernels, rng, rows, columns):
    """Sparse rows, some of them empty, their columns in any order."""
    x = sparse.csr_array(np.where(rng.random((rows, columns)) < 0.4, kernels.array(rng.normal(size=(rows, columns))), 0))
    x = x[rng.permutation(rows)]
    for first, end in zip(x.indptr[:-1], x.indptr[1:], strict=True):
        order = first + rng.permutation(end - first)
        x.indices[first:end], x.data[first:end] = x.indices[order], x.data[order]
    return x


@pytest.mark.parametrize("finish", ["none", "relu"])
@pytest.mark.parametrize("start", ["zero", "bias", "itself"])
def test_a_product_of_sparse_rows_starts_and_finishes_as_asked(kernels, rng, start, finish):
    for n in (*range(1, 18), 31, 33, 100, 128, 129, 300):
        for m, k in ((1, 5), (7, 3), (30, 40)):
            x, b, bias = _stored(kernels, rng, m, k), kernels.array(rng.normal(size=(k, n))), kernels.array(rng.normal(size=n))
            room = kernels.array(rng.normal(size=(m + 2, n)))
            before, out = room.copy(), room[1:-1]
            ends = _ends(*{"zero": (None, 0), "bias": (bias, 0), "itself": (out, n)}[start], finish)
            kernels.sparse_product(out, x.indptr.astype(np.int64), x.indices.astype(np.int64), x.data, m, b, n, ends)

            first = {"zero": 0.0, "bias": bias, "itself": before[1:-1]}[start]
            expected, magnitude = first + x.astype(float) @ b, abs(first) + abs(x) @ abs(b)
            if finish == "relu":
                expected = np.maximum(expected, 0)
            assert np.all(np.abs(out - expected) <= (k + 2) * kernels.eps * magnitude), (m, n, k)
            np.testing.assert_array_equal(room[[0, -1]], before[[0, -1]])  # the rows around it are not touched
