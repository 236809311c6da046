"""Chooses the validation rows: at random, or by the user's scikit-learn splitter, row indices or mask."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.errors import DataError, phrase
from lamina.estimators.parameters import Parameters
from lamina.estimators.rows import Rows
from lamina.estimators.solver import stops_early
from lamina.estimators.target.target import Target

__all__ = ["check_weights", "hold_out", "set_aside", "split_rows"]


def set_aside(rows: Rows, parameters: Parameters, target: Target, groups: Any, seed: int) -> tuple[Rows, Rows | None]:
    """The training rows, and the validation rows that the parameters ask to hold out, if any."""
    if parameters.validation_split is not None or groups is not None:
        return split_rows(rows, parameters.validation_split, groups)
    if not stops_early(parameters):
        return rows, None
    return hold_out(rows, parameters.validation_fraction, seed, target.strata(rows.truth))


def check_weights(train: Rows, validation: Rows | None, *, owner: str) -> None:
    """Raise if all training rows or all validation rows have weight 0.

    Raises
    ------
    DataError
    """
    parts = {
        "training": (train, "Give weights > 0 to training rows"),
        "validation": (
            validation,
            "Hold out other rows (X_val and y_val, validation_split, validation_fraction or random_state)",
        ),
    }
    for purpose, (rows, repair) in parts.items():
        if rows is not None and rows.weight is not None and not (rows.weight > 0).any():
            came = f"{len(rows)} rows of weight 0"
            repair = f"{repair}, or change sample_weight or class_weight."
            raise DataError(phrase(f"the weights of the {purpose} rows", "must not all be 0", came, repair=repair, owner=owner))


def hold_out(rows: Rows, fraction: float, seed: int, stratify: np.ndarray | None) -> tuple[Rows, Rows]:
    """Split ``rows`` at random into training rows and a ``fraction`` of validation rows; only ``seed`` determines the split.

    Raises
    ------
    DataError
        If fewer than two rows are left for validation, or none for training.
    """
    # Imported here, because it also imports scikit-learn's metrics, preprocessing and callbacks, which takes long.
    from sklearn.model_selection import train_test_split

    weights = () if rows.weight is None else (rows.weight,)
    try:
        parts = train_test_split(rows.X, rows.truth, *weights, test_size=fraction, random_state=seed, stratify=stratify)
    except ValueError as error:
        repair = "Change validation_fraction, give more rows, or pass validation rows (X_val and y_val)."
        came = f"{fraction!r} of {len(rows)} rows"
        raise DataError(f"validation_fraction: cannot hold out {came}: {error} {repair}") from error
    train, validation = Rows(*parts[0::2], *[None] * (not weights)), Rows(*parts[1::2], *[None] * (not weights))
    if len(validation) < 2:
        raise DataError(
            "The validation set is too small. Increase 'validation_fraction' or the size of your dataset. "
            f"It would have {len(validation)} of {len(rows)} rows."
        )
    return train, validation


def split_rows(rows: Rows, split: Any, groups: Any = None) -> tuple[Rows, Rows]:
    """Split rows into training rows and validation rows.

    Parameters
    ----------
    rows : Rows
    split : splitter, or array
        An object with ``split(X, y, groups)``, of which the last split is used: with ``TimeSeriesSplit`` it trains on the
        past and validates on the latest rows. Or the indices of the validation rows, or a boolean mask of them.
    groups : array of shape (n,), optional
        For splitters that keep groups together.

    Raises
    ------
    DataError
        If the split does not fit the rows, overlaps, or leaves too few of them.
    """
    if groups is not None and not hasattr(split, "get_n_splits"):
        repair = "Give a splitter such as GroupShuffleSplit()."
        came = "an array" if split is not None else None
        raise DataError(phrase("validation_split", "must be a splitter when groups are given", came, repair=repair))
    if hasattr(split, "get_n_splits"):
        train, validation = _ask_splitter(rows, split, groups)
    else:
        validation = _distinct(_row_numbers(split, len(rows)))
        train = np.setdiff1d(np.arange(len(rows)), validation)
    if len(np.intersect1d(train, validation)):
        raise DataError(phrase("validation_split", "must keep validation rows out of training", "rows in both"))
    if len(train) < 1 or len(validation) < 2:
        rule = "must leave at least 1 row to train on and 2 to validate on"
        raise DataError(phrase("validation_split", rule, (len(train), len(validation))))
    return _take(rows, train), _take(rows, validation)


def _ask_splitter(rows: Rows, splitter: Any, groups: Any) -> tuple[np.ndarray, np.ndarray]:
    target = rows.truth.ravel() if rows.truth.shape[1] == 1 else rows.truth
    if groups is not None and np.shape(groups)[:1] != (len(rows),):
        raise DataError(phrase("groups", f"must have one entry for each of the {len(rows)} rows", np.size(groups)))
    try:
        *_, (train, validation) = splitter.split(np.empty((len(rows), 1)), target, groups)
    except (TypeError, ValueError) as error:
        repair = "Pass groups to fit." if "group" in str(error) else "Choose another splitter, or change its settings."
        raise DataError(f"validation_split: {splitter!r} cannot split the {len(rows)} rows: {error} {repair}") from error
    return _row_numbers(train, len(rows)), _row_numbers(validation, len(rows))


def _row_numbers(given: Any, num_rows: int) -> np.ndarray:
    """Row indices, as given or from a mask."""
    try:
        array = np.asarray(given)
    except ValueError as error:
        raise DataError(phrase("validation_split", "must be a one-dimensional array of row numbers", given)) from error
    if array.dtype == bool:
        if array.shape != (num_rows,):
            raise DataError(phrase("a mask as validation_split", f"must have shape ({num_rows},), like X", array.shape))
        return np.flatnonzero(array)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        came = f"an array of {array.dtype} and shape {array.shape}"
        raise DataError(phrase("validation_split", "must be a one-dimensional array of row numbers", came))
    if array.size and (array.min() < 0 or array.max() >= num_rows):
        ends = (int(array.min()), int(array.max()))
        raise DataError(phrase("validation_split", f"must hold row numbers from 0 to {num_rows - 1}", ends))
    return array


def _distinct(given: np.ndarray) -> np.ndarray:
    """The row indices, sorted; raises if one occurs twice."""
    numbers = np.unique(given)
    if len(numbers) < len(given):
        raise DataError(phrase("validation_split", "must name each row once", f"{len(given) - len(numbers)} repetitions"))
    return numbers


def _take(rows: Rows, numbers: np.ndarray) -> Rows:
    return Rows(rows.X[numbers], rows.truth[numbers], None if rows.weight is None else rows.weight[numbers])
