"""Perceptron loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from lamina.losses.domain import SIGNS, Domain
from lamina.losses.loss import Loss

__all__ = ["PerceptronLoss"]


@final
@dataclass(frozen=True)
class PerceptronLoss(Loss):
    """sum_k max(0, -t_k z_k), t in {-1, +1}: gradient descent on it, one example per step, is Rosenblatt's learning rule (1958).

    Target: (n, outputs) of -1 and +1. Predictions are the logits: their sign decides.

    Examples
    --------
    >>> PerceptronLoss().name
    'perceptron'
    """

    kind: ClassVar[str] = "perceptron"
    label_codes: ClassVar[tuple[float, float] | None] = (-1.0, 1.0)

    def domain(self, width: int) -> Domain:
        return SIGNS
