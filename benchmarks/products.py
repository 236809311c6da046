"""Which matrix product is faster where: the built-in one on every instruction set, and SciPy's BLAS, in microseconds.

Run ``python -m benchmarks.products [float32|float64]``. The rule that the engine follows stands in csrc/bind/choose_tools.hpp.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from lamina.engine import _native
from lamina.engine.blas import SingleThreadedBlas, scipy_blas

# (rows, columns, depth): forward, weight gradient and input gradient of the layers that small and middling networks have
SHAPES = [
    (1, 64, 20), (1, 512, 784), (32, 64, 20), (32, 64, 64), (32, 2, 64), (64, 64, 32), (200, 100, 20), (20, 100, 200),
    (200, 2, 100), (100, 2, 200), (200, 100, 2), (256, 1024, 1), (32, 256, 256), (128, 10, 512), (128, 512, 512), (512, 512, 128),
    (784, 512, 128), (1000, 2, 64), (1000, 128, 64), (1000, 1000, 1000),
]  # fmt: skip
TRANSPOSED = [(False, False), (True, False), (False, True)]


def time_product(
    shape: tuple[int, int, int], transposed: tuple[bool, bool], dtype: str, instruction_set: str, product: str
) -> float:
    """Microseconds a product: the best of five runs of some milliseconds."""
    m, n, k = shape
    rng = np.random.default_rng(0)
    a = rng.normal(size=(k, m) if transposed[0] else (m, k)).astype(dtype)
    b = rng.normal(size=(n, k) if transposed[1] else (k, n)).astype(dtype)
    out = np.empty((m, n), dtype)
    repetitions = max(1, int(3e7 / (m * n * k + 2000)))
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        _native.multiply(out, a, b, *transposed, scipy_blas(), instruction_set, product, repetitions)
        best = min(best, time.perf_counter() - start)
    return 1e6 * best / repetitions


def main(dtype: str = "float32") -> None:
    sets = _native.instruction_sets()
    columns = [(name, "built_in") for name in sets] + [(sets[-1], "blas")]
    print(f"{'m':>5}{'n':>5}{'k':>5}  transposed " + "".join(f"{name:>10}" for name in [*sets, "BLAS"]))
    with SingleThreadedBlas():
        for shape in SHAPES:
            for transposed in TRANSPOSED:
                times = [time_product(shape, transposed, dtype, *column) for column in columns]
                mark = "".join("T" if flag else "-" for flag in transposed)
                print("".join(f"{size:5}" for size in shape) + f"  {mark:<10} " + "".join(f"{t:10.2f}" for t in times))


if __name__ == "__main__":
    main(*sys.argv[1:])
