"""Squared hinge loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from lamina.losses.margin import MarginLoss

__all__ = ["SquaredHinge"]


@final
@dataclass(frozen=True)
class SquaredHinge(MarginLoss):
    """sum_k max(0, 1 - t_k z_k)^2, t in {-1, +1}: the hinge without its kink (Cortes & Vapnik 1995); large misses count more.

    Target: (n, outputs) of -1 and +1; with several outputs, each is one class against the rest. Predictions are the logits: their
    sign decides, or with several classes the largest one.

    Examples
    --------
    >>> SquaredHinge().name
    'squared_hinge'
    """

    kind: ClassVar[str] = "squared_hinge"
