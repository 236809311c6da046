"""The course of the loss on held-out rows, beside that of the training rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lamina.training import History

__all__ = ["ValidationCourse", "validation_course"]


@dataclass(frozen=True, slots=True)
class ValidationCourse:
    """Losses of the history; smoothed over three epochs, so that no single epoch is the best by chance.

    Attributes
    ----------
    best, last : float
        The lowest validation loss, and that of the last epochs.
    best_at : float
        The epoch of ``best`` as a share of all.
    epochs_after : int
        Epochs done after it.
    rise : float
        ``last`` over ``best``, less 1.
    gap : float
        The last validation loss less the last training loss.
    """

    best: float
    last: float
    best_at: float
    epochs_after: int
    rise: float
    gap: float


def validation_course(history: History) -> ValidationCourse | None:
    """The course of a history; None if nothing was held out during training.

    >>> losses = [(1.0, 1.0), (0.5, 0.6), (0.3, 0.5), (0.2, 0.5), (0.1, 0.7), (0.05, 0.9), (0.04, 1.1)]
    >>> found = validation_course(History([{"loss": loss, "validation_loss": other} for loss, other in losses]))
    >>> found.epochs_after, round(found.rise, 2), round(found.gap, 2)
    (4, 1.2, 1.06)
    """
    if not len(history) or "validation_loss" not in history.keys:
        return None
    held, losses = (_smooth(np.array(history[:, key], dtype=np.float64)) for key in ("validation_loss", "loss"))
    if np.isnan(held).all():
        return None
    place = int(np.nanargmin(held))
    best, last = float(held[place]), float(held[-1])
    rise = last / best - 1 if best > 0 else math.nan
    return ValidationCourse(best, last, (place + 1) / len(held), len(held) - 1 - place, rise, last - float(losses[-1]))


def _smooth(values: np.ndarray) -> np.ndarray:
    """The median of each number and its neighbors."""
    if len(values) < 3:
        return values
    padded = np.concatenate([values[:1], values, values[-1:]])
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, 3), axis=1))
