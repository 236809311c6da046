"""Base of the losses of a margin: of how far a logit lies on the side of its label."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

from lamina.losses.domain import SIGNS, Domain
from lamina.losses.loss import Loss

__all__ = ["MarginLoss"]


class MarginLoss(Loss, ABC):
    """Targets are -1 and +1, and predictions are logits, whose sign decides."""

    label_codes: ClassVar[tuple[float, float] | None] = (-1.0, 1.0)

    def domain(self, width: int) -> Domain:
        return SIGNS
