"""Focal loss: yes or no for each output, where easy rows count less."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from lamina.losses.sigmoid_link import SigmoidLinkLoss
from lamina.validation import Rule, number, one_of, value

__all__ = ["Focal"]


@final
@dataclass(frozen=True)
class Focal(SigmoidLinkLoss):
    """sum_k ``-(1 - p)^gamma log p`` for "yes", ``-p^gamma log(1 - p)`` for "no", p = sigmoid(z_k) (Lin et al. 2017).

    Sigmoid cross-entropy in which rows that are predicted well hardly count, for a rare "yes" among many easy "no". The sigmoid
    is part of the loss: end the network with a plain ``Dense``. Target: (n, outputs) in [0, 1]; fractions mix the two. With
    several classes, each output is one class against the rest. Predictions are sigmoid(z), less extreme than the frequencies.

    Parameters
    ----------
    gamma : float, default=2.0
        How much less easy rows count, at least 0; 0: all alike, as in cross-entropy. The default is that of the paper.
    alpha : float, optional
        Weight of "yes" in (0, 1), "no" having 1 - alpha; the paper uses 0.25. None: 1 for both.

    Raises
    ------
    InvalidSettingError
        When a setting is out of range.

    Examples
    --------
    >>> Focal(alpha=0.25).head(logits=1, width=1).settings
    (2.0, 0.25, 0.75)
    """

    gamma: float = 2.0
    alpha: float | None = None

    kind: ClassVar[str] = "focal"
    rules: ClassVar[Mapping[str, Rule]] = {"gamma": number(0), "alpha": one_of(value(None), number(0, 1, "neither"))}

    def head_settings(self) -> tuple[float, ...]:
        yes, no = (1.0, 1.0) if self.alpha is None else (float(self.alpha), 1.0 - float(self.alpha))
        return (float(self.gamma), yes, no)

    def advice(self, num_columns: int, label: str) -> str:
        return "" if num_columns > 1 else "Give one column of 0 and 1 for each output."
