"""Results as tables of text; how they are drawn is report.py's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from benchmarks.bars import Bar, bars_of, ratio
from benchmarks.workload import Workload
from benchmarks.workloads import select

__all__ = ["Table", "alike", "bars", "short", "tables"]

# Of the largest loss, and beside it: sides draw other orders of the rows and other dropout masks.
_LOSS_TOLERANCE, _LOSS_MARGIN = 0.15, 0.005
_ONE_THREAD = "lamina, 1 thread"


@dataclass(frozen=True, slots=True)
class Table:
    """Title, what its numbers mean, names of the columns, rows of text."""

    title: str
    text: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]


def tables(results: dict[str, Any]) -> list[Table]:
    """All tables of a run; those without rows are left out."""
    measured = {name: result for name, result in results["workloads"].items() if _workload(name, result).threads == 1}
    threaded = {name: result for name, result in results["workloads"].items() if name not in measured}
    made = [
        _speeds("Speed, one thread", _ONE_THREAD_TEXT, results["sides"], measured, limits=("limit", "floor")),
        _bars(results),
        _speeds("Speed, two threads", _TWO_THREADS_TEXT, results["sides"], threaded),
        _by_default(results),
        _losses(results),
        _compile_times(results),
        _processes(results),
        _memory(results),
        _jobs(results),
        _encoding(results),
    ]
    return [table for table in made if table.rows]


_ONE_THREAD_TEXT = (
    "µs: Lamina's time per step (for predictions, per call). Other libraries: their time over Lamina's (and the goal). Limit and "
    "floor: their time over Lamina's, which is the share of it that Lamina reaches. * used more cores than it was given threads."
)
_TWO_THREADS_TEXT = "The same with two threads for every library, and compared with Lamina on one."
_BY_DEFAULT_TEXT = (
    "The same workloads, shorter, without setting the number of threads: each library takes as many as it likes. Lamina chooses "
    "the number from the size of the work; the goal is not to be slower than with one. Cores: how many Lamina kept busy."
)


def bars(results: dict[str, Any]) -> list[Bar]:
    """All aims of the speeds. The peak is the best of the run: it was measured beside every workload with one thread."""
    measured = results["workloads"]
    peak = max((result["peak_flops"] for result in measured.values()), default=0.0)
    return [bar for name, result in measured.items() for bar in bars_of(_workload(name, result), result, peak)]


def alike(losses: Iterable[float]) -> bool:
    """Whether nobody skipped work, as far as the losses tell."""
    known = list(losses)
    return max(known) - min(known) <= _LOSS_TOLERANCE * max(known) + _LOSS_MARGIN


def _workload(name: str, result: dict[str, Any]) -> Workload:
    """The workload with the aims for the processor that it was measured on."""
    workload = select([name])[0]
    return replace(workload, bars=workload.tile_bars) if result.get("tiles") and workload.tile_bars else workload


def _speeds(
    title: str, text: str, sides: list[str], measured: dict[str, Any], limits: tuple[str, ...] = (), threads: int | None = 1
) -> Table:
    peers = [side for side in sides if side != "lamina" and any(side in result["step_s"] for result in measured.values())]
    rows = []
    for name, result in measured.items():
        workload = _workload(name, result)
        workload = workload if threads else replace(workload, threads=None, bars={_ONE_THREAD: 1})
        ours = result["step_s"]["lamina"]
        cells = [_ratio(workload, result, peer) for peer in peers]
        shares = [_share(result[f"{limit}_s"], ours, workload.bars.get(limit)) for limit in limits]
        rows.append((name, workload.network, f"{_batch(workload):,}", f"{1e6 * median(ours):,.1f}", *cells, *shares))
    return Table(title, text, ("work", "network", "batch", "µs", *peers, *limits), rows)


def _batch(workload: Workload) -> int:
    return workload.rows if workload.predicts else workload.batch_size


def _ratio(workload: Workload, result: dict[str, Any], peer: str) -> str:
    if peer not in result["step_s"]:
        return "–"
    times = ratio(result["step_s"][peer], result["step_s"]["lamina"])
    more = workload.threads is not None and median(result["cores"][peer]) > workload.threads + 0.2
    return f"{short(times)}×{_aim(workload.bars.get(peer))}{'*' if more else ''}"


def _share(limit: list[float], ours: list[float], aim: float | None) -> str:
    return f"{short(ratio(limit, ours))}{_aim(aim)}" if limit else "–"


def short(number: float) -> str:
    """Three digits or so.

    >>> short(2.345), short(23.45), short(234.5)
    ('2.35', '23.4', '234')
    """
    return f"{number:.{0 if number >= 100 else 1 if number >= 10 else 2}f}"


def _aim(aim: float | None) -> str:
    return "" if aim is None else f" ({aim:g})"


def _bars(results: dict[str, Any]) -> Table:
    found = bars(results)
    rows = [
        (
            bar.workload,
            bar.against,
            f"{short(bar.reached)} ({bar.aim:g})",
            *(f"{1e6 * seconds:,.2f}" for seconds in (bar.ours_s, bar.asked_s, bar.products_s)),
            bar.verdict,
        )
        for bar in found
    ]
    beyond = [f"{bar.workload} against {bar.against}" for bar in found if not bar.met and not bar.possible]
    text = (
        "Each goal as the time per step that it asks for, next to the time that the step's matrix products alone take at the "
        "processor's peak. The peak is the rate of the fastest product that SciPy's BLAS or Lamina ran here, with matrices in "
        "cache. In µs. "
        f"Out of reach here for any float32 implementation, as they leave less than that: {', '.join(beyond) or 'none'}."
    )
    columns = ("work", "against", "reached (aim)", "Lamina", "asked for", "products at the peak", "verdict")
    return Table("Speed goals", text, columns, rows)


def _by_default(results: dict[str, Any]) -> Table:
    measured = results.get("by_default", {})
    table = _speeds("Speed as users run them", _BY_DEFAULT_TEXT, results["sides"], measured, threads=None)
    cores = [f"{median(result['cores']['lamina']):.1f}" for result in measured.values()]
    rows = [(*row, busy) for row, busy in zip(table.rows, cores, strict=True)]
    return replace(table, columns=(*table.columns, "cores"), rows=rows)


def _losses(results: dict[str, Any]) -> Table:
    measured = results["workloads"]
    sides = [side for side in results["sides"] if any(side in result["losses"] for result in measured.values())]
    rows = [
        (
            name,
            *(f"{result['losses'][side]:.4f}" if side in result["losses"] else "–" for side in sides),
            "yes" if alike(result["losses"].values()) else "no",
        )
        for name, result in measured.items()
    ]
    text = (
        "The mean loss over the last epoch of training or, for predictions, that of the predicted probabilities. Every library "
        "shuffles the rows every epoch, each in its own order. Estimators draw their own initial weights, and with two classes "
        "they have one output instead of two. Alike: within 15 % and 0.005."
    )
    return Table("Losses: nobody skips work", text, ("work", *sides, "alike"), rows)


def _compile_times(results: dict[str, Any]) -> Table:
    sides = [side for side in ("torch.compile", "JAX") if side in results["sides"]]
    rows = [
        (name, *(_compile_time(result, side) for side in sides))
        for name, result in results["workloads"].items()
        if any(side in result["first_s"] for side in sides)
    ]
    text = "Extra seconds that the first run takes; not part of the speed tables. Lamina compiles nothing."
    return Table("Compile times", text, ("work", *sides), rows)


def _compile_time(result: dict[str, Any], side: str) -> str:
    if side not in result["first_s"]:
        return "–"
    return f"{max(result['first_s'][side] - result['work'] * median(result['step_s'][side]), 0):.1f}"


def _processes(results: dict[str, Any]) -> Table:
    measured = results.get("processes", {})
    sides = list(dict.fromkeys(side for row in measured.values() for side in row))
    rows = [
        (row, *(f"{median(seconds[side]):.2f}" if side in seconds else "–" for side in sides), _over_sklearn(row, seconds))
        for row, seconds in measured.items()
    ]
    text = (
        "Seconds for a whole `python -c`: the import alone (`import`), or the import and a fit of iris with 50 epochs (`cold`). "
        "Goal for the import: at most 1.05 times scikit-learn's."
    )
    return Table("Whole processes", text, ("program", *sides, "lamina over scikit-learn"), rows)


def _over_sklearn(row: str, seconds: dict[str, list[float]]) -> str:
    return f"{ratio(seconds['lamina'], seconds['scikit-learn']):.2f}{_aim(1.05 if row == 'import' else None)}"


def _memory(results: dict[str, Any]) -> Table:
    rows = [(side, f"{100 * share:.1f} %") for side, share in results.get("memory", {}).items()]
    text = (
        "How far memory rises during training on 1,000,000 × 100 float32, as a share of X: X is never copied. Goal: 5 % or less."
    )
    return Table("Memory", text, ("side", "beyond X"), rows)


def _jobs(results: dict[str, Any]) -> Table:
    rows = [
        (
            table,
            f"{job['rows']:,}",
            side,
            *(f"{median(costs[measure]):.{digits}f}" for measure, digits in (("seconds", 2), ("processor_s", 2), ("peak_mb", 0))),
            f"{costs['score']:.4f} {_SCORES[job['score']]}",
        )
        for table, job in results.get("jobs", {}).items()
        for side, costs in job["sides"].items()
    ]
    text = (
        "From two CSV files, of training and of test rows (a fifth), to a model in a file and its score on the test rows: one "
        "process with one thread, start included, each library with its defaults. All are told the target, and nothing else of "
        "the columns; columns of text are LightGBM's and CatBoost's categories, as their documentation advises."
    )
    return Table("Whole jobs on real tables", text, ("table", "rows", "side", "s", "processor s", "peak MB", "score"), rows)


_SCORES = {"r2": "R²", "accuracy": "accuracy"}


def _encoding(results: dict[str, Any]) -> Table:
    measured = results.get("encoding", {})
    rows = [
        (side, *(f"{1e3 * median(seconds[step]):.0f}" for step in ("fit", "transform"))) for side, seconds in measured.items()
    ]
    text = (
        "126,000 rows of 18 columns in pandas' memory as features, in ms: Lamina's `TableEncoder`, which also finds out what the "
        "columns hold, and scikit-learn's `ColumnTransformer` of median imputation and scaling for numbers and one-hot encoding "
        "for texts, which is told so."
    )
    return Table("Encoding", text, ("side", "fit", "transform"), rows)
