"""Squared error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from lamina.losses.loss import Loss

__all__ = ["SquaredError"]


@final
@dataclass(frozen=True)
class SquaredError(Loss):
    """sum_k 1/2 (t_k - z_k)^2: the lecture's loss and scikit-learn's ``squared_error``; half of torch's and Keras' squared error.

    Its minimum is the conditional mean. Target: (n, outputs), real.

    Examples
    --------
    >>> SquaredError().head(logits=3, width=2)
    Head(kind='squared_error', logits=3, target_width=2, settings=(), weight=1.0)
    """

    kind: ClassVar[str] = "squared_error"
    label_codes: ClassVar[tuple[float, float] | None] = (0.0, 1.0)
    threshold: ClassVar[float] = 0.5
