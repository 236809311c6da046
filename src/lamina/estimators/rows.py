"""Rows for training or validation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Rows"]


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Rows:
    """Inputs ``X`` (n, features), the truth (encoded labels or numbers, (n, k)), and weights (n,) or None."""

    X: Any
    truth: np.ndarray
    weight: np.ndarray | None

    def __len__(self) -> int:
        return len(self.truth)
