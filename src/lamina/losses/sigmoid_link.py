"""Base of the losses that say yes or no for each output by the sigmoid of its logit."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

import numpy as np

from lamina.losses.domain import FRACTIONS, Domain
from lamina.losses.loss import Loss

__all__ = ["SigmoidLinkLoss"]


class SigmoidLinkLoss(Loss, ABC):
    """Targets are 0 and 1, or fractions, and predictions are sigmoid(z)."""

    link: ClassVar[str | None] = "sigmoid"
    label_codes: ClassVar[tuple[float, float] | None] = (0.0, 1.0)
    contained_links: ClassVar[tuple[str, ...]] = ("softmax", "sigmoid")

    def domain(self, width: int) -> Domain:
        return FRACTIONS

    def predict(self, logits: np.ndarray) -> np.ndarray:
        tail = np.exp(-np.abs(logits))  # in (0, 1]: neither side can overflow
        return np.asarray(np.where(logits >= 0, 1 / (1 + tail), tail / (1 + tail)))
