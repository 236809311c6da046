"""Gaussian negative log-likelihood."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from lamina.errors import ShapeError, phrase
from lamina.losses.loss import Loss
from lamina.validation import Rule, boolean, number

__all__ = ["GaussianNLL"]


@final
@dataclass(frozen=True)
class GaussianNLL(Loss):
    """sum_k ``1/2 (log v_k + (t_k - z_k)^2 / v_k)``: a mean z and a variance v for every target (Nix & Weigend 1994).

    For targets that scatter more in some rows than in others: an error counts in proportion to the spread that is predicted for
    its row, and a spread costs its logarithm. A network for k targets has 2 k outputs: the k means, then the k logarithms s of
    the variances, ``v = exp(s) + eps``. End it with a plain ``Dense(2 * k)``. Target: (n, k), real. Predictions are the means,
    (n, k); ``predict_distribution`` gives the spreads, √v, too.

    The loss may be negative. It is torch's ``GaussianNLLLoss`` with the variance v; torch cuts variances at ``eps``, where their
    gradient has a step, and here ``eps`` is added.

    Parameters
    ----------
    eps : float, default=1e-6
        Added to variances, so that they stay above it; above 0, in the square of the target's unit. torch's default.
    full : bool, default=False
        Whether to add 1/2 log 2π for each target, which makes the loss a whole log-likelihood and changes no gradient.

    Raises
    ------
    InvalidSettingError
        When ``eps`` is not above 0.
    ShapeError
        When the network's number of outputs is odd.

    Examples
    --------
    >>> import numpy as np
    >>> loss, logits = GaussianNLL(), np.array([[1.0, np.log(4.0)]])
    >>> loss.predict(logits), loss.spread(logits).round(6)
    (array([[1.]]), array([[2.]]))
    """

    eps: float = 1e-6
    full: bool = False

    kind: ClassVar[str] = "gaussian_nll"
    rules: ClassVar[Mapping[str, Rule]] = {"eps": number(0, closed="neither"), "full": boolean()}
    link: ClassVar[str | None] = None
    predicts_spread: ClassVar[bool] = True
    contained_links: ClassVar[tuple[str, ...]] = ("exp", "softplus")

    def head_settings(self) -> tuple[float, ...]:
        return float(self.eps), 0.5 * math.log(2 * math.pi) if self.full else 0.0

    def check_width(self, width: int) -> None:
        if width % 2:
            rule = "must have an even number of outputs, a mean and a variance for each target"
            raise ShapeError(phrase("the network", rule, width, owner="GaussianNLL"))

    def width_for(self, num_targets: int) -> int:
        return 2 * num_targets

    def target_width(self, width: int) -> int:
        return width // 2

    def prediction_width(self, width: int) -> int:
        return width // 2

    def advice(self, num_columns: int, label: str) -> str:
        return f"For {num_columns} target{'s' if num_columns > 1 else ''}, use {2 * num_columns} outputs."

    def predict(self, logits: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(logits[:, : self.prediction_width(logits.shape[1])])

    def spread(self, logits: np.ndarray) -> np.ndarray:
        log_variance = np.logaddexp(logits[:, self.prediction_width(logits.shape[1]) :], math.log(self.eps), dtype=logits.dtype)
        with np.errstate(over="ignore"):  # a spread beyond the largest float is infinite on purpose
            return np.asarray(np.exp(0.5 * log_variance))
