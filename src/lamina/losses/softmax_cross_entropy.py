"""Cross-entropy of softmax probabilities: one class out of several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from lamina.losses.domain import PROBABILITIES, Domain, class_indices
from lamina.losses.loss import Loss
from lamina.validation import Rule, boolean, number

__all__ = ["SoftmaxCrossEntropy"]


@final
@dataclass(frozen=True)
class SoftmaxCrossEntropy(Loss):
    """-sum_k p_k log softmax(z)_k, p being the target's distribution over the k classes (Bridle 1990).

    The softmax is part of the loss: end the network with a plain ``Dense(k)``. Predictions are probabilities.

    Parameters
    ----------
    label_smoothing : float, default=0.0
        s in [0, 1): p becomes (1 - s) p + s / k (Szegedy et al. 2016, section 7).
    probabilities : bool, default=False
        Whether targets are distributions (n, k) instead of class indices (n, 1).

    Raises
    ------
    InvalidSettingError
        When a setting is out of range.
    ShapeError
        When the network has one output: softmax over one class is always 1; use ``SigmoidCrossEntropy``.

    Examples
    --------
    >>> import numpy as np
    >>> SoftmaxCrossEntropy().predict(np.zeros((1, 4)))
    array([[0.25, 0.25, 0.25, 0.25]])
    """

    label_smoothing: float = 0.0
    probabilities: bool = False

    kind: ClassVar[str] = "softmax_cross_entropy"
    link: ClassVar[str | None] = "softmax"
    rules: ClassVar[Mapping[str, Rule]] = {"label_smoothing": number(0, 1, "left"), "probabilities": boolean()}
    one_of_several: ClassVar[bool] = True
    label_codes: ClassVar[tuple[float, float] | None] = (0.0, 1.0)
    contained_links: ClassVar[tuple[str, ...]] = ("softmax", "sigmoid")
    min_width: ClassVar[int] = 2

    def head_settings(self) -> tuple[float, ...]:
        return (float(self.label_smoothing),)

    def target_width(self, width: int) -> int:
        return width if self.probabilities else 1

    def domain(self, width: int) -> Domain:
        return PROBABILITIES if self.probabilities else class_indices(width)

    def advice(self, num_columns: int, label: str) -> str:
        if not self.probabilities:
            return f"With one column per class, pass {label}.argmax(axis=1), or use SoftmaxCrossEntropy(probabilities=True)."
        return "For class indices, use SoftmaxCrossEntropy()." if num_columns == 1 else ""

    def predict(self, logits: np.ndarray) -> np.ndarray:
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))
