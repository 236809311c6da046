"""The piecewise-linear bins of an estimator's features, from the rows that it is fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.errors import DataError
from lamina.layers import PiecewiseLinear
from lamina.layers.bin_edges import column_edges

__all__ = ["number_bins"]

_MOST_ROWS = 20_000  # quantiles of more rows hardly differ
_MOST_BINS = 256  # of all columns together: of a wide table, most of the time would go to them
_FEWEST_BINS = 2
_FEWEST_VALUES = 3  # two values, such as 0 and 1, are a line whatever their bins


def number_bins(X: Any, bins: int, cardinalities: Sequence[int | None] | None = None) -> PiecewiseLinear | None:
    """At most ``bins`` for each column of X, array or sparse matrix of shape (n, features); None if no column gets any.

    Columns with cardinalities, which hold codes, get none.
    """
    rows = X[:: -(-X.shape[0] // _MOST_ROWS)]
    columns = rows.tocsc() if hasattr(rows, "tocsc") else rows
    numbers = [j for j in range(rows.shape[1]) if cardinalities is None or cardinalities[j] is None]
    with_bins = [j for j in numbers if _has_values(columns, j)]
    bins = min(bins, max(_MOST_BINS // max(len(with_bins), 1), _FEWEST_BINS))
    edges = {j: _edges(columns[:, [j]], bins) for j in with_bins}
    return PiecewiseLinear([edges.get(j, ()) for j in range(rows.shape[1])], clip=True) if any(edges.values()) else None


def _has_values(columns: Any, j: int) -> bool:
    """Whether a column has enough distinct values; of a sparse one, only what is stored is looked at, and 0."""
    if isinstance(columns, np.ndarray):
        return len(np.unique(columns[:, j])) >= _FEWEST_VALUES
    return len(np.unique(columns.data[columns.indptr[j] : columns.indptr[j + 1]])) >= _FEWEST_VALUES - 1


def _edges(column: Any, bins: int) -> tuple[float, ...]:
    try:
        return column_edges(column, bins, None, _FEWEST_VALUES)[0]
    except DataError:  # some lie too close for a bin of their own
        return ()
