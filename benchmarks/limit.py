"""The limit: what a step would take if it were nothing but its matrix products and the optimizer's memory traffic.

The products are timed at the step's own shapes, each by the faster of SciPy's BLAS and torch's. The optimizer (Adam) has to
read weight, gradient and two moments and to write weight and moments: 7 numbers a parameter, at the bandwidth that a plain copy
reaches over as much memory as the optimizer holds (small networks stay in a cache, large ones do not).

Products of one's own can beat this limit, and so can cutting a million rows so that they stay in a cache. The floor is therefore
the same with Lamina's own products among the candidates: what the rest of a step costs shows against it alone. Both are of one
core: Lamina's products are timed without threads.

The peak is the rate of the fastest product of all, of matrices that stay in a cache and whose sizes suit the registers. An aim
that leaves a step less time than its products take at that rate is out of reach.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache

import numpy as np

from benchmarks.workload import Workload
from lamina.engine import _native
from lamina.engine.blas import scipy_blas

__all__ = ["bandwidth", "limits_s", "peak_flops"]

_FLOAT_BYTES = 4
_HELD, _MOVED = 4, 7  # numbers a parameter
_TIMED_S = 0.004
_PEAK_SHAPES = ((32, 128, 64), (256, 128, 256), (512, 512, 512))

Clock = Callable[[], float]


def limits_s(workload: Workload, clock: Clock) -> dict[str, float]:
    """Seconds a step by ``clock``, of the limit and of the floor; none for sparse data, whose products are not BLAS's."""
    if workload.density < 1:
        return {}
    timed = [_product_s(*shape, clock) for shape in workload.products]
    optimizer = 0.0 if workload.predicts else _optimizer_s(workload, clock)
    return {
        "limit": optimizer + sum(min(others) for others, _ in timed),
        "floor": optimizer + sum(min(*others, own) for others, own in timed),
    }


@cache
def peak_flops(clock: Clock) -> float:
    """Floating-point operations a second of the fastest product, by SciPy's BLAS or Lamina, timed in a compiled loop."""

    def rate(m: int, n: int, k: int, product: str) -> float:
        out, a, b = np.empty((m, n), dtype=np.float32), _operand(m, k), _operand(k, n)
        return 2 * m * n * k / _native_s(out, a, b, False, False, product, clock)

    return max(rate(*shape, product) for shape in _PEAK_SHAPES for product in ("blas", "built_in"))


def _optimizer_s(workload: Workload, clock: Clock) -> float:
    size = _FLOAT_BYTES * workload.num_parameters
    return _MOVED * size / bandwidth(_HELD * size, clock)


def bandwidth(held_bytes: int, clock: Clock) -> float:
    """Bytes read and written a second by a copy from one half of so much memory to the other."""
    source, target = np.zeros((2, max(held_bytes // 2 // _FLOAT_BYTES, 1)), dtype=np.float32)
    nothing = np.zeros(1, dtype=np.float32)
    seconds = _best_s(lambda: np.copyto(target, source), clock) - _best_s(lambda: np.copyto(nothing, nothing[:]), clock)
    return 2 * source.nbytes / max(seconds, 1e-9)


def _product_s(transpose_a: bool, transpose_b: bool, m: int, n: int, k: int, clock: Clock) -> tuple[list[float], float]:
    """By SciPy's BLAS and, if it is there, torch's; and by Lamina's own product."""
    a = _operand(k, m) if transpose_a else _operand(m, k)
    b = _operand(n, k) if transpose_b else _operand(k, n)
    out = np.empty((m, n), dtype=np.float32)
    seconds = [_native_s(out, a, b, transpose_a, transpose_b, "blas", clock)]
    if _torch_mm() is not None:
        seconds.append(_torch_s(out, a.T if transpose_a else a, b.T if transpose_b else b, clock))
    return seconds, _native_s(out, a, b, transpose_a, transpose_b, "built_in", clock)


def _native_s(
    out: np.ndarray, a: np.ndarray, b: np.ndarray, transpose_a: bool, transpose_b: bool, product: str, clock: Clock
) -> float:
    """In a compiled loop, so that no call of Python's is counted; SciPy's BLAS through the pointer that SciPy exports."""

    def multiply(repetitions: int) -> None:
        _native.multiply(out, a, b, transpose_a, transpose_b, scipy_blas(), "", product, repetitions)

    began = time.perf_counter()
    multiply(1)
    repetitions = max(1, int(_TIMED_S / max(time.perf_counter() - began, 1e-6) / 4))
    return _best_s(lambda: multiply(repetitions), clock) / repetitions


def _torch_s(out: np.ndarray, a: np.ndarray, b: np.ndarray, clock: Clock) -> float:
    """What torch's product takes beyond that of two single numbers, which is the cost of the call.

    Of a small product little is left, or by chance nothing: it counts for no less than it takes at the peak.
    """
    mm = _torch_mm()
    assert mm is not None
    return max(mm(out, a, b, clock) - _torch_call_s(clock), 2 * out.size * a.size / len(out) / peak_flops(clock))


@cache
def _torch_call_s(clock: Clock) -> float:
    mm, one = _torch_mm(), np.ones((1, 1), dtype=np.float32)
    assert mm is not None
    return mm(one.copy(), one, one, clock)


@cache
def _torch_mm() -> Callable[..., float] | None:
    """Times torch's product; None without torch."""
    try:
        import torch
    except ImportError:
        return None

    def seconds(out: np.ndarray, a: np.ndarray, b: np.ndarray, clock: Clock) -> float:
        tensors = [torch.from_numpy(array) for array in (a, b, out)]
        with torch.inference_mode():
            return _best_s(lambda: torch.mm(tensors[0], tensors[1], out=tensors[2]), clock)

    return seconds


def _operand(rows: int, columns: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(size=(rows, columns), dtype=np.float32)


def _best_s(call: Callable[[], object], clock: Clock) -> float:
    """The shortest of the calls that fit into a few milliseconds, at least two."""
    best, began, calls = np.inf, time.perf_counter(), 0
    while calls < 2 or time.perf_counter() - began < _TIMED_S:
        start = clock()
        call()
        best = min(best, clock() - start)
        calls += 1
    return float(best)
