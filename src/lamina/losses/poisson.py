"""Poisson deviance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from lamina.losses.domain import NON_NEGATIVE, Domain
from lamina.losses.log_link import LogLinkLoss

__all__ = ["Poisson"]


@final
@dataclass(frozen=True)
class Poisson(LogLinkLoss):
    """sum_k exp(z_k) - t_k z_k + t_k log t_k - t_k: half the Poisson deviance, z being the logarithm of the rate.

    For counts and other non-negative targets whose variance grows with their mean; 0 where exp(z) = t, as in scikit-learn.
    Target: (n, outputs), at least 0. Predictions are rates, exp(z).

    Examples
    --------
    >>> import numpy as np
    >>> Poisson().predict(np.array([[0.0]]))
    array([[1.]])
    """

    kind: ClassVar[str] = "poisson"

    def domain(self, width: int) -> Domain:
        return NON_NEGATIVE
