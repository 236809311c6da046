"""Cross-entropy of sigmoid probabilities: yes or no for each output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from lamina.losses.sigmoid_link import SigmoidLinkLoss
from lamina.validation import Rule, number

__all__ = ["SigmoidCrossEntropy"]


@final
@dataclass(frozen=True)
class SigmoidCrossEntropy(SigmoidLinkLoss):
    """-sum_k t_k log sigmoid(z_k) + (1 - t_k) log(1 - sigmoid(z_k)): two classes (one output), or several labels (multilabel).

    The sigmoid is part of the loss: end the network with a plain ``Dense``. Target: (n, outputs) in [0, 1]. Predictions are
    probabilities.

    Parameters
    ----------
    label_smoothing : float, default=0.0
        s in [0, 1): t becomes (1 - s) t + s / 2, as in Keras.

    Raises
    ------
    InvalidSettingError
        When ``label_smoothing`` is not in [0, 1).

    Examples
    --------
    >>> import numpy as np
    >>> SigmoidCrossEntropy().predict(np.array([[-1000.0, 0.0, 1000.0]]))
    array([[0. , 0.5, 1. ]])
    """

    label_smoothing: float = 0.0

    kind: ClassVar[str] = "sigmoid_cross_entropy"
    rules: ClassVar[Mapping[str, Rule]] = {"label_smoothing": number(0, 1, "left")}

    def head_settings(self) -> tuple[float, ...]:
        return (float(self.label_smoothing),)

    def advice(self, num_columns: int, label: str) -> str:
        if num_columns > 1:
            return ""
        return "For one class out of several, use softmax_cross_entropy; for a single yes or no, use one output unit."
