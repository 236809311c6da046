"""What a loss means to a classifier: how it wants its labels as numbers, and how its logits become labels again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import DTypeLike

from lamina import losses
from lamina.errors import DataError, InvalidSettingError, phrase, phrase_unknown
from lamina.estimators.labels import LabelEncoding

if TYPE_CHECKING:
    from lamina.losses import Loss

__all__ = ["Decision", "choose_decision", "has_probabilities"]

# head kind → (label of "no", label of "yes", threshold on the logit, out_activation_)
_CONVENTIONS: dict[str, tuple[float, float, float, str]] = {
    "sigmoid_cross_entropy": (0.0, 1.0, 0.0, "logistic"),
    "hinge": (-1.0, 1.0, 0.0, "identity"),
    "perceptron": (-1.0, 1.0, 0.0, "identity"),
    "squared_error": (0.0, 1.0, 0.5, "identity"),
    "absolute_error": (0.0, 1.0, 0.5, "identity"),
    "huber": (0.0, 1.0, 0.5, "identity"),
    "external": (0.0, 1.0, 0.0, "identity"),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """A classifier's loss with its conventions.

    ``low`` and ``high`` are the targets for "no" and "yes" in the one column a class (one column in all for two classes); with
    softmax the target is the index of the class instead. A class is chosen when its logit is the largest or, for a single
    column and for several labels, above ``threshold``.
    """

    loss: Loss
    low: float
    high: float
    threshold: float
    out_activation: str

    @property
    def threshold_of_prediction(self) -> float:
        """The threshold, after the loss's inverse link."""
        return float(self.loss.predict(np.array([[self.threshold]]))[0, 0])

    def num_outputs(self, encoding: LabelEncoding) -> int:
        """How many logits the loss needs for those classes."""
        if self.out_activation == "softmax":
            return max(2, encoding.num_classes)
        return 1 if encoding.kind == "binary" else encoding.num_classes

    def targets(self, encoding: LabelEncoding, encoded: np.ndarray, dtype: DTypeLike) -> np.ndarray:
        """Targets of shape (n, target width) for encoded labels."""
        if self.out_activation == "softmax":
            return encoded.astype(dtype)
        targets: np.ndarray = encoding.indicators(encoded).astype(dtype)
        targets *= self.high - self.low
        targets += self.low
        return targets

    def probabilities(self, encoding: LabelEncoding, p: np.ndarray) -> np.ndarray:
        """Probabilities of shape (n, classes) from what the loss predicts; rows sum to 1 unless a row may have several labels."""
        if encoding.kind == "multilabel" or self.out_activation == "softmax":
            return p[:, : encoding.num_classes]
        if encoding.kind == "binary":
            return _both(p) if encoding.num_classes == 2 else np.ones_like(p)
        return np.asarray(p / p.sum(axis=1, keepdims=True))


def _both(p: np.ndarray) -> np.ndarray:
    """The probabilities of "no" and "yes" (n, 2), from those of "yes" (n, 1)."""
    both = np.empty((len(p), 2), dtype=p.dtype)
    both[:, 1:] = p
    np.subtract(1, p, out=both[:, :1])
    return both


def has_probabilities(loss: str | Loss | Callable[..., object]) -> bool:
    """Whether predictions under the parameter ``loss`` are probabilities."""
    if isinstance(loss, str):
        return loss == "log_loss"
    if isinstance(loss, losses.CustomLoss):
        return loss.inverse_link is not None
    return isinstance(loss, losses.SoftmaxCrossEntropy | losses.SigmoidCrossEntropy)


def choose_decision(loss: str | Loss | Callable[..., object], encoding: LabelEncoding, label_smoothing: float = 0.0) -> Decision:
    """The decision for a classifier's parameter ``loss``.

    "log_loss" is softmax cross-entropy for three and more classes, and sigmoid cross-entropy for two classes or several labels.
    """
    chosen = _named(loss, encoding, label_smoothing) if isinstance(loss, str) else losses.get_loss(loss)
    if isinstance(chosen, losses.SoftmaxCrossEntropy):
        if encoding.kind == "multilabel":
            rule = "must have one label a row with softmax cross-entropy"
            came = f"{encoding.num_classes} columns of 0 and 1"
            repair = 'Give y.argmax(axis=1), or loss="log_loss" when a row may have several labels.'
            raise DataError(phrase("y", rule, came, repair=repair, owner="MLPClassifier"))
        # targets are indices of classes here, whatever they may be elsewhere
        return Decision(replace(chosen, probabilities=False), 0.0, 1.0, 0.0, "softmax")
    if chosen.kind not in _CONVENTIONS:
        # A function of the user's, whose kind is "external", never comes here.
        known = ("softmax_cross_entropy", *(kind for kind in _CONVENTIONS if kind != "external"))
        raise InvalidSettingError(phrase_unknown("loss", chosen.kind, known, owner="MLPClassifier"))
    return Decision(chosen, *_CONVENTIONS[chosen.kind])


def _named(name: str, encoding: LabelEncoding, label_smoothing: float) -> Loss:
    if name == "log_loss":
        name = "softmax_cross_entropy" if encoding.kind == "multiclass" else "sigmoid_cross_entropy"
        return losses.get_loss(name, label_smoothing=label_smoothing)
    return losses.get_loss(name)
