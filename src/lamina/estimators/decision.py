"""What a loss means to a classifier: how it wants its labels as numbers, and how its logits become labels again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import DTypeLike

from lamina import losses
from lamina.errors import DataError, InvalidSettingError, phrase, phrase_unknown
from lamina.estimators.labels import LabelEncoding

if TYPE_CHECKING:
    from lamina.losses import Loss

__all__ = ["Decision", "choose_decision", "has_probabilities"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a classifier's loss means for its classes.

    A class is chosen when its logit is the largest or, for a single column and for several labels, above the loss's threshold.
    """

    loss: Loss

    @property
    def out_activation(self) -> str:
        """What turns logits into predictions, as scikit-learn calls it."""
        return "logistic" if self.loss.link == "sigmoid" else self.loss.link or "function"

    def choose(self, encoding: LabelEncoding, predicted: np.ndarray) -> np.ndarray:
        """The encoded labels that predictions speak for."""
        return encoding.choose(predicted, self.loss.threshold_of_predictions(predicted.shape[1]))

    def num_outputs(self, encoding: LabelEncoding) -> int:
        """How many logits the loss needs for those classes."""
        if self.loss.one_of_several:
            return max(2, encoding.num_classes)
        return 1 if encoding.kind == "binary" else encoding.num_classes

    def targets(self, encoding: LabelEncoding, encoded: np.ndarray, dtype: DTypeLike) -> np.ndarray:
        """Targets of shape (n, target width) for encoded labels."""
        assert self.loss.label_codes is not None
        width = self.num_outputs(encoding)
        if self.loss.one_of_several and self.loss.target_width(width) == 1:
            return encoded.astype(dtype)
        low, high = self.loss.label_codes
        yes = encoded == np.arange(width) if self.loss.one_of_several else encoding.indicators(encoded)
        targets: np.ndarray = yes.astype(dtype)
        targets *= high - low
        targets += low
        return targets

    def labels_of(self, encoding: LabelEncoding, targets: np.ndarray) -> np.ndarray:
        """The encoded labels of which :meth:`targets` made ``targets``."""
        assert self.loss.label_codes is not None
        if self.loss.one_of_several and targets.shape[1] == 1:
            return targets.astype(np.int64)
        return encoding.choose(targets, float(np.mean(self.loss.label_codes)))

    def probabilities(self, encoding: LabelEncoding, p: np.ndarray) -> np.ndarray:
        """Probabilities of shape (n, classes) from what the loss predicts; rows sum to 1 unless a row may have several labels."""
        if encoding.kind == "multilabel" or self.loss.one_of_several:
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
    if loss == "log_loss":
        return True
    try:
        return losses.get_loss(loss).gives_probabilities
    except InvalidSettingError:  # fit says what is wrong with it
        return False


def choose_decision(loss: str | Loss | Callable[..., object], encoding: LabelEncoding, label_smoothing: float = 0.0) -> Decision:
    """The decision for a classifier's parameter ``loss``.

    "log_loss" is softmax cross-entropy for three and more classes, and sigmoid cross-entropy for two classes or several labels.
    """
    chosen = _named(loss, encoding, label_smoothing) if isinstance(loss, str) else losses.get_loss(loss)
    if chosen.label_codes is None:
        raise InvalidSettingError(phrase_unknown("loss", chosen.kind, losses.LABEL_LOSSES, owner="MLPClassifier"))
    if chosen.one_of_several and encoding.kind == "multilabel":
        rule = "must have one label a row with softmax cross-entropy"
        came = f"{encoding.num_classes} columns of 0 and 1"
        repair = 'Give y.argmax(axis=1), or loss="log_loss" when a row may have several labels.'
        raise DataError(phrase("y", rule, came, repair=repair, owner="MLPClassifier"))
    return Decision(chosen)


def _named(name: str, encoding: LabelEncoding, label_smoothing: float) -> Loss:
    if name == "log_loss":
        name = "softmax_cross_entropy" if encoding.kind == "multiclass" else "sigmoid_cross_entropy"
        return losses.get_loss(name, label_smoothing=label_smoothing)
    return losses.get_loss(name)
