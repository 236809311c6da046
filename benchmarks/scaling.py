"""How Lamina's speed changes with width, depth, batch, rows and threads: ``python -m benchmarks.scaling [--quick]``.

One network (64-64-64-2, batch 32, 10,000 rows, Adam), of which one thing at a time is changed. A whole run of benchmarks.compare
does this too. Needs matplotlib.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.sides.lamina_trainer import prepare_with_threads
from benchmarks.workload import Workload
from benchmarks.workloads import WORKLOADS
from lamina.plots.style import LINE_STYLES, MARKERS, axes_grid, figure_of, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw", "measure_and_draw", "measure_sizes", "measure_threads"]

_PICTURE = Path(__file__).parent.parent / "docs" / "benchmarks-scaling.svg"
_SIZES: dict[str, list[int]] = {
    "width": [8, 16, 32, 64, 128, 256, 512, 1024, 2048],
    "depth": [1, 2, 4, 8, 16, 32],
    "batch": [1, 4, 16, 64, 256, 1024, 4096],
    "rows": [1_000, 10_000, 100_000, 1_000_000],
}
_LABELS = {"width": "units a hidden layer", "depth": "hidden layers", "batch": "rows a batch", "rows": "rows"}
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
        data, numbers = workload.data(), {"1": 1, "all": _all_threads(), "default": None}
        jobs = {label: prepare_with_threads(workload, data, number) for label, number in numbers.items()}
        rounds = [{label: _time(job.reset, job.run) for label, job in jobs.items()} for _ in range(repeats + 1)]
        times = {label: median(times[label] for times in rounds) for label in jobs}
        gains[workload.name] = {"all": times["1"] / times["all"], "default": times["1"] / times["default"]}
    return gains


def measure_and_draw(picture: Path, quick: bool) -> dict[str, Any]:
    """Everything above, and a picture of it; ``quick`` takes two sizes each, measured once."""
    import matplotlib  # before minutes of measuring, should it be missing

    repeats, longest = (1, 2) if quick else (5, 100)
    found = {"sizes": measure_sizes(repeats, longest), "threads": measure_threads(repeats)}
    with matplotlib.rc_context({"svg.hashsalt": picture.stem}):
        draw(found["sizes"], found["threads"]).savefig(picture, metadata={"Date": None} if picture.suffix == ".svg" else None)
    return found


@styled
def draw(sizes: dict[str, dict[str, Points]], gains: dict[str, dict[str, float]]) -> Figure:
    """A panel a quantity, and one for the threads."""
    *panels, last, spare = axes_grid(2, 3, size=(11, 6.4))
    for ax, (quantity, curves) in zip(panels, sizes.items(), strict=True):
        for i, (label, points) in enumerate(curves.items()):
            ax.loglog(*zip(*points, strict=True), marker=MARKERS[i], linestyle=LINE_STYLES[i], label=label)
        ax.set(xlabel=_LABELS[quantity], ylabel="steps a second")
    _draw_gains(last, gains)
    spare.legend(*panels[0].get_legend_handles_labels(), loc="center left", frameon=False)
    spare.axis("off")
    return figure_of(last)


def _draw_gains(ax: Axes, gains: dict[str, dict[str, float]]) -> None:
    """In the colors that the lines of these numbers of threads have."""
    for i, kind in enumerate(("all", "default")):
        places = [place + 0.4 * (i - 0.5) for place in range(len(gains))]
        ax.bar(places, [gain[kind] for gain in gains.values()], width=0.4, color=f"C{i + 1}")
    ax.axhline(1, color="#444444", linewidth=0.8)
    ax.set_xticks(range(len(gains)), list(gains), rotation=60, ha="right", rotation_mode="anchor")
    ax.grid(visible=False, axis="x")
    ax.set_ylabel("times the speed of one thread")


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
    parser.add_argument("--output", type=Path, default=_PICTURE, help="an SVG or PNG file; the numbers go beside it as JSON")
    arguments = parser.parse_args()
    found = measure_and_draw(arguments.output, arguments.quick)
    arguments.output.with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n")
    print(f"Written: {arguments.output} and {arguments.output.with_suffix('.json').name} beside it.")


if __name__ == "__main__":
    main()
