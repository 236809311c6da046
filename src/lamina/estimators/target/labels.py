"""A target of labels: how they are encoded for a loss, and how its predictions become labels again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.utils.multiclass import unique_labels

from lamina import losses, metrics
from lamina.errors import DataError, InvalidSettingError, phrase, phrase_unknown
from lamina.estimators.given_data import classes_of
from lamina.estimators.parameters import ClassifierParameters, Parameters
from lamina.estimators.target.class_weights import ClassWeight, weigh_rows
from lamina.estimators.target.encoding import LabelEncoding
from lamina.estimators.target.target import Target
from lamina.validation import returned_number

if TYPE_CHECKING:
    from lamina.losses import Loss

__all__ = ["LabelTarget", "gives_probabilities"]

_Function = Callable[[np.ndarray, np.ndarray], float]


@dataclass(frozen=True, eq=False)
class LabelTarget(Target):
    """One label per row, or several.

    A class is chosen if its logit is the largest or, for a single column or several labels, above the loss's threshold.
    """

    encoding: LabelEncoding
    class_weight: ClassWeight = None

    @classmethod
    def of(cls, encoding: LabelEncoding, parameters: Parameters) -> Self:
        """The target for encoded labels; "log_loss" means softmax or sigmoid cross-entropy, as they need."""
        assert isinstance(parameters, ClassifierParameters)
        loss = _loss_for(encoding, parameters)
        if loss.label_codes is None:
            raise InvalidSettingError(phrase_unknown("loss", loss.kind, losses.LABEL_LOSSES, owner="MLPClassifier"))
        if loss.one_of_several and encoding.kind == "multilabel":
            rule = f"must have one label per row with the loss {loss.name}"
            came = f"{encoding.num_classes} columns of 0 and 1"
            repair = 'Give y.argmax(axis=1), or loss="log_loss" when a row may have several labels.'
            raise DataError(phrase("y", rule, came, repair=repair, owner="MLPClassifier"))
        return cls(loss, encoding, parameters.class_weight)

    @classmethod
    def learn(cls, y: Any, parameters: Parameters, known: Self | None = None) -> Self:
        if known is None:
            return cls.of(LabelEncoding.learn(y), parameters)
        known.encoding.check_kind(y)
        classes = unique_labels(y)
        if set(classes) != set(known.encoding.classes):
            raise DataError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {known.encoding.classes}, `y` has {classes}"
            )
        return cls.of(known.encoding, parameters)

    @classmethod
    def learn_part(cls, y: Any, parameters: Parameters, known: Self | None, classes: Any) -> Self:
        given = None if classes is None else classes_of(classes, "MLPClassifier.partial_fit")
        if known is None:
            if given is None:
                raise DataError("classes must be passed on the first call to partial_fit, got None.")
            known = cls.of(LabelEncoding.learn(y, given), parameters)
        elif given is not None and not np.array_equal(known.encoding.classes, given):
            was = known.encoding.classes
            raise DataError(f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {was!r}.")
        return cls.learn(y, parameters, known) if parameters.warm_start else cls.of(known.encoding, parameters)

    @classmethod
    def from_state(cls, state: Mapping[str, Any], parameters: Parameters) -> Self:
        classes = np.array(state["classes"]["values"], dtype=np.dtype(state["classes"]["dtype"]))
        return cls.of(LabelEncoding(classes, state["kind"], state["sparse_output"]), parameters)

    def state(self) -> dict[str, Any]:
        encoding = self.encoding
        classes = {"dtype": encoding.classes.dtype.str, "values": encoding.classes.tolist()}
        return {"classes": classes, "kind": encoding.kind, "sparse_output": encoding.sparse_output}

    @property
    def num_outputs(self) -> int:
        if self.loss.one_of_several:
            return max(2, self.encoding.num_classes)
        return 1 if self.encoding.kind == "binary" else self.encoding.num_classes

    def encode(self, y: Any) -> np.ndarray:
        return self.encoding.encode(y)

    def targets(self, truth: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """Codes of "no" and "yes", one column per class (a single one for two), or class indices if the loss uses them."""
        if self._takes_indices:
            return truth.astype(dtype)
        low, high = self._codes
        yes = truth == np.arange(self.num_outputs) if self.loss.one_of_several else self.encoding.indicators(truth)
        targets: np.ndarray = yes.astype(dtype)
        targets *= high - low
        targets += low
        return targets

    def truth_of(self, targets: np.ndarray) -> np.ndarray:
        """The inverse of :meth:`targets`."""
        return targets.astype(np.int64) if self._takes_indices else self.encoding.choose(targets, sum(self._codes) / 2)

    def decide(self, predicted: np.ndarray) -> np.ndarray:
        """The encoded labels for predictions."""
        return self.encoding.choose(predicted, self.loss.threshold_of_predictions(predicted.shape[1]))

    def labels(self, predicted: np.ndarray) -> np.ndarray:
        """The labels for predictions, in the same form as ``y``."""
        return self.encoding.decode(predicted, self.loss.threshold_of_predictions(predicted.shape[1]))

    def labels_by_logits(self, logits: np.ndarray) -> np.ndarray:
        """The labels for logits, without computing predictions."""
        return self.encoding.decode(logits, self.loss.threshold)

    def probabilities(self, predicted: np.ndarray) -> np.ndarray:
        """Probabilities (n, classes) from the loss's predictions; rows sum to 1 unless they may have several labels."""
        if self.encoding.kind == "multilabel" or self.loss.one_of_several:
            return predicted[:, : self.encoding.num_classes]
        if self.encoding.kind == "binary":
            return _both(predicted) if self.encoding.num_classes == 2 else np.ones_like(predicted)
        return np.asarray(predicted / predicted.sum(axis=1, keepdims=True))

    def score(self, truth: np.ndarray, predicted: np.ndarray, weight: np.ndarray | None) -> float:
        if not np.isfinite(predicted).all():
            return float("nan")
        return metrics.accuracy(truth, self.decide(predicted), weight)

    def objective(self, chosen: str | _Function) -> _Function:
        return _Objective(chosen, self)

    def row_weights(self, truth: np.ndarray, weight: np.ndarray | None) -> np.ndarray | None:
        return weigh_rows(self.class_weight, self.encoding, truth, weight)

    def strata(self, truth: np.ndarray) -> np.ndarray | None:
        # as in scikit-learn: two classes are stratified, more are not
        return truth.astype(bool) if self.encoding.kind == "binary" else None

    @property
    def _takes_indices(self) -> bool:
        return self.loss.one_of_several and self.loss.target_width(self.num_outputs) == 1

    @property
    def _codes(self) -> tuple[float, float]:
        assert self.loss.label_codes is not None
        return self.loss.label_codes


@dataclass
class _Objective:
    """A function of targets and predictions that compares labels; unlike a closure it pickles."""

    chosen: str | _Function
    target: LabelTarget

    def __call__(self, targets: np.ndarray, predictions: np.ndarray) -> float:
        truth, decided = self.target.truth_of(targets), self.target.decide(predictions)
        if isinstance(self.chosen, str):
            return metrics.LABEL_METRICS[self.chosen](truth, decided)
        encoding = self.target.encoding
        returned = self.chosen(encoding.labels_of(truth), encoding.labels_of(decided))
        return returned_number(returned, "the objective", owner="MLPClassifier")


def gives_probabilities(loss: str | Loss | Callable[..., object]) -> bool:
    """Whether a classifier with this ``loss`` predicts probabilities."""
    if loss == "log_loss":
        return True
    try:
        return losses.get_loss(loss).gives_probabilities
    except InvalidSettingError:  # fit will raise it
        return False


def _loss_for(encoding: LabelEncoding, parameters: ClassifierParameters) -> Loss:
    if parameters.loss == "log_loss":
        name = "softmax_cross_entropy" if encoding.kind == "multiclass" else "sigmoid_cross_entropy"
        return losses.get_loss(name, label_smoothing=parameters.label_smoothing)
    return losses.get_loss(parameters.loss)


def _both(p: np.ndarray) -> np.ndarray:
    """The probabilities of "no" and "yes" (n, 2), from those of "yes" (n, 1)."""
    both = np.empty((len(p), 2), dtype=p.dtype)
    both[:, 1:] = p
    np.subtract(1, p, out=both[:, :1])
    return both
