"""Results as tables: on the terminal, and in the documentation as Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.workloads import WORKLOADS

__all__ = ["print_tables", "tables", "to_markdown"]

# Of the largest loss, and beside it: sides draw other orders of the rows and other dropout masks.
_LOSS_TOLERANCE, _LOSS_MARGIN = 0.15, 0.005


@dataclass(frozen=True, slots=True)
class Cells:
    """A table: title, what its numbers mean, names of the columns, rows of text."""

    title: str
    text: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]


def tables(results: dict[str, Any]) -> list[Cells]:
    """All tables of a run; those without rows are left out."""
    made = [_speeds(results), _losses(results), _compile_times(results), _processes(results), _memory(results)]
    return [table for table in made if table.rows]


def print_tables(results: dict[str, Any], console: Console) -> None:
    for cells in tables(results):
        table = Table(title=cells.title, caption=cells.text, title_justify="left", caption_justify="left")
        for i, column in enumerate(cells.columns):
            table.add_column(column, justify="left" if i == 0 else "right", no_wrap=i < 2)
        for row in cells.rows:
            table.add_row(*row)
        console.print(table)
    for line in _origin(results):
        console.print(line, soft_wrap=True)


def to_markdown(results: dict[str, Any]) -> str:
    """The page of the documentation."""
    page = ["# Benchmarks", "", "Written by `make bench`; the raw numbers are in `benchmarks.json` beside this page.", ""]
    page += [f"- {line}" for line in _origin(results)]
    for cells in tables(results):
        page += ["", f"## {cells.title}", "", cells.text, ""]
        page.append("| " + " | ".join(cells.columns) + " |")
        page.append("|---|" + "---:|" * (len(cells.columns) - 1))
        page += ["| " + " | ".join(row) + " |" for row in cells.rows]
    return "\n".join(page) + "\n"


def _origin(results: dict[str, Any]) -> list[str]:
    machine = "; ".join(f"{name} {text}" for name, text in results["machine"].items())
    lines = [f"Machine: {machine}", f"Versions: {', '.join(results['versions'])}", f"Rounds: {results['rounds']}"]
    if results["clock"] == "cpu":
        lines.append("Clock: processor time with one thread (the machine was shared), time with more.")
    if results["quick"]:
        lines.append("Quick run: too short for numbers to be quoted.")
    return [*lines, *(f"Missing: {side} ({reason})" for side, reason in results["missing"].items())]


def _speeds(results: dict[str, Any]) -> Cells:
    peers = [side for side in results["sides"] if side != "lamina"]
    peers = [side for side in peers if any(side in result["step_s"] for result in results["workloads"].values())]
    rows = [_speed_row(name, result, peers) for name, result in results["workloads"].items()]
    text = (
        "µs: Lamina's time a step (a call, for predictions). Columns of the others: their time over Lamina's in the same round, "
        "median over the rounds (what is aimed at in parentheses). Limit: the time of a step's bare matrix products by the best "
        "BLAS, and of the optimizer's memory traffic, over Lamina's; floor: the same by the fastest product, Lamina's own "
        "included. float32, Adam, one thread unless the name says otherwise; * used more cores than it was given threads."
    )
    return Cells("Speed", text, ("work", "network", "batch", "µs", *peers, "limit", "floor"), rows)


def _speed_row(name: str, result: dict[str, Any], peers: list[str]) -> tuple[str, ...]:
    workload = next(workload for workload in WORKLOADS if workload.name == name)
    ours = result["step_s"]["lamina"]
    ratios = [_ratio(result["step_s"].get(peer), ours, workload.bars.get(peer), "×") for peer in peers]
    for i, peer in enumerate(peers):
        if peer in result["cores"] and median(result["cores"][peer]) > workload.threads + 0.2:
            ratios[i] += "*"
    limit = _ratio(result["limit_s"], ours, workload.bars.get("limit"), "")
    batch = workload.rows if workload.predicts else workload.batch_size
    return (
        name,
        workload.network,
        f"{batch:,}",
        f"{1e6 * median(ours):,.1f}",
        *ratios,
        limit,
        _ratio(result["floor_s"], ours, None, ""),
    )


def _ratio(theirs: list[float] | None, ours: list[float], bar: float | None, unit: str) -> str:
    if not theirs:
        return "–"
    ratio = median(a / b for a, b in zip(theirs, ours, strict=True))
    aimed = "" if bar is None else f" ({bar:g})"
    return f"{ratio:.{0 if ratio >= 100 else 1 if ratio >= 10 else 2}f}{unit}{aimed}"


def _losses(results: dict[str, Any]) -> Cells:
    sides = [side for side in results["sides"] if any(side in r["losses"] for r in results["workloads"].values())]
    rows = []
    for name, result in results["workloads"].items():
        known = list(result["losses"].values())
        equal = max(known) - min(known) <= _LOSS_TOLERANCE * max(known) + _LOSS_MARGIN
        losses = [f"{result['losses'][side]:.4f}" if side in result["losses"] else "–" for side in sides]
        rows.append((name, *losses, "yes" if equal else "no"))
    text = (
        "The mean over the last epoch of training, or that of the predicted probabilities. Estimators draw first weights of "
        "their own, and with two classes they have one output instead of two. Alike: within 15 % and 0.005."
    )
    return Cells("Losses: nobody skips work", text, ("work", *sides, "alike"), rows)


def _compile_times(results: dict[str, Any]) -> Cells:
    sides = [side for side in ("torch.compile", "JAX") if side in results["sides"]]
    rows = []
    for name, result in results["workloads"].items():
        # The first run does a run's work too.
        work = result["work"]
        seconds = [
            f"{result['first_s'][s] - work * median(result['step_s'][s]):.1f}" if s in result["first_s"] else "–" for s in sides
        ]
        rows.append((name, *seconds))
    rows = rows if sides else []
    text = "Seconds that the first run takes more than the later ones; not in the table of speeds. Lamina compiles nothing."
    return Cells("Compile times", text, ("work", *sides), rows)


def _processes(results: dict[str, Any]) -> Cells:
    measured = results.get("processes", {})
    sides = list(dict.fromkeys(side for row in measured.values() for side in row))
    rows = [
        (row, *(f"{median(seconds[side]):.2f}" if side in seconds else "–" for side in sides), _ours_over_sklearn(seconds))
        for row, seconds in measured.items()
    ]
    text = "Seconds of a whole `python -c`: the import alone; the import and a fit of iris with 50 epochs (`cold`)."
    return Cells("Whole processes", text, ("program", *sides, "lamina over scikit-learn"), rows)


def _ours_over_sklearn(seconds: dict[str, list[float]]) -> str:
    return f"{median(a / b for a, b in zip(seconds['lamina'], seconds['scikit-learn'], strict=True)):.2f}"


def _memory(results: dict[str, Any]) -> Cells:
    rows = [(side, f"{100 * share:.1f} %") for side, share in results.get("memory", {}).items()]
    text = (
        "How far training on 1,000,000 × 100 float32 rises above what was there before, as a share of X. Aimed at: 5 % or less."
    )
    return Cells("Memory", text, ("side", "share of X"), rows)
