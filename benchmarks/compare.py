"""Lamina against its peers and against the machine: ``python -m benchmarks.compare [--quick] [--rounds N]
[--clock wall|cpu] [--without SIDE] [--data FOLDER] [workload ...]``.

Prints tables; a whole run (all workloads, not quick) also writes docs/benchmarks.md and, beside it, the raw numbers as JSON and
the picture of benchmarks/scaling.py. Peers: ``pip install --group bench``. Those that are not installed are named.
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.jobs.encoding import measure_encoding
from benchmarks.jobs.measure import measure_jobs, versions
from benchmarks.jobs.tables import FOLDER, NoDataError
from benchmarks.machine import describe_machine
from benchmarks.measure import measured
from benchmarks.memory import measure_memory
from benchmarks.processes import measure_processes
from benchmarks.report import print_tables, to_markdown
from benchmarks.scaling import measure_and_draw
from benchmarks.sides import SIDES
from benchmarks.tables import alike
from benchmarks.workload import Workload
from benchmarks.workloads import WORKLOADS, select

_PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_PROCESSES = ("cold", "memory", "jobs", "encoding")
# At the default number of threads, only those that have one of their own; torch compiles the same there as above.
_NOT_BY_DEFAULT = ("torch.compile", "NumPy", "lamina estimator")


def main() -> None:
    arguments = _arguments()
    whole = not arguments.workloads
    rounds = arguments.rounds or (2 if arguments.quick else 7)
    if whole:
        print(f"About {_minutes(rounds, arguments.quick)} minutes on a quiet machine.")
    results = run(arguments.workloads, rounds, arguments.quick, arguments.clock, arguments.without, arguments.data)
    print_tables(results, Console(width=max(Console().width, 180)))
    output = arguments.output or (_PAGE if whole and not arguments.quick else None)
    if output is not None:
        _write(output, results, arguments.quick)
    unlike = [name for name, result in results["workloads"].items() if not alike(result["losses"].values())]
    if unlike:
        print(f"Losses differ more than they should: {', '.join(unlike)}{' (a quick run)' if arguments.quick else ''}.")


def run(
    names: list[str], rounds: int, quick: bool, clock: str = "wall", without: list[str] | None = None, data: Path = FOLDER
) -> dict[str, Any]:
    """Everything that these names ask for (everything, if there are none), one process a number of threads."""
    left_out = without or []
    results: dict[str, Any] = {"machine": describe_machine(), "rounds": rounds, "quick": quick, "clock": clock}
    results |= {"workloads": {}, "by_default": {}, "sides": [], "versions": [], "missing": {}}
    training = [name for name in names if name not in _PROCESSES]
    chosen = select(training) if training or not names else []
    for threads, group in groupby(sorted(chosen, key=_threads), key=_threads):
        _say(f"{threads} thread{'s' if threads > 1 else ''} a side, {rounds} rounds:")
        part = measured([workload.name for workload in group], threads, rounds, quick, clock, left_out)
        results["workloads"] |= part.pop("workloads")
        results |= part
    if not names:
        _say(f"As many threads as each side likes, {rounds} rounds:")
        single = [workload.name for workload in chosen if workload.threads == 1]
        # Shorter, as threads that wait for each other can be slower by a factor of hundreds.
        part = measured(single, None, rounds, quick=True, without=[*left_out, *_NOT_BY_DEFAULT])
        results["by_default"] = part["workloads"]
    if not names or "cold" in names:
        _say("Whole processes ...")
        results["processes"] = measure_processes(rounds)
    if not names or "memory" in names:
        _say("Memory ...")
        results["memory"] = measure_memory()
    on_tables = _on_real_tables(names, 1 if quick else min(rounds, 3), data)
    results["versions"] += versions() if "jobs" in on_tables else []
    return results | on_tables


def _on_real_tables(names: list[str], rounds: int, data: Path) -> dict[str, Any]:
    """Whole jobs and encoding. Where the tables are not there, what asks for them by name ends, and a whole run says so."""
    results: dict[str, Any] = {}
    try:
        if not names or "jobs" in names:
            _say("Whole jobs on real tables ...")
            results["jobs"] = measure_jobs(rounds, data)
        if not names or "encoding" in names:
            _say("Encoding ...")
            results["encoding"] = measure_encoding(rounds, data)
    except NoDataError as error:
        if names:
            raise SystemExit(str(error)) from error
        _say(str(error))
    return results


def _write(page: Path, results: dict[str, Any], quick: bool) -> None:
    """The page, the picture of the scaling and the raw numbers; the page without a picture where matplotlib is missing."""
    picture = page.with_name(f"{page.stem}-scaling.svg")
    try:
        _say("Scaling ...")
        results["scaling"] = measure_and_draw(picture, quick)
    except ImportError:
        picture = None
    page.write_text(to_markdown(results, picture and picture.name))
    page.with_suffix(".json").write_text(json.dumps(results, indent=1) + "\n")
    print(f"Written: {page}, and beside it {page.with_suffix('.json').name}{f' and {picture.name}' if picture else ''}.")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _threads(workload: Workload) -> int:
    return workload.threads or 0


def _minutes(rounds: int, quick: bool) -> int:
    """As it took on a machine with two cores."""
    return round((4 if quick else 6) + rounds * (0.3 if quick else 2.4))


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
        "--data", type=Path, default=FOLDER, help="folder of the loader of the real tables that jobs and encoding need"
    )
    parser.add_argument(
        "--output", type=Path, help="Markdown file to write (and JSON beside it); docs/benchmarks.md for a whole run"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
