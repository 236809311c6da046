"""Stops training when the gradient is almost zero."""

from __future__ import annotations

from lamina.training.callbacks.callback import Callback, Run
from lamina.training.history import Record
from lamina.validation import check_parameters, number

__all__ = ["SmallGradient"]


class SmallGradient(Callback):
    """Stops training when the Euclidean norm of the gradient, averaged over an epoch's steps, is at most ``tol``.

    Parameters
    ----------
    tol : float, default=1e-6
        >= 0.

    Notes
    -----
    With mini-batches the norm includes the noise of the batches and seldom becomes tiny; with the whole training set per step it
    is the classical criterion. With L-BFGS, whose own ``gradient_tol`` bounds the largest element, it is the norm after each
    iteration.

    Optimizers that perturb weights compute no gradient, so there this callback raises an error.

    Examples
    --------
    >>> SmallGradient(1e-5).tol
    1e-05
    """

    needs_gradient_norms = True

    def __init__(self, tol: float = 1e-6) -> None:
        check_parameters({"tol": tol}, {"tol": number(0)}, owner="SmallGradient")
        self.tol = tol

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        norm = record.get("gradient_norm")
        if norm is not None and norm <= self.tol:
            measured = f"its norm, averaged over the epoch's steps, was {norm:.3g}, at most {self.tol:g}"
            trainer.stop("gradient_zero", f"The gradient was almost zero: {measured}.")
