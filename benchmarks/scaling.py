"""How Lamina's speed changes with width, depth, batch, rows and threads: ``python -m benchmarks.scaling [--quick]``.

One network (64-64-64-2, batch 32, 10,000 rows, Adam), of which one thing at a time is changed. Draws docs/benchmarks-scaling.svg
and keeps the numbers beside it as JSON. Needs matplotlib.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.sides.lamina_trainer import prepare_with_threads
from benchmarks.workload import Workload
from benchmarks.workloads import WORKLOADS

_PICTURE = Path(__file__).parent.parent / "docs" / "benchmarks-scaling.svg"
_SIZES: dict[str, list[int]] = {
    "width": [8, 16, 32, 64, 128, 256, 512, 1024, 2048],
    "depth": [1, 2, 4, 8, 16, 32],
    "batch": [1, 4, 16, 64, 256, 1024, 4096],
    "rows": [1_000, 10_000, 100_000, 1_000_000],
}
Points = list[tuple[int, float]]


def measure_sizes(repeats: int, longest: int) -> dict[str, dict[str, Points]]:
    """Steps a second by what is changed, with one thread and with all: {quantity: {threads: [(size, steps a second)]}}."""
    threads: dict[str, int | None] = {"1 thread": 1, f"{_all_threads()} threads": _all_threads(), "by default": None}
    return {
        quantity: {
            label: [(size, _steps_per_s(_workload(quantity, size), number, repeats)) for size in sizes[:longest]]
            for label, number in threads.items()
        }
        for quantity, sizes in _SIZES.items()
    }


def measure_threads(repeats: int) -> dict[str, dict[str, float]]:
    """How many times faster than with one thread each workload trains with all, and with the number chosen by default."""
    gains = {}
    for workload in (w for w in WORKLOADS if not w.predicts and w.threads == 1):
        times = {
            label: _seconds(workload, number, repeats) for label, number in (("1", 1), ("all", _all_threads()), ("default", None))
        }
        gains[workload.name] = {"all": times["1"] / times["all"], "default": times["1"] / times["default"]}
    return gains


def draw(sizes: dict[str, dict[str, Points]], gains: dict[str, dict[str, float]], path: Path) -> None:
    """A panel a quantity, and one for the threads."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 3, figsize=(12, 7), layout="constrained")
    for panel, (quantity, curves) in zip(axes.flat, sizes.items(), strict=False):
        for label, points in curves.items():
            panel.loglog(*zip(*points, strict=True), marker="o", label=label, linestyle="--" if label == "by default" else "-")
        panel.set(xlabel=quantity, ylabel="steps a second")
        panel.grid(alpha=0.3)
    axes.flat[0].legend()
    bars, names = axes.flat[4], list(gains)
    for i, kind in enumerate(("all", "default")):
        bars.bar(
            [x + 0.4 * i for x in range(len(names))], [gains[name][kind] for name in names], width=0.4, label=f"{kind} threads"
        )
    bars.set_xticks([x + 0.2 for x in range(len(names))], names, rotation=60)
    bars.axhline(1, color="black", linewidth=0.8)
    bars.set_ylabel("times faster than one thread")
    bars.legend()
    axes.flat[5].axis("off")
    figure.savefig(path)


def _workload(quantity: str, size: int) -> Workload:
    given = {"width": 64, "depth": 2, "batch": 32, "rows": 10_000} | {quantity: size}
    rows = max(given["rows"], given["batch"])
    # As much work for every point: few steps of large ones.
    work = given["width"] ** 2 * given["depth"] * given["batch"]
    if quantity != "rows":
        rows = max(given["batch"], min(rows, int(4e9 / work) * given["batch"]))
    widths = (64, *[given["width"]] * given["depth"], 2)
    return Workload(name=f"{quantity}-{size}", rows=rows, widths=widths, batch_size=given["batch"])


def _steps_per_s(workload: Workload, threads: int | None, repeats: int) -> float:
    return workload.num_steps / _seconds(workload, threads, repeats)


def _seconds(workload: Workload, threads: int | None, repeats: int) -> float:
    job = prepare_with_threads(workload, workload.data(), threads)
    return median(_time(job.reset, job.run) for _ in range(repeats + 1))


def _time(reset: Callable[[], object], run: Callable[[], float]) -> float:
    reset()
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _all_threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description="Lamina's speed by size and threads.")
    parser.add_argument("--quick", action="store_true", help="two sizes each, measured once")
    parser.add_argument("--output", type=Path, default=_PICTURE)
    arguments = parser.parse_args()
    repeats, longest = (1, 2) if arguments.quick else (5, 100)
    sizes, gains = measure_sizes(repeats, longest), measure_threads(repeats)
    arguments.output.with_suffix(".json").write_text(json.dumps({"sizes": sizes, "threads": gains}, indent=1) + "\n")
    draw(sizes, gains, arguments.output)
    print(f"Written: {arguments.output} and {arguments.output.with_suffix('.json').name} beside it.")


if __name__ == "__main__":
    main()
