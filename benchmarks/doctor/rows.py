"""Changes of a program's rows: faults of the data, and oddities that do no harm.

Each is a function of the split, an amount and a generator. Test rows stay what a user will meet: labels there are right, classes
as frequent as they were, and what leaked into the training rows is not known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from sklearn.preprocessing import StandardScaler

from benchmarks.doctor.data_sets import Split, rows_of
from benchmarks.doctor.recipe import Recipe

__all__ = ["CHANGES", "split_for"]

Change = Callable[[Split, float, np.random.Generator], Split]


def split_for(recipe: Recipe, seed: int) -> Split:
    """The rows as the user's code passes them on: changed as the recipe says, standardized unless a pipeline does it."""
    split = rows_of(recipe.data, seed)
    if not recipe.data_set.classifies and recipe.scale_targets:
        split = _with_scaled_targets(split)
    rng = np.random.default_rng([seed, 23])
    for name, amount in recipe.rows:
        split = CHANGES[name](split, amount, rng)
    return _with_scaled_inputs(split) if recipe.scale_inputs and recipe.form != "pipeline" else split


def _with_scaled_targets(split: Split) -> Split:
    mean, std = split.y.mean(), split.y.std()
    return replace(split, y=(split.y - mean) / std, y_test=(split.y_test - mean) / std)


def _with_scaled_inputs(split: Split) -> Split:
    scaler = StandardScaler().fit(split.X)
    return replace(split, X=scaler.transform(split.X), X_test=scaler.transform(split.X_test))


def _inputs_times(split: Split, amount: float, rng: np.random.Generator) -> Split:
    return replace(split, X=split.X * amount, X_test=split.X_test * amount)


def _inputs_plus(split: Split, amount: float, rng: np.random.Generator) -> Split:
    return replace(split, X=split.X + amount, X_test=split.X_test + amount)


def _one_input_times(split: Split, amount: float, rng: np.random.Generator) -> Split:
    """One column in another unit than the rest."""
    factors = np.ones(split.X.shape[1])
    factors[rng.integers(len(factors))] = amount
    return replace(split, X=split.X * factors, X_test=split.X_test * factors)


def _target_times(split: Split, amount: float, rng: np.random.Generator) -> Split:
    return replace(split, y=split.y * amount, y_test=split.y_test * amount)


def _target_plus(split: Split, amount: float, rng: np.random.Generator) -> Split:
    return replace(split, y=split.y + amount, y_test=split.y_test + amount)


def _target_in_range(split: Split, amount: float, rng: np.random.Generator) -> Split:
    """Targets squeezed between 0 and ``amount``."""
    low, high = split.y.min(), split.y.max()
    return replace(split, y=amount * (split.y - low) / (high - low), y_test=amount * (split.y_test - low) / (high - low))


def _outliers(split: Split, amount: float, rng: np.random.Generator) -> Split:
    """A share ``amount`` of the training targets is thirty times as far from 0, as by a slip of the decimal point."""
    wrong = rng.random(len(split.y)) < amount
    return replace(split, y=np.where(wrong, 30 * np.abs(split.y), split.y))


def _label_noise(split: Split, amount: float, rng: np.random.Generator) -> Split:
    """A share ``amount`` of the training targets is exchanged among each other (all of them: shuffled labels)."""
    y = split.y.copy()
    wrong = np.flatnonzero(rng.random(len(y)) < amount)
    y[wrong] = y[rng.permutation(wrong)]
    return replace(split, y=y)


def _leak(split: Split, amount: float, rng: np.random.Generator) -> Split:
    """A last column tells the target, but for noise; of test rows it tells that of another row."""
    spread = amount * np.std(split.y)
    known = split.y + spread * rng.normal(size=len(split.y))
    unknown = rng.permutation(split.y_test) + spread * rng.normal(size=len(split.y_test))
    return replace(split, X=np.column_stack([split.X, known]), X_test=np.column_stack([split.X_test, unknown]))


def _imbalance(split: Split, amount: float, rng: np.random.Generator) -> Split:
    """Of the last class only so many training rows are left that they are a share ``amount`` of all."""
    rare = np.flatnonzero(split.y == split.y.max())
    others = np.flatnonzero(split.y != split.y.max())
    kept = np.sort(np.concatenate([others, rare[: max(3, round(amount * len(others)))]]))
    return replace(split, X=split.X[kept], y=split.y[kept])


def _sorted_by_target(split: Split, amount: float, rng: np.random.Generator) -> Split:
    order = np.argsort(split.y, kind="stable")
    return replace(split, X=split.X[order], y=split.y[order])


def _few_rows(split: Split, amount: float, rng: np.random.Generator) -> Split:
    return replace(split, X=split.X[: int(amount)], y=split.y[: int(amount)])


def _useless_columns(split: Split, amount: float, rng: np.random.Generator) -> Split:
    columns, test_columns = (rng.normal(size=(len(X), int(amount))) for X in (split.X, split.X_test))
    return replace(split, X=np.column_stack([split.X, columns]), X_test=np.column_stack([split.X_test, test_columns]))


def _constant_column(split: Split, amount: float, rng: np.random.Generator) -> Split:
    X, X_test = (np.column_stack([rows, np.full(len(rows), amount)]) for rows in (split.X, split.X_test))
    return replace(split, X=X, X_test=X_test)


def _repeated_columns(split: Split, amount: float, rng: np.random.Generator) -> Split:
    return replace(split, X=np.column_stack([split.X, split.X]), X_test=np.column_stack([split.X_test, split.X_test]))


CHANGES: dict[str, Change] = {
    "inputs_times": _inputs_times,
    "inputs_plus": _inputs_plus,
    "one_input_times": _one_input_times,
    "target_times": _target_times,
    "target_plus": _target_plus,
    "target_in_range": _target_in_range,
    "outliers": _outliers,
    "label_noise": _label_noise,
    "leak": _leak,
    "imbalance": _imbalance,
    "sorted_by_target": _sorted_by_target,
    "few_rows": _few_rows,
    "useless_columns": _useless_columns,
    "constant_column": _constant_column,
    "repeated_columns": _repeated_columns,
}
