"""Check the arguments of metrics and convert them to equal shapes, so that (n,) never broadcasts against (n, 1)."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.errors import DataError, ShapeError, phrase

__all__ = ["class_numbers", "labels", "numbers", "shares", "weights"]

_TO_LABELS = "Convert probabilities to labels: predictions > 0.5 for one per row, predictions.argmax(axis=1) for one per class."

_ROUNDING = 1e-6  # of float32, and of sums over many classes a thousand times that


def numbers(truth: Any, predicted: Any, *, owner: str, columns: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64 of the same shape (n, k), where k is ``columns`` if that is given.

    Raises
    ------
    DataError
        If they are not numbers, or empty.
    ShapeError
        If their shapes differ, or they have another number of columns; (n,) counts as (n, 1).
    """
    both = [
        _columns(_floats(array, name, owner), name, owner)
        for name, array in (("the truth", truth), ("the predictions", predicted))
    ]
    _check_same_shape("the predictions", *both, owner=owner, repair="Give one prediction per target.")
    if columns is not None and both[0].shape[1] != columns:
        rule, repair = f"must have {columns} column" + "s" * (columns > 1), "Pick the columns, such as predictions[:, 1]."
        raise ShapeError(phrase("the truth and the predictions", rule, both[0].shape, repair=repair, owner=owner))
    return both[0], both[1]


def labels(truth: Any, decided: Any, *, owner: str) -> tuple[np.ndarray, np.ndarray]:
    """Both as labels of the same shape (n, k).

    Raises
    ------
    DataError
        If they contain fractions, as probabilities do, one has numbers and the other strings, or they are empty.
    ShapeError
        If their shapes differ; (n,) counts as (n, 1).
    """
    names = ("the truth", "the predicted labels")
    columns = [_columns(_array(array, name, owner), name, owner) for name, array in zip(names, (truth, decided), strict=True)]
    for name, array in zip(names, columns, strict=True):
        if array.dtype.kind == "f" and not (whole := array == np.floor(array)).all():
            fraction = float(array[~whole][0])
            repair = "Leave out rows without a label." if np.isnan(fraction) else _TO_LABELS
            raise DataError(phrase(name, "must be whole numbers", fraction, repair=repair, owner=owner))
    repair = "Give one label a row." if len(columns[0]) != len(columns[1]) else _TO_LABELS
    _check_same_shape(names[1], *columns, owner=owner, repair=repair)
    if len({array.dtype.kind in "SUT" for array in columns if array.dtype.kind != "O"}) > 1:
        repair = "Give both as numbers or both as strings."
        kinds = [array.dtype.name for array in columns]
        raise DataError(phrase("truth and predicted labels", "must be of the same kind", kinds, repair=repair, owner=owner))
    return columns[0], columns[1]


def class_numbers(truth: Any, probabilities: Any, *, owner: str) -> tuple[np.ndarray, np.ndarray]:
    """Class indices (n,) as integers, and probabilities (n, classes).

    Raises
    ------
    DataError
        If a class index is not one of 0, 1, …, classes − 1, a value is not a number, or the arrays are empty.
    ShapeError
        If the numbers of rows differ, or the probabilities have fewer than two columns.
    """
    probs = _floats(probabilities, "the probabilities", owner)
    if probs.ndim != 2 or probs.shape[1] < 2:
        rule, repair = "must have one column per class, (n, classes)", "If p is the probability of class 1, give [1 - p, p]."
        raise ShapeError(phrase("the probabilities", rule, probs.shape, repair=repair, owner=owner))
    classes = _columns(_floats(truth, "the truth", owner), "the truth", owner)
    if classes.shape != (len(probs), 1):
        rule = f"must be {len(probs)} class indices, one per row of the probabilities"
        raise ShapeError(phrase("the truth", rule, np.shape(truth), owner=owner))
    known = (classes == np.floor(classes)) & (classes >= 0) & (classes < probs.shape[1])
    if not known.all():
        rule = f"must be class indices from 0 to {probs.shape[1] - 1}"
        raise DataError(phrase("the truth", rule, float(classes[~known][0]), owner=owner))
    return classes[:, 0].astype(np.int64), probs


def shares(truth: Any, probabilities: Any, *, owner: str) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`class_numbers`, where the probabilities of a row lie in [0, 1] and add up to 1; NaN stays.

    Raises
    ------
    DataError
        If they do not, or as :func:`class_numbers`.
    ShapeError
        As :func:`class_numbers`.
    """
    classes, probs = class_numbers(truth, probabilities, owner=owner)
    odd = (probs < -_ROUNDING) | (probs > 1 + _ROUNDING)
    if odd.any():
        repair = "Scores become probabilities by a softmax."
        raise DataError(phrase("the probabilities", "must lie in [0, 1]", float(probs[odd][0]), repair=repair, owner=owner))
    sums = probs.sum(axis=1)
    odd = np.abs(sums - 1) > _ROUNDING * 1e3
    if odd.any():
        rule = "must add up to 1 in every row"
        raise DataError(phrase("the probabilities", rule, float(sums[odd][0]), repair="Divide by the sums.", owner=owner))
    return classes, probs


def weights(sample_weight: Any, num_rows: int, *, owner: str) -> np.ndarray:
    """Weights (n,) in float64; ones by default.

    Raises
    ------
    DataError
        If one is negative or not finite, or all are 0.
    ShapeError
        If their number is not the number of rows.
    """
    if sample_weight is None:
        return np.ones(num_rows)
    given = _floats(sample_weight, "sample_weight", owner)
    if given.shape not in ((num_rows,), (num_rows, 1)):
        raise ShapeError(phrase("sample_weight", f"must be {num_rows} numbers, one per row", given.shape, owner=owner))
    if not (usable := np.isfinite(given) & (given >= 0)).all():
        raise DataError(phrase("sample_weight", "must be finite and >= 0", float(given[~usable][0]), owner=owner))
    if not given.any():
        repair = "Omit it to weight all rows equally."
        raise DataError(phrase("sample_weight", "must have a number above 0", "zeros", repair=repair, owner=owner))
    return given.reshape(num_rows)


def _array(given: Any, name: str, owner: str) -> np.ndarray:
    try:
        return np.asarray(given)
    except Exception:  # rows of different lengths, or an error of another library's array
        rule = "must be an array, or a list of rows of equal length"
        raise DataError(phrase(name, rule, type(given).__name__, owner=owner)) from None


def _floats(given: Any, name: str, owner: str) -> np.ndarray:
    array = _array(given, name, owner)
    try:
        if array.dtype.kind not in "biufO":
            raise TypeError
        return array.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        raise DataError(phrase(name, "must be real numbers", array.dtype.name, owner=owner)) from None


def _columns(array: np.ndarray, name: str, owner: str) -> np.ndarray:
    if array.ndim not in (1, 2):
        raise ShapeError(phrase(name, "must have shape (n,) or (n, k)", array.shape, owner=owner))
    if not array.size:
        raise DataError(phrase(name, "must have at least one row and one column", array.shape, owner=owner))
    return array.reshape(len(array), -1)


def _check_same_shape(name: str, truth: np.ndarray, judged: np.ndarray, *, owner: str, repair: str) -> None:
    if truth.shape != judged.shape:
        wanted, got = (shape if shape[1] > 1 else shape[:1] for shape in (truth.shape, judged.shape))
        raise ShapeError(phrase(name, f"must have the truth's shape {wanted}", got, repair=repair, owner=owner))
