"""Features as a dense matrix, some rows of it at a time: these stay in the cache while column after column is written to them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np

from lamina.data.columns import ColumnEncoder

__all__ = ["dense_features", "write_features"]

_BLOCK = 1 << 20  # bytes, of the second cache
_FEWEST_ROWS = 1 << 10


def dense_features(encoders: Sequence[ColumnEncoder], entries: Sequence[np.ndarray], num_rows: int) -> np.ndarray:
    """What the encoders write of their columns' entries, ndarray of shape (num_rows, number of features) float32."""
    ends = list(accumulate((len(encoder.feature_names) for encoder in encoders), initial=0))
    features = np.empty((num_rows, ends[-1]), dtype=np.float32)
    places = (slice(first, end) for first, end in pairwise(ends))
    write_features(list(zip(encoders, entries, places, strict=True)), features)
    return features


def write_features(parts: Sequence[tuple[ColumnEncoder, np.ndarray, slice]], out: np.ndarray) -> None:
    """Write the features of an encoder's entries to a place among the columns of ``out``, for all of these triples."""
    rows_a_block = max(_BLOCK // (out.itemsize * max(out.shape[1], 1)), _FEWEST_ROWS)
    for start in range(0, len(out), rows_a_block):
        rows = slice(start, start + rows_a_block)
        for encoder, found, place in parts:
            encoder.write(found[rows], out[rows, place])
