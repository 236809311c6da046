"""Base of the losses whose logits are logarithms of the mean."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

import numpy as np

from lamina.losses.loss import Loss

__all__ = ["LogLinkLoss"]


class LogLinkLoss(Loss, ABC):
    """Predictions are means, exp(z), and thus positive."""

    link: ClassVar[str | None] = "exp"
    contained_links: ClassVar[tuple[str, ...]] = ("exp",)

    def predict(self, logits: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):  # a mean beyond the largest float is infinite on purpose
            return np.asarray(np.exp(logits))
