"""Features as a sparse matrix: of a column of many categories, a row holds one entry and not a number per category."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from lamina.data.columns import CategoryColumn, ColumnEncoder
from lamina.data.table_reader import ReadTable

__all__ = ["are_better_sparse", "sparse_features"]

_MOST_DENSE = 16


def are_better_sparse(encoders: Sequence[ColumnEncoder]) -> bool:
    """Whether some column has more categories than are worth a dense one-hot encoding."""
    return any(isinstance(encoder, CategoryColumn) and len(encoder.shares) > _MOST_DENSE for encoder in encoders)


def sparse_features(encoders: Sequence[ColumnEncoder], table: ReadTable) -> sparse.csr_matrix:
    """What the encoders write, csr_matrix of shape (n, number of features) float32."""
    slots = {encoder.column: encoder.slots(table[encoder.column]) for encoder in encoders if isinstance(encoder, CategoryColumn)}
    if any((found < 0).any() for found in slots.values()):  # average rows, which have an entry in each slot
        stacked: sparse.csr_matrix = sparse.hstack(
            [_block(encoder, table, slots.get(encoder.column)) for encoder in encoders], format="csr", dtype=np.float32
        )
        return stacked
    entries = sum(1 if encoder.column in slots else len(encoder.feature_names) for encoder in encoders)
    columns = np.empty((table.num_rows, entries), dtype=np.int32)
    values = np.ones((table.num_rows, entries), dtype=np.float32)
    entry = first = 0
    for encoder in encoders:
        width = len(encoder.feature_names)
        if encoder.column in slots:
            columns[:, entry] = first + slots[encoder.column]
            entry += 1
        else:
            columns[:, entry : entry + width] = np.arange(first, first + width)
            encoder.write(table[encoder.column], values[:, entry : entry + width])
            entry += width
        first += width
    row_ends = np.arange(table.num_rows + 1, dtype=np.int64) * entries
    if row_ends[-1] <= np.iinfo(np.int32).max:
        row_ends = row_ends.astype(np.int32)
    features: sparse.csr_matrix = sparse.csr_matrix((values.ravel(), columns.ravel(), row_ends), shape=(table.num_rows, first))
    return features


def _block(encoder: ColumnEncoder, table: ReadTable, slots: np.ndarray | None) -> sparse.csr_matrix:
    dense = np.empty((table.num_rows, len(encoder.feature_names)), dtype=np.float32)
    if slots is not None and isinstance(encoder, CategoryColumn):
        encoder.write_slots(slots, dense)
    else:
        encoder.write(table[encoder.column], dense)
    return sparse.csr_matrix(dense)
