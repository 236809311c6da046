"""Lamina against its peers and against the machine: ``python -m benchmarks.compare [--quick] [--rounds N]
[--clock wall|cpu] [--without SIDE] [workload ...]``.

Prints tables; a whole run (all workloads, not quick) also writes docs/benchmarks.md and, beside it, the raw numbers as JSON.
Peers: ``pip install --group peers``. Those that are not installed are named.
"""

from __future__ import annotations

import argparse
import json
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.machine import describe_machine
from benchmarks.measure import measured
from benchmarks.memory import measure_memory
from benchmarks.processes import measure_processes
from benchmarks.report import print_tables, to_markdown
from benchmarks.sides import SIDES
from benchmarks.workloads import WORKLOADS, select

_PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_PROCESSES = ("cold", "memory")


def main() -> None:
    arguments = _arguments()
    rounds = arguments.rounds or (2 if arguments.quick else 7)
    results = run(arguments.workloads, rounds, arguments.quick, arguments.clock, arguments.without)
    print_tables(results, Console(width=max(Console().width, 180)))
    if arguments.output is None and not arguments.workloads and not arguments.quick:
        arguments.output = _PAGE
    if arguments.output is not None:
        arguments.output.write_text(to_markdown(results))
        arguments.output.with_suffix(".json").write_text(json.dumps(results, indent=1) + "\n")
        print(f"Written: {arguments.output} and {arguments.output.with_suffix('.json').name} beside it.")


def run(names: list[str], rounds: int, quick: bool, clock: str = "wall", without: list[str] | None = None) -> dict[str, Any]:
    """Everything that these names ask for (everything, if there are none), one process a number of threads."""
    results: dict[str, Any] = {"machine": describe_machine(), "rounds": rounds, "quick": quick, "clock": clock}
    results |= {"workloads": {}, "sides": [], "versions": [], "missing": {}}
    training = [name for name in names if name not in _PROCESSES]
    chosen = select(training) if training or not names else []
    for threads, group in groupby(sorted(chosen, key=lambda w: w.threads), key=lambda w: w.threads):
        part = measured([workload.name for workload in group], threads, rounds, quick, clock, without or [])
        results["workloads"] |= part.pop("workloads")
        results |= part
    if not names or "cold" in names:
        results["processes"] = measure_processes(rounds)
    if not names or "memory" in names:
        results["memory"] = measure_memory()
    return results


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description="Lamina against its peers and the machine.")
    known = ", ".join([*(workload.name for workload in WORKLOADS), *_PROCESSES])
    parser.add_argument("workloads", nargs="*", metavar="workload", help=f"of {known}; all by default")
    parser.add_argument("--rounds", type=int, help="7 by default, 2 if quick")
    sides = [side for side in SIDES if side != "lamina"]
    parser.add_argument("--without", action="append", default=[], choices=sides, help="a side to leave out; may be repeated")
    parser.add_argument("--quick", action="store_true", help="a tenth of the epochs: whether it runs, not how fast")
    parser.add_argument(
        "--clock", choices=("wall", "cpu"), default="wall", help="cpu: processor time, where others use the machine"
    )
    parser.add_argument(
        "--output", type=Path, help="Markdown file to write (and JSON beside it); docs/benchmarks.md for a whole run"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
