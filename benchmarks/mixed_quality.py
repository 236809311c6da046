"""Whether models of tables lose anything in mixed precision: ``python -m benchmarks.mixed_quality [--data FOLDER] [SET ...]``.

Each table is split once: a quarter for the test, and at most 2,000 rows to train on. The table default learns the rows in full
and in mixed precision, from the same three seeds, which draw its weights and validation rows. Printed, as a table in Markdown,
are the mean score on the test rows in full precision, how far the three seeds lie apart, how much mixed precision changes the
mean, and the processor time of an epoch over that of mixed precision (of processes that share a machine: it says little alone).
The score is the error, of numbers the root mean square over that of the mean: the smaller the better.
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.jobs.tables import FOLDER
from benchmarks.tables_quality.scores import scores
from benchmarks.tables_quality.sets import SCIKIT_LEARN, load_present
from benchmarks.tables_quality.split import Split, split
from lamina import TabularClassifier, TabularRegressor

SETS = (
    *("penguins", "breast_cancer", "titanic", "concrete", "attrition", "credit_data", "mlc_churn", "telco_churn", "ames"),
    *("bikeshare", "california_housing", "adult", "magic_telescope", "diamonds", "sk_digits", "otto"),
)
"""Those of the loader; without one, what scikit-learn bundles and fetches is measured."""

SEEDS = range(3)
MOST_ROWS = 2_000
_SCORE = {"regression": "relative_rmse", "binary": "error", "multiclass": "error"}


class Fitted(NamedTuple):
    score: float
    epoch_s: float


def fitted(rows: Split, precision: str, seed: int) -> Fitted:
    """The test score of a model, and the processor time of an epoch."""
    kind = TabularRegressor if rows.train.task == "regression" else TabularClassifier
    began = time.process_time()
    model = kind(precision=precision, random_state=seed, n_threads=1).fit(rows.train.X, rows.train.y)
    seconds = (time.process_time() - began) / model.n_iter_
    predicted = model.predict(rows.X_test) if kind is TabularRegressor else model.predict_proba(rows.X_test)
    return Fitted(scores(rows.y_test, np.asarray(predicted, dtype=float), rows.train.task)[_SCORE[rows.train.task]], seconds)


def line(name: str, rows: Split) -> str:
    """The row of a table: full and mixed precision take turns."""
    found: dict[str, list[Fitted]] = {"full": [], "mixed": []}
    for seed in SEEDS:
        for precision, own in found.items():
            own.append(fitted(rows, precision, seed))
    full, mixed = (np.array(own) for own in found.values())
    spread, change = float(np.ptp(full[:, 0])), float(mixed[:, 0].mean() - full[:, 0].mean())
    faster = float(np.median(full[:, 1] / mixed[:, 1]))
    numbers = (
        f"{full[:, 0].mean():.4f} | {spread:.4f} | {change:+.6f} | {'yes' if abs(change) <= spread else 'no'} | {faster:.2f}"
    )
    return f"| {name} | {len(rows.train.y):,} | {numbers} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mixed_quality")
    parser.add_argument("sets", nargs="*", metavar="SET")
    parser.add_argument("--data", type=Path, default=FOLDER, help="folder of the loader of the open sets")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| table | rows | full | seeds apart | mixed − full | no more | epoch, full over mixed |")
    print("|---|---:|---:|---:|---:|---|---:|")
    known = SETS if (arguments.data / "load.py").exists() else tuple(SCIKIT_LEARN)
    for table in load_present(arguments.sets or known, arguments.data):
        print(line(table.name, split(table, 0, MOST_ROWS)), flush=True)


if __name__ == "__main__":
    main()
