"""Log-cosh loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from lamina.losses.loss import Loss

__all__ = ["LogCosh"]


@final
@dataclass(frozen=True)
class LogCosh(Loss):
    """``sum_k log cosh(t_k - z_k)``: like Huber's loss, but smooth everywhere (Neuneier & Zimmermann 1998).

    About half the squared error for residuals below 1, the absolute error minus log 2 for outliers. Target: (n, outputs), real.

    Examples
    --------
    >>> LogCosh().name
    'log_cosh'
    """

    kind: ClassVar[str] = "log_cosh"
    label_codes: ClassVar[tuple[float, float] | None] = (0.0, 1.0)
    threshold: ClassVar[float] = 0.5
