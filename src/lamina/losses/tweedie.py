"""Tweedie deviance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from lamina.losses.domain import NON_NEGATIVE, Domain
from lamina.losses.log_link import LogLinkLoss
from lamina.validation import Rule, number

__all__ = ["Tweedie"]


@final
@dataclass(frozen=True)
class Tweedie(LogLinkLoss):
    """sum_k m_k^b / b - t_k m_k^a / a + t_k^b / (a b), m = exp(z), a = 1 - power, b = 2 - power: half the Tweedie deviance.

    For sums of a random number of positive amounts, such as the claims of an insured: many targets are exactly 0, others spread
    widely (Jorgensen 1987). 0 where exp(z) = t, as in scikit-learn. Target: (n, outputs), at least 0. Predictions are means,
    exp(z).

    Parameters
    ----------
    power : float, default=1.5
        In (1, 2): the variance grows with the mean to this power. Towards 1 it is the Poisson, towards 2 the gamma deviance.

    Raises
    ------
    InvalidSettingError
        When ``power`` is not in (1, 2).

    Examples
    --------
    >>> Tweedie(power=1.2).head(logits=1, width=1).settings
    (1.2,)
    """

    power: float = 1.5

    kind: ClassVar[str] = "tweedie"
    rules: ClassVar[Mapping[str, Rule]] = {"power": number(1, 2, "neither")}

    def head_settings(self) -> tuple[float, ...]:
        return (float(self.power),)

    def domain(self, width: int) -> Domain:
        return NON_NEGATIVE
