"""Results on the terminal, and as a page of the documentation."""

from __future__ import annotations

import textwrap
from typing import Any

from rich.console import Console
from rich.table import Table as TerminalTable

from benchmarks.answer import answer
from benchmarks.tables import Table, tables

__all__ = ["print_tables", "to_markdown"]

_WIDTH = 130

_INTRODUCTION = """\
This page shows how fast Lamina trains and predicts, compared with scikit-learn, torch (op by op with its fused Adam, and
compiled), JAX (a whole epoch compiled, `lax.scan` over its batches) and plain NumPy, and with what the machine can do. To write
it anew on an idle machine, which takes some 25 minutes, run

    make bench

This installs the other libraries into `.venv`. (torch's usual build for Linux brings several GB of CUDA; its CPU build is enough
if it is already installed.) `python -m benchmarks.compare tiny online` measures some of the workloads; see `--help` for the rest.
The raw numbers are in [benchmarks.json](benchmarks.json). {doc}`performance` says where the time goes. Whole jobs on real tables,
beside LightGBM and CatBoost, are part of it where the tables are (`--data FOLDER` names a folder with a `load.py`, whose
`REGISTRY` has a function a table); `python -m benchmarks.compare jobs encoding` measures these alone.

All libraries do the same work in one process: same rows, same network, batch size and number of steps, float32, Adam, rows
shuffled every epoch. They take turns, in the number of rounds given below. **A ratio is their time over Lamina's in the same
round, the median over the rounds**: 10× means that Lamina takes a tenth of their time. One-time preparation (tensors,
compilation) is not counted; compile times have their own table.

**The limit** is the time for only the matrix products of a step by the best BLAS (SciPy's or torch's, whichever is faster at
each shape), plus the optimizer's memory traffic at the bandwidth of a copy. **The floor** is the same, but Lamina's own products
are also candidates. A share above 1 of the limit means that Lamina's products are faster than BLAS."""


def print_tables(results: dict[str, Any], console: Console) -> None:
    for table in tables(results):
        drawn = TerminalTable(title=table.title, caption=table.text, title_justify="left", caption_justify="left")
        for i, column in enumerate(table.columns):
            drawn.add_column(column, justify="left" if i == 0 else "right", no_wrap=i < 2)
        for row in table.rows:
            drawn.add_row(*row)
        console.print(drawn)
    for line in _origin(results):
        console.print(line, soft_wrap=True)


def to_markdown(results: dict[str, Any], picture: str | None = None) -> str:
    """The page of the documentation; ``picture`` is the file of the scaling curves."""
    origin = (f"- {line}" for line in _origin(results))
    page = ["# Benchmarks", "", *answer(results), "", "## How it is measured", "", _INTRODUCTION, "", *origin]
    for table in tables(results):
        page += ["", f"## {table.title}", "", textwrap.fill(table.text, _WIDTH), "", *_rows(table)]
    if picture is not None:
        page += ["", "## Scaling", "", _SCALING, "", f"![Steps per second by size, and speed by threads]({picture})"]
    return "\n".join(page) + "\n"


_SCALING = textwrap.fill(
    "Steps per second of a 64-64-64-2 network (10,000 rows, batch 32, Adam). Each curve changes one thing: the width or the "
    "number of its hidden layers, the batch, the rows; with one thread, with all, and with the number that Lamina chooses. The "
    "last picture shows the speed with all threads, and with the chosen number, over that with one, for the workloads above.",
    _WIDTH,
)


def _rows(table: Table) -> list[str]:
    lines = ["| " + " | ".join(table.columns) + " |", "|---|" + "---:|" * (len(table.columns) - 1)]
    return lines + ["| " + " | ".join(row) + " |" for row in table.rows]


def _origin(results: dict[str, Any]) -> list[str]:
    machine = "; ".join(f"{name} {text}" for name, text in results["machine"].items())
    lines = [f"Machine: {machine}", f"Versions: {', '.join(results['versions'])}", f"Rounds: {results['rounds']}"]
    if results["clock"] == "cpu":
        lines.append("Clock: processor time with one thread (the machine was shared), time with more.")
    if results["quick"]:
        lines.append("Quick run: too short for numbers to be quoted.")
    return [*lines, *(f"Missing: {side} ({reason})" for side, reason in results["missing"].items())]
