"""Absolute error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from lamina.losses.loss import Loss

__all__ = ["AbsoluteError"]


@final
@dataclass(frozen=True)
class AbsoluteError(Loss):
    """``sum_k |t_k - z_k|``: its minimum is the conditional median, so outliers count little. Its derivative at 0 is 0.

    Target: (n, outputs), real.

    Examples
    --------
    >>> AbsoluteError().name
    'absolute_error'
    """

    kind: ClassVar[str] = "absolute_error"
    label_codes: ClassVar[tuple[float, float] | None] = (0.0, 1.0)
    threshold: ClassVar[float] = 0.5
