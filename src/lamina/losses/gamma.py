"""Gamma deviance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from lamina.losses.domain import POSITIVE, Domain
from lamina.losses.log_link import LogLinkLoss

__all__ = ["Gamma"]


@final
@dataclass(frozen=True)
class Gamma(LogLinkLoss):
    """sum_k z_k - log t_k + t_k exp(-z_k) - 1: half the gamma deviance, z being the logarithm of the mean.

    For positive targets whose deviation grows in proportion to their mean, such as costs and durations: only the ratio of target
    and prediction counts. 0 where exp(z) = t, as in scikit-learn. Target: (n, outputs), above 0. Predictions are means, exp(z).

    Examples
    --------
    >>> import numpy as np
    >>> Gamma().predict(np.array([[0.0]]))
    array([[1.]])
    """

    kind: ClassVar[str] = "gamma"

    def domain(self, width: int) -> Domain:
        return POSITIVE
