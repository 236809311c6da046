"""Where a column holds nothing: null, and NaN of numbers."""

from __future__ import annotations

import narwhals.stable.v2 as nw
import numpy as np

__all__ = ["is_missing", "object_values"]


def is_missing(series: nw.Series) -> np.ndarray:
    """Where a column holds null or NaN, ndarray of shape (n,) bool."""
    missing = np.asarray(series.is_null().to_numpy(), dtype=bool)
    if series.dtype.is_float():
        missing = missing | np.asarray(series.is_nan().fill_null(True).to_numpy(), dtype=bool)
    return missing


def object_values(series: nw.Series) -> np.ndarray:
    """A column's values as Python objects, ndarray of shape (n,) object, None where missing."""
    values = np.empty(len(series), dtype=object)
    values[:] = series.to_list()
    # pandas has pd.NA, NaN and NaT for missing; comparing with the first raises.
    values[is_missing(series)] = None
    return values
