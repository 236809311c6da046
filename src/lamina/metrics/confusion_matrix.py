"""How often each class was decided as which."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.errors import DataError, phrase
from lamina.metrics.given import labels, weights
from lamina.validation import check_parameters, integer

__all__ = ["confusion"]


def confusion(truth: Any, decided: Any, num_classes: int, sample_weight: Any = None) -> np.ndarray:
    """The number (or weight) of rows of each class, a row of the matrix, that were decided as each class, a column.

    Parameters
    ----------
    truth, decided : array-like of shape (n,)
        Class indices from 0 to ``num_classes`` - 1.
    num_classes : int
        >= 1.
    sample_weight : array-like of shape (n,), optional
        >= 0, and not all 0.

    Returns
    -------
    ndarray of shape (num_classes, num_classes)
        Integers; float64 with weights.

    Raises
    ------
    DataError
        If something is not a class index.
    ShapeError
        If the two do not have the same shape.

    Examples
    --------
    >>> confusion([0, 0, 1, 2], [0, 1, 1, 1], 3)
    array([[1, 1, 0],
           [0, 1, 0],
           [0, 1, 0]])
    """
    check_parameters({"num_classes": num_classes}, {"num_classes": integer(1)}, owner="confusion")
    columns = labels(truth, decided, owner="confusion")
    rows, chosen = (_indices(array, int(num_classes)) for array in columns)
    weight = None if sample_weight is None else weights(sample_weight, len(rows), owner="confusion")
    counts: np.ndarray = np.bincount(rows * num_classes + chosen, weight, num_classes * num_classes)
    return counts.reshape(num_classes, num_classes)


def _indices(given: np.ndarray, num_classes: int) -> np.ndarray:
    rule, repair = (
        f"must be one class index per row, from 0 to {num_classes - 1}",
        "Replace each label by its place among the classes.",
    )
    if given.shape[1] != 1 or given.dtype.kind not in "biuf":
        came = given.shape if given.shape[1] != 1 else given.dtype.name
        raise DataError(phrase("the labels", rule, came, repair=repair, owner="confusion"))
    known = (given >= 0) & (given < num_classes)
    if not known.all():
        raise DataError(phrase("the labels", rule, given[~known][0].item(), repair=repair, owner="confusion"))
    return given[:, 0].astype(np.int64)
