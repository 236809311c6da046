"""What each part of the table default buys, and what it costs: ``python -m benchmarks.tables_quality.parts --data FOLDER``.

Every variant is trained on the same tables and splits as the default. Printed is a table for ``docs/defaults.md``; the fits are
kept in a file, so a run can be stopped at any time and goes on.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.jobs.tables import FOLDER
from benchmarks.tables_quality.figures import Cells, cells_of, duel
from benchmarks.tables_quality.measure import measure
from benchmarks.tables_quality.models import lamina
from benchmarks.tables_quality.results import append, key_of, read
from benchmarks.tables_quality.sets import load_present, names_in
from benchmarks.tables_quality.split import split
from benchmarks.tables_quality.views import MOST_ROWS

PLAIN: dict[str, Any] = {"members": 1, "bins": 0, "averaging": 0.0, "patience": 15}

VARIANTS: Mapping[str, dict[str, Any]] = {
    "one plain network": PLAIN,
    "with averaged weights": PLAIN | {"averaging": 0.8, "patience": 5},
    "with bins": PLAIN | {"bins": 16},
    "with both (fast)": {"preset": "fast"},
    "fast with patience 12": {"preset": "fast", "patience": 12},
    "with 2 members": {"members": 2},
    "with 4 members (default)": {},
    "with 8 members": {"members": 8},
    "default without bins": {"bins": 0},
    "default without averaging": {"averaging": 0.0},
    "default with patience 6": {"patience": 6},
    "default with patience 24": {"patience": 24},
    "default with 32 bins": {"bins": 32},
}
"""By their names in the page, the settings that they change."""

_FIRST = "one plain network"


def main() -> None:
    arguments = _arguments()
    _measure_all(arguments)
    print(table_of(cells_of(read(arguments.results).values())))


def table_of(cells: Cells) -> str:
    """A row a variant, against the plain network: error and log loss as geometric mean of ratios, wins, and time."""
    rows = ["| variant | error | log loss | better | time | at most |", "|---|---:|---:|---:|---:|---:|"]
    of_all = {cell: found for cell, found in cells.items() if len(found) == len(VARIANTS)}
    for name in VARIANTS:
        by_error = duel(of_all, lamina({}, name).name, lamina({}, _FIRST).name, "error")
        by_loss = duel(of_all, lamina({}, name).name, lamina({}, _FIRST).name, "log_loss")
        if by_error is not None and by_loss is not None:
            worth = f"{by_error.error:.3f} | {by_loss.error:.3f} | {by_loss.wins:.0%}"
            rows.append(f"| {name} | {worth} | {by_error.time:.1f}× | {by_error.most_time:.1f}× |")
    seeds = [seed for _, _, seed in of_all]
    sets = len({name for name, _, _ in of_all})
    return "\n".join([*rows, "", f"{sets} tables, {int(np.max(seeds, initial=-1)) + 1} splits"])


def _measure_all(arguments: argparse.Namespace) -> None:
    done = set(read(arguments.results))
    for table in load_present(arguments.sets or names_in(arguments.data), arguments.data):
        for seed in range(arguments.seeds):
            parts = split(table, seed, arguments.rows)
            for label, settings in VARIANTS.items():
                model = lamina(settings, label)
                begun = {
                    "set": table.name,
                    "task": parts.train.task,
                    "train_rows": len(parts.train.y),
                    "seed": seed,
                    "model": model.name,
                }
                if key_of(begun) not in done:
                    append(arguments.results, begun | measure(model, parts, seed))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.tables_quality.parts", description=str(__doc__).split(":")[0] + "."
    )
    parser.add_argument("--data", type=Path, default=FOLDER, help="folder of the tables' load.py")
    parser.add_argument("--sets", nargs="+", metavar="SET", help="tables by name; all by default")
    parser.add_argument("--seeds", type=int, default=1, help="how many splits of each table")
    parser.add_argument("--rows", type=int, default=MOST_ROWS, help="training rows at most")
    parser.add_argument("--results", type=Path, default=Path("build/quality-parts.jsonl"), help="the lines, a fit each")
    return parser.parse_args()


if __name__ == "__main__":
    main()
