"""The loss of predicted probabilities, which tells whether all sides computed the same thing."""

from __future__ import annotations

import numpy as np

__all__ = ["log_loss"]


def log_loss(probabilities: np.ndarray, y: np.ndarray) -> float:
    """Mean of -log p of the true class, for probabilities (n, classes) and class numbers (n,)."""
    return float(-np.log(np.asarray(probabilities)[np.arange(len(y)), y]).mean())
