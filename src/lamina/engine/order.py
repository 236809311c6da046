"""Row numbers as engines read them."""

from __future__ import annotations

import numpy as np

from lamina.errors import DataError, phrase

__all__ = ["as_order"]


def as_order(order: np.ndarray | None, num_rows: int) -> np.ndarray:
    """Row numbers as a contiguous int64 vector, checked to lie within the data; all rows if ``order`` is None."""
    if order is None:
        return np.arange(num_rows, dtype=np.int64)
    order = np.ascontiguousarray(order, dtype=np.int64)
    # Read as unsigned, a negative number exceeds any number of rows: one pass instead of two.
    if order.size and int(order.view(np.uint64).max()) >= num_rows:
        raise DataError(phrase("order", f"must hold row numbers from 0 to {num_rows - 1}", (int(order.min()), int(order.max()))))
    return order
