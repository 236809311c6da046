"""What users give as probabilities: one column per class, or those of the second of two."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.errors import DataError, ShapeError, phrase

__all__ = ["by_class"]


def by_class(probabilities: Any, *, owner: str) -> np.ndarray:
    """The probabilities in float64, (n, classes); of (n,) or (n, 1), those of class 1, the first column is the rest.

    Raises
    ------
    DataError
        If they are not numbers.
    ShapeError
        If they have another shape, or no rows.

    Examples
    --------
    >>> by_class([0.25, 1.0], owner="example").tolist()
    [[0.75, 0.25], [0.0, 1.0]]
    """
    try:
        p = np.asarray(probabilities, dtype=np.float64)
    except (TypeError, ValueError):
        came = type(probabilities).__name__
        raise DataError(phrase("the probabilities", "must be real numbers", came, owner=owner)) from None
    if p.ndim not in (1, 2) or not p.size:
        raise ShapeError(phrase("the probabilities", "must have shape (n, classes) or (n,)", p.shape, owner=owner))
    if p.ndim == 1 or p.shape[1] == 1:
        return np.column_stack([1 - p.ravel(), p.ravel()])
    return p
