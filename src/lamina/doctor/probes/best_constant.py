"""The best constant prediction: the lowest loss of a network that is but a bias."""

from __future__ import annotations

import math

import numpy as np

from lamina.descent.quasi_newton import QuasiNewton
from lamina.engine.formulas.heads.table import HEADS
from lamina.losses import CustomLoss, Loss
from lamina.losses.members import rows_of_members
from lamina.losses.row_losses import row_losses
from lamina.optimizers import LBFGS

__all__ = ["best_constant_loss", "highest_constant_loss", "loss_and_gradient", "member_losses"]

_ITERATIONS = 60
_OF_CLASSES = ("softmax_cross_entropy", "sigmoid_cross_entropy")
_OF_NUMBERS = ("squared_error", "absolute_error", "huber", "log_cosh")


def best_constant_loss(loss: Loss, target: np.ndarray, width: int, weights: np.ndarray | None = None) -> float:
    """The lowest mean loss of one vector of logits for all rows, by L-BFGS from the best of some guesses.

    Parameters
    ----------
    loss : Loss
    target : ndarray of shape (n, k)
    width : int
        Number of logits.
    weights : ndarray of shape (n,), optional
        Of the rows.

    Returns
    -------
    float
        NaN where no guess has a finite loss.

    Examples
    --------
    >>> from lamina.losses import get_loss
    >>> best_constant_loss(get_loss("squared_error"), np.array([[1.0], [3.0]]), 1)
    0.5
    """
    shares = np.full(len(target), 1 / len(target)) if weights is None else weights / weights.sum()

    def function(logits: np.ndarray) -> tuple[float, np.ndarray]:
        losses, gradient = loss_and_gradient(loss, np.tile(logits, (len(target), 1)), target)
        return float(shares @ losses), shares @ gradient

    guesses = [np.zeros(width)]
    if target.shape[1] == width:
        guesses += [shares @ target, np.median(target, axis=0)]
    values = [function(guess)[0] for guess in guesses]
    if not np.isfinite(values).any():
        return math.nan
    descent = QuasiNewton(function, guesses[int(np.nanargmin(values))], LBFGS())
    for _ in range(_ITERATIONS):
        if not descent.is_finite or not descent.advance() or descent.has_converged(1e-9):
            break
    return float(np.nanmin([descent.value, *values]))


def member_losses(loss: Loss, logits: np.ndarray, target: np.ndarray, members: int) -> np.ndarray:
    """The loss of each row (n,): the mean over the members whose logits (n, members * width) are given."""
    losses = row_losses(loss, rows_of_members(logits, members), np.repeat(target, members, axis=0))
    return np.asarray(losses.reshape(len(target), members).mean(axis=1))


def highest_constant_loss(loss: Loss, num_classes: int, width: int) -> float:
    """What the best constant prediction's loss is at most, whatever the targets; NaN where that cannot be said.

    Of cross-entropies it is that of classes which are equally frequent. Of numbers with mean 0 and standard deviation 1, it is
    that of −1 and 1 in equal parts where the loss is a concave function of the squared error (Jensen's inequality); of the
    squared error itself it is exact.

    Parameters
    ----------
    loss : Loss
    num_classes : int
        0 where numbers are learned.
    width : int
        Number of logits.

    Examples
    --------
    >>> from lamina.losses import get_loss
    >>> highest_constant_loss(get_loss("squared_error"), 0, 1)
    0.5
    >>> round(highest_constant_loss(get_loss("softmax_cross_entropy"), 3, 3), 4)  # log 3
    1.0986
    """
    if num_classes and loss.name in _OF_CLASSES and width in (1, num_classes):
        return best_constant_loss(loss, np.arange(float(num_classes))[:, None], width)
    if not num_classes and loss.name in _OF_NUMBERS:
        return best_constant_loss(loss, np.array([[-1.0], [1.0]]) * np.ones(width), width)
    return math.nan


def loss_and_gradient(loss: Loss, logits: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each row, the loss (n,) and its gradient by the logits (n, width)."""
    with np.errstate(all="ignore"):
        if isinstance(loss, CustomLoss):
            return loss.value_and_gradient(logits, target)
        formula, settings = HEADS[loss.kind], loss.head_settings()
        return formula.loss(logits, target, *settings), formula.gradient(logits, target, *settings)
