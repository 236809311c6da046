"""Whether models of tables lose anything in mixed precision: ``python -m benchmarks.mixed_quality [--predicted] [--data FOLDER]
[SET ...]``.

Each table is split once: a quarter for the test, and at most 2,000 rows to train on. The table default learns the rows in full
and in mixed precision, from the same three seeds, which draw its weights and validation rows. Printed, as a table in Markdown,
are the mean score on the test rows in full precision, how far the three seeds lie apart, how much mixed precision changes the
mean, and the processor time of an epoch over that of mixed precision (of processes that share a machine: it says little alone).
The score is the error, of numbers the root mean square over that of the mean: the smaller the better.

With ``--predicted``, the same models of full precision predict the test rows in both: the change of the mean score, the share of
rows whose class changes, and the largest change of a row, of a probability or of a number over the deviation of the targets.
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


def predicted_line(name: str, rows: Split) -> str:
    """The row of a table whose models predict in both precisions."""
    task = rows.train.task
    found = []
    for seed in SEEDS:
        kind = TabularRegressor if task == "regression" else TabularClassifier
        model = kind(random_state=seed, n_threads=1).fit(rows.train.X, rows.train.y)
        predict = model.predict if isinstance(model, TabularRegressor) else model.predict_proba
        full, mixed = (np.asarray(predict(rows.X_test, precision=precision), dtype=float) for precision in ("full", "mixed"))
        before, after = (scores(rows.y_test, predicted, task)[_SCORE[task]] for predicted in (full, mixed))
        unit = float(np.std(rows.y_test)) if task == "regression" else 1.0
        other = 0.0 if task == "regression" else float(np.mean(full.argmax(axis=1) != mixed.argmax(axis=1)))
        found.append((before, after - before, other, float(np.abs(mixed - full).max()) / unit))
    score, change, other, _ = np.mean(found, axis=0)
    spread, furthest = float(np.ptp([each[0] for each in found])), max(each[3] for each in found)
    changed = "" if task == "regression" else f"{other:.4f}"
    return f"| {name} | {len(rows.y_test):,} | {score:.4f} | {spread:.4f} | {change:+.6f} | {changed} | {furthest:.4f} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mixed_quality")
    parser.add_argument("sets", nargs="*", metavar="SET")
    parser.add_argument("--data", type=Path, default=FOLDER, help="folder of the loader of the open sets")
    parser.add_argument("--predicted", action="store_true", help="train in full precision, and predict in both")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.predicted:
        print("| table | test rows | full | seeds apart | mixed − full | other class | furthest |")
        print("|---|---:|---:|---:|---:|---:|---:|")
    else:
        print("| table | rows | full | seeds apart | mixed − full | no more | epoch, full over mixed |")
        print("|---|---:|---:|---:|---:|---|---:|")
    write = predicted_line if arguments.predicted else line
    known = SETS if (arguments.data / "load.py").exists() else tuple(SCIKIT_LEARN)
    for table in load_present(arguments.sets or known, arguments.data):
        print(write(table.name, split(table, 0, MOST_ROWS)), flush=True)


if __name__ == "__main__":
    main()
