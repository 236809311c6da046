"""All losses of a network as functions, where one of them is a function of the user's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina.engine.formulas.heads.table import HEADS
from lamina.losses.custom import CustomLoss
from lamina.losses.loss import Loss

__all__ = ["as_functions"]


def as_functions(losses: Sequence[Loss], members: int = 1) -> list[CustomLoss]:
    """The losses as functions of the logits of so many members, if any is a custom function; else an empty list.

    The engine then computes none of them: a built-in loss beside a custom one is that of its formula, in float64.

    Examples
    --------
    >>> from lamina.losses import get_loss
    >>> mixed = as_functions([get_loss("squared_error"), get_loss(lambda z, t: np.abs(z - t).sum(axis=1))])
    >>> [loss.value_and_gradient(np.array([[1.0]]), np.array([[3.0]]))[0].tolist() for loss in mixed]
    [[2.0], [2.0]]
    """
    if not any(isinstance(loss, CustomLoss) for loss in losses):
        return []
    return [(loss if isinstance(loss, CustomLoss) else CustomLoss(_Formula(loss))).over(members) for loss in losses]


@dataclass(frozen=True)
class _Formula:
    """A built-in loss as a function of logits and targets."""

    loss: Loss

    @property
    def __name__(self) -> str:
        return self.loss.name

    def __call__(self, logits: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        formula, settings = HEADS[self.loss.kind], self.loss.head_settings()
        with np.errstate(all="ignore"):  # a loss that is not finite ends the training, and says so
            return np.asarray(formula.loss(logits, targets, *settings)), np.asarray(formula.gradient(logits, targets, *settings))
