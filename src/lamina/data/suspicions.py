"""What is odd about a table, said in one line each before a model is trained on it."""

from __future__ import annotations

import re
from typing import cast

import numpy as np

from lamina.data.notes import note
from lamina.data.several_targets import AnyTarget
from lamina.data.table_reader import ReadTable
from lamina.data.values import Values

__all__ = ["say_suspicions"]

_FEWEST_ROWS = 500  # below, a column may explain the target by chance, or in a teacher's example
_NEARLY_ALL = 0.999
_IDENTIFIER = re.compile(r"(?i:(^|[ _.-])(id|uuid|guid|key|index|row[ _.-]?number|nr|no)$)|[a-z]I[dD]$")


def say_suspicions(table: ReadTable, target: AnyTarget, y: np.ndarray) -> None:
    """Say which columns alone explain the classes, which are identifiers, and whether the target has more classes than rows need.

    Parameters
    ----------
    table : ReadTable
        The columns to learn from.
    target : Target or SeveralTargets
    y : ndarray of shape (n,)
        The encoded targets.
    """
    num_classes = len(target.classes)
    if num_classes > len(y) / 2:
        note(
            f"target {target.name!r} has {num_classes} classes in {len(y)} rows: is it a number, or another text in each row? "
            "task='regression' (--task regression) predicts numbers."
        )
    for name, values in table.items():
        if _is_identifier(name, values):
            note(f"column {name!r} differs in every row, like an identifier: kinds={{{name!r}: 'ignore'}} leaves it out.")
    if num_classes < 2 or len(y) < _FEWEST_ROWS:
        return
    guess = np.bincount(y).max() / len(y)
    for name, values in table.items():
        share, how = _explained(values, y, num_classes)
        if share >= _NEARLY_ALL and guess < _NEARLY_ALL - (1 - share) - 0.01:
            note(
                f"column {name!r} alone gives the class of {share:.1%} of the rows ({how}): is it known before the target is? "
                f"Otherwise leave it out: kinds={{{name!r}: 'ignore'}}."
            )


def _is_identifier(name: str, values: Values) -> bool:
    if values.kind != "number" or _IDENTIFIER.search(name) is None or len(values.array) < 20:
        return False
    numbers = values.array
    is_whole = bool(np.isfinite(numbers).all() and (numbers == np.round(numbers)).all())
    in_order = np.sort(numbers)
    return is_whole and bool((in_order[1:] != in_order[:-1]).all())


def _explained(values: Values, y: np.ndarray, num_classes: int) -> tuple[float, str]:
    """The share of rows whose class follows from one column by the best simple rule, and the rule."""
    by_missing = _by_code(values.missing.astype(np.int64), y, num_classes)
    if by_missing >= _NEARLY_ALL:
        return by_missing, "by whether it is missing"
    if values.kind in ("category", "text", "boolean"):
        codes = values.array.astype(np.int64) + 1
        # A category that few rows have gives their class by chance.
        enough = len(y) >= 20 * len(np.unique(codes))
        return (_by_code(codes, y, num_classes) if enough else 0.0), "by its categories"
    return (_by_threshold(values, y) if num_classes == 2 else 0.0), "by one threshold"


def _by_code(codes: np.ndarray, y: np.ndarray, num_classes: int) -> float:
    counts = np.bincount(codes * num_classes + y, minlength=(int(codes.max()) + 1) * num_classes)
    return float(counts.reshape(-1, num_classes).max(axis=1).sum() / len(y))


def _by_threshold(values: Values, y: np.ndarray) -> float:
    order = np.argsort(values.array, kind="stable")  # missing ones last
    in_order = values.array[order]
    below = np.concatenate([[0], np.cumsum(y[order])])  # of the second class
    rows = np.arange(len(y) + 1)
    right = below[-1] - below + (rows - below)  # the first class below, the second above
    ends = np.concatenate([[True], in_order[1:] != in_order[:-1], [True]])
    best = np.maximum(right, len(y) - right)[ends].max()
    return cast("float", best / len(y))
