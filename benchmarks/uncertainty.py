"""Measures how far models of tables are to be trusted: ``python -m benchmarks.uncertainty --data FOLDER [SET ...]``.

Each table is split five times: a quarter for the test, 20,000 rows at most, and at most 10,000 to train on. For numbers it
prints the share of test targets inside intervals of coverage 0.9, and their mean width over that of LightGBM's quantiles
0.05 and 0.95 with a conformal step (Romano et al. 2019) on a tenth of the rows, which Lamina holds out, too. For classes it
prints log loss and expected calibration error without and with the temperature, and share and size of sets of coverage 0.9.
The error is that of the most probable class in 15 bins (Guo et al. 2017), less what labels drawn from the probabilities give.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from benchmarks.jobs.tables import load_table
from lamina import TabularClassifier, TabularRegressor
from lamina.metrics import log_loss
from lamina.model.conformal import conformal_quantile

COVERAGE = 0.9
SEEDS = range(5)
MOST_TRAINED, MOST_TESTED, TEST_SHARE = 10_000, 20_000, 0.25
BINS, DRAWS = 15, 20
NUMBERS = (
    *("concrete", "medical_cost", "airfoil", "ames", "abalone", "wine_white"),
    *("bikeshare", "compactiv", "puma32h", "california_housing", "diamonds", "casp"),
)
CLASSES = (
    *("german_credit", "pima", "titanic", "breast_cancer", "sk_digits", "segment", "credit_data", "phoneme", "telco_churn"),
    *("page_blocks", "optdigits", "penbased", "nursery", "magic_telescope", "adult", "otto", "fars"),
)


def splits(X: pd.DataFrame, y: pd.Series, *, of_classes: bool) -> Iterator[tuple[int, list[Any]]]:
    """For each seed the training and the test rows of X, and of y."""
    num_test = min(round(TEST_SHARE * len(y)), MOST_TESTED)
    num_trained = min(len(y) - num_test, MOST_TRAINED)
    for seed in SEEDS:
        parts = train_test_split(
            X, y, train_size=num_trained, test_size=num_test, stratify=y if of_classes else None, random_state=seed
        )
        yield seed, [part.reset_index(drop=True) for part in parts]


def without_rare(X: pd.DataFrame, y: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
    """The rows of classes that a split leaves at least ten training rows of."""
    counts = y.value_counts()
    share = min(1 - TEST_SHARE, MOST_TRAINED / len(y))
    kept = y.isin(counts.index[counts * share >= 10])
    return X[kept], y[kept].astype(str)


def of_numbers(X: pd.DataFrame, y: pd.Series) -> dict[str, float]:
    """Means over the seeds, of a table of numbers."""
    found = []
    for seed, (X_train, X_test, y_train, y_test) in splits(X, y.astype(float), of_classes=False):
        truth = y_test.to_numpy()
        model = TabularRegressor(random_state=seed, n_threads=1).fit(X_train, y_train)
        low, high = model.predict_interval(X_test, COVERAGE).T
        of_trees = quantile_trees(X_train, y_train, X_test, seed)
        found.append(
            {
                "coverage": np.mean((low <= truth) & (truth <= high)),
                "width, LightGBM = 1": np.mean(high - low) / np.mean(of_trees[1] - of_trees[0]),
                "LightGBM's coverage": np.mean((of_trees[0] <= truth) & (truth <= of_trees[1])),
            }
        )
    return {name: float(np.mean([each[name] for each in found])) for name in found[0]}


def quantile_trees(X_train: pd.DataFrame, y_train: pd.Series, X_test: pd.DataFrame, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The ends of conformal intervals of boosted trees: conformalized quantile regression."""
    X, X_held, y, y_held = train_test_split(X_train, y_train, test_size=0.1, random_state=seed)
    levels = ((1 - COVERAGE) / 2, (1 + COVERAGE) / 2)
    trees = [lightgbm.LGBMRegressor(objective="quantile", alpha=level, n_jobs=1, verbose=-1).fit(X, y) for level in levels]
    low, high = (tree.predict(X_held) for tree in trees)
    scores = np.sort(np.maximum(low - y_held, y_held - high))
    beyond = float(conformal_quantile(scores, COVERAGE, owner="benchmark"))
    return trees[0].predict(X_test) - beyond, trees[1].predict(X_test) + beyond


def of_classes(X: pd.DataFrame, y: pd.Series) -> dict[str, float]:
    """Means over the seeds, of a table of classes."""
    X, y = without_rare(X, y)
    found = []
    for seed, (X_train, X_test, y_train, y_test) in splits(X, y, of_classes=True):
        model = TabularClassifier(random_state=seed, n_threads=1).fit(X_train, y_train)
        truth = np.searchsorted(model.classes_.astype(str), y_test.to_numpy().astype(str))
        table: Any = model.model_
        raw = table.estimator.predict_proba(table.encoder.transform(table.read(X_test)))
        calibrated, sets = model.predict_proba(X_test), model.predict_set(X_test, COVERAGE)
        found.append(
            {
                "log loss, raw": log_loss(truth, raw),
                "log loss": log_loss(truth, calibrated),
                "ECE over chance, raw": np.subtract(*calibration_error(raw, truth, seed)),
                "ECE over chance": np.subtract(*calibration_error(calibrated, truth, seed)),
                "ECE": calibration_error(calibrated, truth, seed)[0],
                "temperature": table.temperature,
                "accuracy": np.mean(calibrated.argmax(axis=1) == truth),
                "coverage": np.mean(sets[np.arange(len(truth)), truth]),
                "classes in a set": sets.sum(axis=1).mean(),
            }
        )
    return {name: float(np.mean([each[name] for each in found])) for name in found[0]}


def calibration_error(probabilities: np.ndarray, truth: np.ndarray, seed: int) -> tuple[float, float]:
    """The expected calibration error of the most probable class, and its mean where labels are drawn from the probabilities."""
    sure = probabilities.max(axis=1).astype(np.float64)
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)

    def error(is_right: np.ndarray) -> float:
        return float(np.abs(np.bincount(bins, weights=is_right - sure, minlength=BINS)).sum() / len(sure))

    rng = np.random.default_rng(seed)
    by_chance = float(np.mean([error(rng.random(len(sure)) < sure) for _ in range(DRAWS)]))
    return error(probabilities.argmax(axis=1) == truth), by_chance


def print_table(names: list[str], folder: Path) -> None:
    """A row a table as they are measured, and the mean of all."""
    rows: list[dict[str, float]] = []
    for name in names:
        X, y, task = load_table(name, folder)
        row = of_numbers(X, y) if task == "regression" else of_classes(X, y)
        if not rows:
            print("| table | rows | " + " | ".join(row) + " |\n|---|---|" + "---|" * len(row))
        rows.append(row)
        print(f"| {name} | {len(y):,} | " + " | ".join(f"{entry:.3f}" for entry in row.values()) + " |", flush=True)
    means = {name: np.mean([row[name] for row in rows]) for name in rows[0]}
    print("| mean | | " + " | ".join(f"{entry:.3f}" for entry in means.values()) + " |\n", flush=True)


def main() -> None:
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the tables' load.py")
    parser.add_argument("sets", nargs="*", help="tables; default: all")
    arguments = parser.parse_args()
    for known in (NUMBERS, CLASSES):
        if names := [name for name in known if name in (arguments.sets or known)]:
            print_table(names, arguments.data)


if __name__ == "__main__":
    main()
