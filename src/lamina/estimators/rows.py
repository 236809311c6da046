"""Rows to train or to validate on, and the choice of which rows validate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.errors import DataError

__all__ = ["Rows", "hold_out"]


@dataclass(frozen=True, slots=True)
class Rows:
    """Inputs ``X`` (n, features), what is true of them (encoded labels or numbers, (n, k)), and weights (n,) or None."""

    X: Any
    truth: np.ndarray
    weight: np.ndarray | None

    def __len__(self) -> int:
        return len(self.truth)


def hold_out(rows: Rows, fraction: float, seed: int, stratify: np.ndarray | None) -> tuple[Rows, Rows]:
    """Split ``rows`` at random into rows to train on and the ``fraction`` to validate on; the split depends on ``seed`` alone.

    Raises
    ------
    DataError
        If fewer than two rows are left for validation.
    """
    # Here, because it brings along scikit-learn's metrics, preprocessing and callbacks, which an import should not cost.
    from sklearn.model_selection import train_test_split

    weights = () if rows.weight is None else (rows.weight,)
    parts = train_test_split(rows.X, rows.truth, *weights, test_size=fraction, random_state=seed, stratify=stratify)
    train, validation = Rows(*parts[0::2], *[None] * (not weights)), Rows(*parts[1::2], *[None] * (not weights))
    if len(validation) < 2:
        raise DataError(
            "The validation set is too small. Increase 'validation_fraction' or the size of your dataset. "
            f"It would have {len(validation)} of {len(rows)} rows."
        )
    return train, validation
