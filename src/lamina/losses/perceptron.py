"""Perceptron loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from lamina.losses.margin import MarginLoss

__all__ = ["PerceptronLoss"]


@final
@dataclass(frozen=True)
class PerceptronLoss(MarginLoss):
    """sum_k max(0, -t_k z_k), t in {-1, +1}: gradient descent on it, one example per step, is Rosenblatt's learning rule (1958).

    Target: (n, outputs) of -1 and +1. Predictions are the logits: their sign decides.

    Examples
    --------
    >>> PerceptronLoss().name
    'perceptron'
    """

    kind: ClassVar[str] = "perceptron"
