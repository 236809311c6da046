"""Features as a sparse matrix: of a column of many categories, a row holds one entry and not a number per category."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from lamina.data.columns import CategoryColumn, ColumnEncoder
from lamina.data.dense_features import dense_features, write_features

__all__ = ["are_better_sparse", "sparse_features"]

_MOST_DENSE = 16


def are_better_sparse(encoders: Sequence[ColumnEncoder]) -> bool:
    """Whether some column has more categories than are worth a dense one-hot encoding."""
    return any(isinstance(encoder, CategoryColumn) and len(encoder.shares) > _MOST_DENSE for encoder in encoders)


def sparse_features(encoders: Sequence[ColumnEncoder], entries: Sequence[np.ndarray], num_rows: int) -> sparse.csr_matrix:
    """What the encoders write of their columns' entries, csr_matrix of shape (num_rows, number of features) float32."""
    columns_of = list(zip(encoders, entries, strict=True))
    if any((found < 0).any() for encoder, found in columns_of if isinstance(encoder, CategoryColumn)):
        # Average rows have an entry in each slot.
        blocks = [sparse.csr_matrix(dense_features([encoder], [found], num_rows)) for encoder, found in columns_of]
        stacked: sparse.csr_matrix = sparse.hstack(blocks, format="csr", dtype=np.float32)
        return stacked
    entries_a_row = sum(1 if isinstance(encoder, CategoryColumn) else len(encoder.feature_names) for encoder in encoders)
    columns = np.empty((num_rows, entries_a_row), dtype=np.int32)
    values = np.ones((num_rows, entries_a_row), dtype=np.float32)
    dense: list[tuple[ColumnEncoder, np.ndarray, slice]] = []
    entry = first = 0
    for encoder, found in columns_of:
        width = len(encoder.feature_names)
        if isinstance(encoder, CategoryColumn):
            columns[:, entry] = first + found
            entry += 1
        else:
            place = slice(entry, entry + width)
            columns[:, place] = np.arange(first, first + width)
            dense.append((encoder, found, place))
            entry += width
        first += width
    write_features(dense, values)
    row_ends = np.arange(num_rows + 1, dtype=np.int64) * entries_a_row
    if row_ends[-1] <= np.iinfo(np.int32).max:
        row_ends = row_ends.astype(np.int32)
    features: sparse.csr_matrix = sparse.csr_matrix((values.ravel(), columns.ravel(), row_ends), shape=(num_rows, first))
    return features
