"""What a classifier says of points in the plane: a probability for two classes, or a score for each class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.errors import DataError, phrase
from lamina.losses import Loss
from lamina.training import Trainer

__all__ = ["Judgement", "judgement_of"]

_PROBABILITIES = ("sigmoid", "softmax")  # links that give them


@dataclass(frozen=True, eq=False, slots=True)
class Judgement:
    """Scores of points for each class, of which the largest wins; or the probability of the second of two.

    Attributes
    ----------
    scores : ndarray of shape (n, classes)
    probability : ndarray of shape (n,), optional
    threshold : float, default=0.5
        The probability from which on the second class is predicted.
    classes : list, optional
        The labels, if the model knows them.
    """

    scores: np.ndarray
    probability: np.ndarray | None = None
    threshold: float = 0.5
    classes: list[Any] | None = None

    @property
    def num_classes(self) -> int:
        """The number of classes."""
        return int(self.scores.shape[1])

    def lead(self, label: int) -> np.ndarray:
        """By how much the score of a class is above the best of the others, ndarray of shape (n,)."""
        return np.asarray(self.scores[:, label] - np.delete(self.scores, label, axis=1).max(axis=1))


def judgement_of(model: Any, points: np.ndarray, like: Any, *, owner: str) -> Judgement:
    """What the model says of points (n, 2), given in the form of ``like``: an array, or a data frame with its columns.

    Raises
    ------
    DataError
        If the model is not fitted, or does not decide for one class of two or more.
    """
    if isinstance(model, Trainer):
        (loss, *others), link = model.losses, model.losses[0].link
        return _of_network(model, points, loss, link, bool(others), owner)
    if hasattr(model, "predict_logits"):
        (output, *others) = model.outputs
        return _of_network(model, points, output.loss, output.link, bool(others), owner)
    target = getattr(model, "target", None)  # of a model of a table
    classes = list(getattr(target, "classes", ())) if target is not None else getattr(model, "classes_", None)
    if classes is None or len(classes) < 2:
        repair = "Call fit first." if hasattr(model, "fit") and not hasattr(model, "n_features_in_") else ""
        raise DataError(phrase("the model", "must be a fitted classifier", model, repair=repair, owner=owner))
    return _of_classifier(model, _in_the_form_of(like, points), list(classes), owner)


def _of_network(model: Any, points: np.ndarray, loss: Loss | None, link: str | None, has_others: bool, owner: str) -> Judgement:
    if has_others:
        raise DataError(phrase("the network", "must have one output", model.network.output_names, owner=owner))
    predicted = np.asarray(model.predict(points), dtype=np.float64)
    width = predicted.shape[1]
    is_probability = link in _PROBABILITIES
    decides = is_probability or (loss is not None and loss.label_codes is not None)
    if not decides or (width > 1 and link != "softmax" and not (loss is not None and loss.one_of_several)):
        rule = "must decide for one class: one output unit, or a loss of one class out of several"
        name = "a custom loss" if loss is None else loss
        raise DataError(phrase("the network", rule, f"{width} output units with {name}", owner=owner))
    if width > 1:
        return Judgement(predicted, predicted[:, 1] if is_probability and width == 2 else None)
    threshold = 0.5 if loss is None else float(loss.threshold_of_predictions(1)[0])
    return _of_second(predicted[:, 0], threshold, is_probability=is_probability)


def _of_classifier(model: Any, rows: Any, classes: list[Any], owner: str) -> Judgement:
    known = [str(name) if isinstance(name, np.str_) else name for name in classes]
    method = next((name for name in ("predict_proba", "decision_function") if hasattr(model, name)), None)
    found = np.asarray(model.predict(rows) if method is None else getattr(model, method)(rows))
    if method is None:
        scores = np.stack([found == name for name in classes], axis=-1).astype(np.float64)
        judged = Judgement(scores)
    elif found.ndim == 1 or found.shape[1] == 1:
        judged = _of_second(found.reshape(-1), 0.0, is_probability=False)
    else:
        threshold = getattr(getattr(model, "model_", model), "threshold", None)
        of_two = found.shape[1] == 2 and method == "predict_proba"
        judged = Judgement(found, found[:, 1] if of_two else None, 0.5 if threshold is None else threshold)
    if judged.scores.ndim != 2 or judged.num_classes != len(classes):
        raise DataError(phrase("the model", "must decide for one class", f"{judged.scores.shape} scores", owner=owner))
    return Judgement(judged.scores, judged.probability, judged.threshold, known)


def _of_second(values: np.ndarray, threshold: float, *, is_probability: bool) -> Judgement:
    """From numbers that are above a threshold where the second of two classes is predicted."""
    scores = np.stack([threshold - values, values - threshold], axis=-1)
    return Judgement(scores, values if is_probability else None, threshold)


def _in_the_form_of(like: Any, points: np.ndarray) -> Any:
    columns = getattr(like, "columns", None)
    if columns is None or not hasattr(like, "shape"):
        return points
    return type(like)(dict(zip(columns, points.T, strict=True)))
