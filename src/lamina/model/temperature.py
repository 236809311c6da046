"""A temperature for logits: one number that makes probabilities as frequent as they say."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from lamina.model.golden_section import golden_section

__all__ = ["Losses", "learn_temperature"]

Losses: TypeAlias = Callable[[float | np.ndarray], np.ndarray]
_SHRINKAGE = 20.0  # rows' worth: a normal prior for log T with a deviation of 0.16, measured in docs/how-to/uncertainty.md
_LARGEST = np.log(20.0)
_TOL = 1e-3
_STANDARD_ERRORS = 2.0


def learn_temperature(losses: Losses, folds: np.ndarray, weight: np.ndarray | None = None) -> tuple[float, np.ndarray]:
    """The temperature of all rows, and for each row the one that the rows of other folds have; 1 where none helps.

    The temperature T minimizes the log loss of ``softmax(logits / T)`` with a penalty that draws it to 1 where rows are few,
    ``mean loss(T) + 20 log(T)^2 / n``. It is kept if the rows, each with the temperature of the other folds, then have a log loss
    that is lower by more than twice the standard error of the difference.

    Parameters
    ----------
    losses : callable
        The log loss of each row (n,) at a temperature, or at one for each row.
    folds : ndarray of shape (n,)
        The fold of each row.
    weight : ndarray of shape (n,), optional
        Weights of the rows.

    References
    ----------
    Guo et al., "On calibration of modern neural networks", 2017, section 4.2.

    Examples
    --------
    >>> logits = np.array([8.0, 8.0, 8.0, -8.0] * 1000)
    >>> temperature, _ = learn_temperature(lambda t: np.log1p(np.exp(-logits / t)), np.arange(4000) % 10)
    >>> 5 < temperature < 8
    True
    """
    share = np.full(len(folds), 1 / len(folds)) if weight is None else weight / weight.sum()
    of_others = np.ones(len(folds))
    for fold in np.unique(folds):
        of_others[folds == fold] = _best(losses, np.where(folds == fold, 0.0, share))
    gain = losses(1.0) - losses(of_others)
    mean = float(share @ gain)
    if not mean > _STANDARD_ERRORS * np.sqrt(share**2 @ (gain - mean) ** 2):
        return 1.0, np.ones(len(folds))
    return _best(losses, share), of_others


def _best(losses: Losses, share: np.ndarray) -> float:
    """The temperature with the lowest penalized loss of the rows, whose shares need not add up to 1."""
    share = share / share.sum()

    def penalized(logarithm: float) -> float:
        return float(share @ losses(np.exp(logarithm))) + _SHRINKAGE / np.count_nonzero(share) * logarithm**2

    return float(np.exp(golden_section(penalized, -_LARGEST, _LARGEST, _TOL)))
