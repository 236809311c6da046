"""What is measured, as a table. The bars are what Lamina aims at: each peer's time over Lamina's, and the limit's."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.workload import Workload

__all__ = ["WORKLOADS", "select"]

# Small networks train for some 40 ms of Lamina's or more: a core that was idle needs some milliseconds to its full speed.
_SKLEARN, _TORCH, _JAX = "scikit-learn", "torch", "JAX"
_TABLE = (20, 64, 64, 2)

_TINY = Workload(
    name="tiny", rows=10_000, widths=_TABLE, batch_size=32, epochs=20,
    bars={_SKLEARN: 45, _TORCH: 50, _JAX: 6, "limit": 0.75},
)  # fmt: skip
_DEFAULT = Workload(
    name="default", rows=10_000, widths=(20, 100, 2), batch_size=200, epochs=50,
    bars={_SKLEARN: 25, _TORCH: 25, _JAX: 8, "limit": 0.8},
)  # fmt: skip
_MNIST = Workload(
    name="mnist", rows=10_000, widths=(784, 512, 512, 10), batch_size=128,
    bars={_SKLEARN: 3.8, _TORCH: 1.5, _JAX: 1.05, "limit": 0.9},
)  # fmt: skip
_ONLINE = Workload(
    name="online", rows=2_000, widths=(20, 64, 2), batch_size=1, epochs=10,
    bars={_SKLEARN: 300, _TORCH: 400, _JAX: 6},
)  # fmt: skip
_XOR = Workload(name="xor", rows=4, widths=(2, 4, 1), batch_size=4, epochs=10_000, loss="sigmoid", activation="tanh")
_DEEP = Workload(name="deep", rows=2_000, widths=(20, *[64] * 20, 2), batch_size=32, epochs=3)
_WIDE = Workload(name="wide", rows=4_096, widths=(256, 1024, 1024, 1), batch_size=256, epochs=2, loss="squared")
_REGULAR = replace(_TINY, name="regular", regular=True, bars={_TORCH: 40, _JAX: 4})
_SPARSE = Workload(name="sparse", rows=20_000, widths=(5_000, 100, 2), batch_size=200, density=0.01)
_PREDICT = Workload(name="predict", rows=1, widths=_TABLE, batch_size=1)

# Two threads against the same peers with two threads, and against Lamina with one.
_TWO_THREADS = {"lamina, 1 thread": 1.8}

# Only products gain from bfloat16.
_FULL = "lamina, full"
_MIXED_WIDE = replace(_WIDE, name="wide-mixed", mixed=True, bars={_FULL: 1.4}, tile_bars={_FULL: 3.5, _TORCH: 1.4})
_MIXED_MNIST = replace(_MNIST, name="mnist-mixed", mixed=True, bars={}, tile_bars={_FULL: 2.3, _TORCH: 2.5})
_MIXED_PREDICT = Workload(
    name="predict-wide-mixed", rows=1_000_000, widths=(32, 256, 256, 10), batch_size=1, calls=1, mixed=True,
    bars={_FULL: 1.5}, tile_bars={_FULL: 3},
)  # fmt: skip

WORKLOADS = (
    _TINY,
    _DEFAULT,
    _MNIST,
    _ONLINE,
    _XOR,
    _DEEP,
    _WIDE,
    _REGULAR,
    _SPARSE,
    replace(_PREDICT, name="predict-1", rows=1, calls=2_000, bars={_SKLEARN: 5, _TORCH: 2}),
    replace(_PREDICT, name="predict-1k", rows=1_000, calls=100),
    replace(_PREDICT, name="predict-1m", rows=1_000_000, calls=1, bars={_SKLEARN: 2, _TORCH: 1.2, "limit": 0.85}),
    replace(_MNIST, name="mnist-2t", threads=2, bars=_TWO_THREADS),
    replace(_WIDE, name="wide-2t", threads=2, bars=_TWO_THREADS),
    _MIXED_WIDE,
    _MIXED_MNIST,
    replace(_MIXED_WIDE, name="wide-mixed-2t", threads=2),
    replace(_MIXED_MNIST, name="mnist-mixed-2t", threads=2),
    _MIXED_PREDICT,
    replace(_MIXED_PREDICT, name="predict-wide-mixed-2t", threads=2),
)


def select(names: list[str], quick: bool = False) -> list[Workload]:
    """The workloads of these names (all if there are none); ``quick`` makes the long ones shorter."""
    unknown = sorted(set(names) - {workload.name for workload in WORKLOADS})
    if unknown:
        raise SystemExit(f"No workload {', '.join(unknown)}. There are {', '.join(w.name for w in WORKLOADS)}.")
    chosen = [workload for workload in WORKLOADS if not names or workload.name in names]
    return [_shortened(workload) for workload in chosen] if quick else chosen


def _shortened(workload: Workload) -> Workload:
    return replace(workload, epochs=-(-workload.epochs // 10), calls=-(-workload.calls // 10))
