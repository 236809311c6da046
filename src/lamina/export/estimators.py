"""A fitted estimator as arithmetic: its network, and labels and probabilities of what that says."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np

from lamina.estimators import MLPClassifier, MLPRegressor, Perceptron
from lamina.estimators.fitted import fit_of
from lamina.estimators.target import LabelTarget
from lamina.export import arrays, ends
from lamina.export.arrays import Array, Rows, astype, constant, input_array, int64
from lamina.export.computation import Computation, Port, belongs
from lamina.export.programs import outputs_of

__all__ = [
    "Said",
    "chosen_by",
    "computation_of_estimator",
    "computation_of_perceptron",
    "less",
    "probabilities_of",
    "said_by",
    "scores_of",
]

Estimator: TypeAlias = MLPClassifier | MLPRegressor


class Said(NamedTuple):
    """What the network of an estimator says of some rows: the predictions of its loss, and the logits that mean these."""

    predicted: Array
    logits: Array


def computation_of_estimator(estimator: Estimator) -> Computation:
    """Labels and probabilities, or numbers, of an estimator's features.

    Raises
    ------
    InvalidSettingError
        If a layer, or the link of its loss, is a function of Python's own.
    """
    dtype = fit_of(estimator).trainer.executor.dtype
    features = input_array("X", dtype, (Rows(), estimator.n_features_in_))
    layers: dict[Array, str] = {}
    said = said_by(estimator, features, layers)
    outputs = _labels(estimator, said) if isinstance(estimator, MLPClassifier) else _numbers(said)
    belongs(layers, [output.array for output in outputs], "prediction")
    names = getattr(estimator, "feature_names_in_", None)
    about = {
        "features": None if names is None else list(map(str, names)),
        "classes": estimator.classes_.tolist() if isinstance(estimator, MLPClassifier) else None,
    }
    given = Port("X", features, f"{estimator.n_features_in_} features a row, in the order of training")
    return Computation(type(estimator).__name__, (given,), outputs, layers, about)


def computation_of_perceptron(perceptron: Perceptron) -> Computation:
    """Labels and scores of a perceptron, in double."""
    coef: Any = perceptron.coef_
    weights = np.asarray(coef.toarray() if hasattr(coef, "toarray") else coef)  # sparse after sparsify
    features = input_array("X", "float64", (Rows(), weights.shape[1]))
    sums = features @ constant(weights.T, "float64", name="coef") + constant(perceptron.intercept_, "float64", name="intercept")
    label = ends.labels_of(perceptron.classes_, ends.chosen(sums, 0.0))
    scores = sums[:, 0] if weights.shape[0] == 1 else sums
    outputs = Port("label", label, "the predicted class"), Port("scores", scores, "how far each row is from the decision")
    given = Port("X", features, f"{weights.shape[1]} features a row, in the order of training")
    return Computation("Perceptron", (given,), outputs, {}, {"classes": perceptron.classes_.tolist()})


def said_by(estimator: Estimator, features: Array, layers: dict[Array, str]) -> Said:
    """What the network says of features (rows, columns)."""
    fit = fit_of(estimator)
    executor, loss = fit.trainer.executor, fit.target.loss
    members = executor.program.members
    parameters, state = executor.views()
    given = astype(features, executor.dtype)
    (logits,) = outputs_of(executor.program, np.array(parameters), np.array(state), [given], layers)
    predicted = ends.predictions_of(loss, loss.link, logits, members, "output")
    return Said(predicted, ends.joint_logits(loss.link, logits, members))


def probabilities_of(estimator: MLPClassifier, predicted: Array) -> Array:
    """The probability of each class, (rows, classes), of the loss's predictions; see :meth:`LabelTarget.probabilities`."""
    target = _target(estimator)
    encoding = target.encoding
    if encoding.kind == "multilabel" or target.loss.one_of_several:
        return predicted[:, : encoding.num_classes]
    if encoding.kind == "binary":
        return ends.both(predicted) if encoding.num_classes == 2 else arrays.ones_like(predicted) + predicted * 0.0
    return predicted / arrays.sum(predicted, axis=1, keepdims=True)


def chosen_by(estimator: MLPClassifier, logits: Array) -> Array:
    """The class indices of rows, (rows,) int64; or of several labels a row, whether it has each, (rows, labels)."""
    target = _target(estimator)
    if target.encoding.kind == "multilabel":
        return astype(logits > target.loss.threshold, int64)
    return arrays.minimum(ends.chosen(logits, target.loss.threshold), target.encoding.num_classes - 1)


def scores_of(estimator: MLPClassifier, logits: Array) -> Array:
    """Logits less the loss's threshold, of a classifier without probabilities; see ``MLPClassifier.decision_function``."""
    target = _target(estimator)
    scores = less(logits, target.loss.threshold)
    if target.loss.one_of_several and target.encoding.num_classes == 2:
        return scores[:, 1] - scores[:, 0]
    return scores[:, 0] if scores.shape[1] == 1 else scores


def less(logits: Array, threshold: float) -> Array:
    """Logits less a threshold, which is mostly 0."""
    return logits - threshold if threshold else logits


def _labels(estimator: MLPClassifier, said: Said) -> tuple[Port, ...]:
    encoding = _target(estimator).encoding
    places = chosen_by(estimator, said.logits)
    is_multilabel = encoding.kind == "multilabel"
    labels = places if is_multilabel else ends.labels_of(encoding.classes, places)
    label = Port("label", labels, "1 for each label that the row has, else 0" if is_multilabel else "the predicted class")
    if hasattr(estimator, "predict_proba"):
        of_classes = probabilities_of(estimator, said.predicted)
        return label, Port("probabilities", of_classes, "the probability of each class")
    return label, Port("scores", scores_of(estimator, said.logits), "how far each row is from the decision, in logits")


def _numbers(said: Said) -> tuple[Port, ...]:
    predicted = said.predicted
    flat = predicted[:, 0] if predicted.shape[1] == 1 else predicted
    return (Port("prediction", flat, "the predicted numbers"),)


def _target(estimator: MLPClassifier) -> LabelTarget:
    target = fit_of(estimator).target
    assert isinstance(target, LabelTarget)
    return target
