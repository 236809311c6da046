"""The curves of a run as far as it has come."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["Curves"]


class Curves(NamedTuple):
    """Points of a run.

    Attributes
    ----------
    epochs : ndarray of shape (points,)
        Also between whole ones.
    losses, validation_losses : ndarray of shape (points,)
        NaN where they are not known.
    lowest : (float, float) or None
        The epoch and the validation loss of the lowest one that was measured, which need not be among the points.
    """

    epochs: np.ndarray
    losses: np.ndarray
    validation_losses: np.ndarray
    lowest: tuple[float, float] | None = None
