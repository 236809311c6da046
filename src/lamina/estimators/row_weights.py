"""Checks sample weights, with public functions of scikit-learn only."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from sklearn.utils import check_array

from lamina.errors import DataError, phrase

__all__ = ["check_row_weights"]


def check_row_weights(sample_weight: Any, num_rows: int, dtype: DTypeLike = np.float64) -> np.ndarray:
    """Check sample weights and return them as an ndarray of shape (n,): ones for None, equal weights for a number.

    Raises
    ------
    DataError
        If their shape does not match the rows, one is negative, or none is positive.

    Examples
    --------
    >>> check_row_weights([1, 0, 2], 3)
    array([1., 0., 2.])
    """
    if sample_weight is None:
        return np.ones(num_rows, dtype)
    if isinstance(sample_weight, Real):
        sample_weight = np.full(num_rows, sample_weight)
    weight: np.ndarray = check_array(sample_weight, ensure_2d=False, dtype=dtype, order="C", input_name="sample_weight")
    if weight.shape != (num_rows,):
        raise DataError(phrase("sample_weight", f"must have shape ({num_rows},), one weight per row", weight.shape))
    if weight.min() < 0:
        raise DataError(phrase("sample_weight", "must hold weights >= 0", float(weight.min())))
    if not weight.any():
        raise DataError("sample_weight must hold a weight > 0, got only zeros.")
    return weight
