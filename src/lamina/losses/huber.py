"""Huber loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from lamina.losses.loss import Loss
from lamina.validation import Rule, number

__all__ = ["Huber"]


@final
@dataclass(frozen=True)
class Huber(Loss):
    """``sum_k h(t_k - z_k)``, ``h(d) = 1/2 d^2`` where ``|d| <= delta``, ``delta (|d| - delta / 2)`` elsewhere (Huber 1964).

    Squared error for small residuals, absolute error for outliers. Target: (n, outputs), real.

    Parameters
    ----------
    delta : float, default=1.0
        Residual at which the loss turns from squared to absolute, above 0, in units of the target; torch's and Keras' default.

    Raises
    ------
    InvalidSettingError
        When ``delta`` is not above 0.

    Examples
    --------
    >>> Huber(delta=2.0).head(logits=1, width=1).settings
    (2.0,)
    """

    delta: float = 1.0

    kind: ClassVar[str] = "huber"
    label_codes: ClassVar[tuple[float, float] | None] = (0.0, 1.0)
    threshold: ClassVar[float] = 0.5
    rules: ClassVar[Mapping[str, Rule]] = {"delta": number(0, closed="neither")}

    def head_settings(self) -> tuple[float, ...]:
        return (float(self.delta),)
