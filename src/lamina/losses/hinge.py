"""Hinge loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from lamina.losses.margin import MarginLoss

__all__ = ["Hinge"]


@final
@dataclass(frozen=True)
class Hinge(MarginLoss):
    """sum_k max(0, 1 - t_k z_k), t in {-1, +1}: the support vector machine's loss (Cortes & Vapnik 1995).

    Target: (n, outputs) of -1 and +1; with several outputs, each is one class against the rest. Predictions are the logits: their
    sign decides, or with several classes the largest one.

    Examples
    --------
    >>> Hinge().name
    'hinge'
    """

    kind: ClassVar[str] = "hinge"
