"""Where the time of a step goes, with a picture: ``python -m benchmarks.parts [--output PICTURE] [workload ...]``.

Trains (or predicts) with one thread while ``perf`` takes samples of it, and sorts these by the function that they fell into.
Needs Linux with perf, matplotlib, and an engine that keeps the names of its functions; ``make parts`` builds one and draws
docs/performance-parts.svg. The numbers are kept beside the picture as JSON.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.limit import peak_flops
from benchmarks.sides.lamina_trainer import prepare
from benchmarks.workload import Workload
from benchmarks.workloads import WORKLOADS, select
from lamina.plots.style import COLORS, axes_grid, figure_of, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PARTS", "draw", "measure_parts", "part_of"]

_PICTURE = Path(__file__).parent.parent / "docs" / "performance-parts.svg"
_SHOWN = ["tiny", "default", "mnist", "online", "deep", "wide", "regular", "sparse", "predict-1m"]
_SAMPLES_PER_S, _SAMPLED_S = 3_999, 1.5

_ENGINE, _OUTSIDE = "rest of the engine", "Python, NumPy, system"
# Part -> its color, and what its functions are called. The first pattern that is found decides.
PARTS = {
    "products": (COLORS["blue"], r"product::|Product|gemm|dense_|narrow_backward|sparse_"),
    "optimizer": (COLORS["orange"], r"update|adam|__ieee754_pow"),
    "finite, penalty, norms": (COLORS["yellow"], r"finite|largest|finish_gradient|penal|sum_squares|clip|scale<"),
    "dropout, batch norm": (COLORS["vermillion"], r"dropout|batch_norm|layer_norm"),
    "loss, link": (COLORS["purple"], r"cross_entropy|\bnarrow_rows|wide_row|squared_error|softmax|head|link"),
    "bias, activation": (COLORS["green"], r"activation|bias|sum_rows|memmove|memcpy|memset"),
    "rows and their order": (COLORS["sky"], r"gather|permut|train_epochs"),
    _ENGINE: ("#888888", r""),
    _OUTSIDE: ("#D0D0D0", r""),
}
_ENGINE_LIBRARIES = ("_native", "libc.so", "libm.so", "libstdc++")


def part_of(function: str, library: str) -> str:
    """The part of a step that a function of a library belongs to."""
    if not any(name in library for name in _ENGINE_LIBRARIES):
        return _OUTSIDE
    return next(part for part, (_, pattern) in PARTS.items() if re.search(pattern, function))


def measure_parts(workload: Workload, peak: float) -> dict[str, Any]:
    """Seconds a step, seconds of its products at the peak (none if sparse), and the share of every part."""
    longer = _long_enough(workload)
    job = prepare(longer, longer.data())
    seconds = min(_run(job) for _ in range(3))
    with tempfile.TemporaryDirectory() as folder:
        samples = Path(folder) / "samples"
        job.reset()
        with _sampling(samples):
            job.run()
        counts = Counter(part_of(*function) for function in _functions(samples))
    return {
        "step_s": seconds / longer.num_steps,
        "products_s": workload.flops / peak if workload.density == 1 else None,
        "parts": {part: counts[part] / counts.total() for part in PARTS},
    }


def _long_enough(workload: Workload) -> Workload:
    """The same work so often that what comes before and after does not count."""
    job = prepare(workload, workload.data())
    times = max(1, round(_SAMPLED_S / min(_run(job), _run(job))))
    return replace(workload, epochs=times * workload.epochs, calls=times * workload.calls)


def _run(job: Any) -> float:
    job.reset()
    began = time.process_time()
    job.run()
    return time.process_time() - began


@contextmanager
def _sampling(samples: Path) -> Iterator[None]:
    """Samples of this thread alone: those of BLAS wait in a loop."""
    thread = str(threading.get_native_id())
    command = ["perf", "record", "-q", "-F", str(_SAMPLES_PER_S), "-t", thread, "-o", str(samples)]
    perf = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    time.sleep(0.3)  # until it has begun
    yield
    perf.send_signal(signal.SIGINT)
    perf.wait()


def _functions(samples: Path) -> list[tuple[str, str]]:
    """(function, file of its library) of every sample."""
    command = ["perf", "script", "-i", str(samples), "-F", "ip,sym,dso"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = [match.groups() for match in re.finditer(r"^\s*[0-9a-f]+ (.*) \((.*)\)$", text, re.MULTILINE)]
    functions = [(str(function), Path(library).name) for function, library in found]
    _check_names(functions)
    return functions


def _check_names(functions: Iterable[tuple[str, str]]) -> None:
    names = [function for function, library in functions if "_native" in library]
    if names.count("[unknown]") > 0.1 * len(names):
        raise SystemExit("The engine does not know the names of its functions: use `make parts`, which builds one that does.")


@styled
def draw(measured: dict[str, Any]) -> Figure:
    """A bar a workload: the share of every part, and a mark where the products would end at the processor's peak."""
    (ax,) = axes_grid(1, 1, size=(9.5, 0.42 * len(measured) + 1.7))
    ends = dict.fromkeys(measured, 0.0)
    for part, (color, _) in PARTS.items():
        widths = [100 * result["parts"][part] for result in measured.values()]
        ax.barh(list(measured), widths, left=list(ends.values()), color=color, label=part, height=0.72)
        ends = {name: end + width for (name, end), width in zip(ends.items(), widths, strict=True)}
    marks = [(100 * r["products_s"] / r["step_s"], name) for name, r in measured.items() if r["products_s"] is not None]
    ax.plot(*zip(*marks, strict=True), "|", color="black", markersize=19, markeredgewidth=1.8, label="products at the peak")
    for name, result in measured.items():
        ax.annotate(f"{1e6 * result['step_s']:,.3g} µs" if result["step_s"] < 1e-3 else f"{1e3 * result['step_s']:,.3g} ms",
                    (100, name), xytext=(6, 0), textcoords="offset points", va="center")  # fmt: skip
    ax.set(xlim=(0, 100), xlabel="% of a step (of a call, for predictions)")
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")
    figure_of(ax).legend(loc="outside upper center", ncols=4, frameon=False)
    return figure_of(ax)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parts", description="Where the time of a step goes.")
    known = ", ".join(workload.name for workload in WORKLOADS)
    parser.add_argument("workloads", nargs="*", metavar="workload", default=_SHOWN, help=f"of {known}")
    parser.add_argument("--output", type=Path, default=_PICTURE, help="an SVG or PNG file; the numbers go beside it as JSON")
    arguments = parser.parse_args()
    peak = max(peak_flops(time.process_time) for _ in range(10))
    measured = {workload.name: measure_parts(replace(workload, threads=1), peak) for workload in select(arguments.workloads)}
    arguments.output.with_suffix(".json").write_text(json.dumps(measured, indent=1) + "\n")
    draw(measured).savefig(arguments.output)
    print(f"Written: {arguments.output} and {arguments.output.with_suffix('.json').name} beside it.")


if __name__ == "__main__":
    main()
