"""Which columns a peer makes more of than Lamina does: ``python -m benchmarks.tables_quality.columns --data FOLDER SET ...``.

A column's use is the rise of the error on the test rows when its values are shuffled among them (Breiman 2001): where a tree
learner's is much larger, Lamina misses something that the column holds. Of columns that say the same, either may be used.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.jobs.tables import FOLDER
from benchmarks.tables_quality.models import PEERS, Model, Predict, lamina
from benchmarks.tables_quality.scores import scores
from benchmarks.tables_quality.sets import load
from benchmarks.tables_quality.split import Split, split
from benchmarks.tables_quality.table import Table
from benchmarks.tables_quality.text import markdown_table, small
from benchmarks.tables_quality.views import MOST_ROWS

__all__ = ["uses"]

_MOST_TEST_ROWS, _SHUFFLES, _SHOWN = 3_000, 3, 5


def uses(predict: Predict, parts: Split) -> dict[str, float]:
    """By column, how far the error rises when its values are shuffled: the mean over some shuffles."""
    X, y = parts.X_test.iloc[:_MOST_TEST_ROWS].reset_index(drop=True), parts.y_test[:_MOST_TEST_ROWS]
    random = np.random.default_rng(0)

    def error(shuffled: str | None = None) -> float:
        order = random.permutation(len(X))
        rows = X if shuffled is None else X.assign(**{shuffled: X[shuffled].iloc[order].reset_index(drop=True)})
        found = scores(y, predict(rows), parts.train.task)
        return found["relative_rmse" if parts.train.task == "regression" else "error"]

    base = error()
    return {name: float(np.mean([error(name) for _ in range(_SHUFFLES)])) - base for name in X}


def _mean_uses(model: Model, table: Table, seeds: int) -> dict[str, float]:
    parts = [split(table, seed, MOST_ROWS) for seed in range(seeds)]
    found = [uses(model.fit(part.train, seed), part) for seed, part in enumerate(parts)]
    return {name: float(np.mean([use[name] for use in found])) for name in found[0]}


def main() -> None:
    arguments = _arguments()
    peer = next(model for model in PEERS if model.name == arguments.peer)
    warnings.simplefilter("ignore")
    for name in arguments.sets:
        table = load(name, arguments.data)
        with threadpool_limits(1):
            ours, theirs = (_mean_uses(model, table, arguments.seeds) for model in (lamina({}, ""), peer))
        most = sorted(table.X, key=lambda column: ours[column] - theirs[column])[:_SHOWN]
        rows = [(column, str(table.X[column].nunique()), small(theirs[column]), small(ours[column])) for column in most]
        print(f"\n{name}\n\n" + "\n".join(markdown_table(("column", "values", peer.name, "Lamina"), rows)), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables_quality.columns", description=str(__doc__).split(":")[0])
    parser.add_argument("sets", nargs="+", metavar="SET")
    parser.add_argument("--data", type=Path, default=FOLDER, help="folder of the tables' load.py")
    parser.add_argument("--peer", choices=[model.name for model in PEERS], default="LightGBM", metavar="MODEL")
    parser.add_argument("--seeds", type=int, default=2, help="how many splits of each table")
    return parser.parse_args()


if __name__ == "__main__":
    main()
