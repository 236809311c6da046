"""Time every side on every workload, interleaved, and print medians of ratios.

    python -m benchmarks.compare [--rounds 5] [workload ...]

A ratio is the peer's time over ours in the same round. The losses are printed so that one sees that nobody skips work.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time

import numpy as np
import sklearn
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

import lamina
from benchmarks.sides import SIDES
from benchmarks.workloads import WORKLOADS, Workload


def time_sides(workload: Workload, rounds: int) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Seconds of every side in every round, after one warm-up, and the final losses."""
    x, y = workload.data()
    seconds: dict[str, list[float]] = {name: [] for name in SIDES}
    losses = {name: side(workload, x, y) for name, side in SIDES.items()}
    for _ in range(rounds):
        for name, side in SIDES.items():
            start = time.perf_counter()
            side(workload, x, y)
            seconds[name].append(time.perf_counter() - start)
    return seconds, losses


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workloads", nargs="*", default=[w.name for w in WORKLOADS])
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    table = Table(title="one thread, float32, Adam; µs a step (median)")
    for column in ("workload", "network", "batch", "lamina", "scikit-learn", "ratio", "bar", "loss", "scikit-learn's"):
        table.add_column(column, justify="left" if column in ("workload", "network") else "right")
    with threadpool_limits(limits=1):
        for workload in (w for w in WORKLOADS if w.name in arguments.workloads):
            seconds, losses = time_sides(workload, arguments.rounds)
            ours, theirs = seconds["lamina"], seconds["scikit-learn"]
            ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
            microseconds = [f"{1e6 * statistics.median(s) / workload.num_steps:.1f}" for s in (ours, theirs)]
            network = "-".join(map(str, (workload.features, *workload.hidden, workload.classes)))
            table.add_row(
                workload.name, network, str(workload.batch_size), *microseconds, f"{ratio:.1f}×", f"≥ {workload.bar:g}×",
                f"{losses['lamina']:.4f}", f"{losses['scikit-learn']:.4f}",
            )  # fmt: skip
    console = Console(width=110)
    console.print(table)
    console.print(f"lamina {lamina.__version__}, scikit-learn {sklearn.__version__}, NumPy {np.__version__}, {platform.machine()}")


if __name__ == "__main__":
    main()
