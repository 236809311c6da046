"""The piecewise-linear bins of an estimator's features, from the rows that it is fitted to."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.errors import DataError
from lamina.layers import PiecewiseLinear
from lamina.layers.bin_edges import column_edges

__all__ = ["number_bins"]

_MOST_ROWS = 20_000  # quantiles of more rows hardly differ
_FEWEST_VALUES = 3  # two values, such as 0 and 1, are a line whatever their bins


def number_bins(X: Any, bins: int) -> PiecewiseLinear | None:
    """The bins of the columns of X, array or sparse matrix of shape (n, features); None if no column gets any."""
    rows = X[:: -(-X.shape[0] // _MOST_ROWS)]
    is_sparse = hasattr(rows, "tocsc")
    columns = rows.tocsc() if is_sparse else rows
    edges = []
    for j in range(rows.shape[1]):
        # of a sparse column with one value besides 0, nothing is unfolded
        has_values = (
            not is_sparse or len(np.unique(columns.data[columns.indptr[j] : columns.indptr[j + 1]])) >= _FEWEST_VALUES - 1
        )
        column = columns[:, [j]] if has_values else None
        edges.append(() if column is None else _edges(column.toarray() if is_sparse else column, bins))
    return PiecewiseLinear(edges, clip=True) if any(edges) else None


def _edges(column: np.ndarray, bins: int) -> tuple[float, ...]:
    try:
        return column_edges(column, bins, None, _FEWEST_VALUES)[0]
    except DataError:  # some lie too close for a bin of their own
        return ()
