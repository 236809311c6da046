"""From logits to predictions, probabilities and labels, as :mod:`lamina.losses` and the estimators have it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from lamina.engine.formulas.activation import FORMULAS
from lamina.engine.formulas.links import log_sum_exp, sigmoid, softmax
from lamina.errors import InvalidSettingError, phrase
from lamina.export import arrays
from lamina.export.arrays import Array, argmax, astype, concat, constant, float64, int64, log, take
from lamina.losses import GaussianNLL, Loss

__all__ = ["both", "chosen", "joint_logits", "labels_of", "predictions_of"]


def predictions_of(loss: Loss | None, link: str | None, logits: Array, members: int, output: str) -> Array:
    """What an output predicts, (rows, columns): the mean over members.

    Raises
    ------
    InvalidSettingError
        If the link is a function of Python's.
    """
    of_member = _by_member(logits, members)
    if link is not None:
        predicted = FORMULAS[link].value(of_member)
    elif isinstance(loss, GaussianNLL):  # whose means come before its variances
        predicted = of_member[..., : loss.prediction_width(_width(of_member))]
    else:
        rule = "must have a name to be exported"
        repair = "Train with CustomLoss(…, inverse_link=<name of an activation>)."
        raise InvalidSettingError(phrase(f"the inverse link of {output!r}", rule, "a function", repair=repair))
    return predicted if members == 1 else arrays.mean(predicted, axis=1)


def joint_logits(link: str | None, logits: Array, members: int) -> Array:
    """The logits whose link is the mean prediction, (rows, width); see :func:`lamina.losses.members.joint_logits`."""
    if members == 1:
        return logits
    z = astype(_by_member(logits, members), float64)
    joint = _JOINT[link](z) if link in _JOINT else arrays.mean(z, axis=1)
    return astype(joint, logits.dtype)


def chosen(scores: Array, threshold: float) -> Array:
    """The class of each row, (rows,) int64: that of the largest score, or of a single one whether it is above the threshold."""
    if _width(scores) == 1:
        return astype(scores[:, 0] > threshold, int64)
    return argmax(scores, axis=1)


def labels_of(classes: np.ndarray, places: Array) -> Array:
    """The labels of class indices: texts, whole numbers, numbers or truth values."""
    dtype = {"i": "int64", "u": "int64", "f": "float64", "b": "bool"}.get(classes.dtype.kind)
    texts = classes.astype(str).astype(object) if dtype is None else classes
    return take(constant(texts, dtype, name="classes"), places)


def both(p: Array) -> Array:
    """The probabilities of "no" and "yes", (rows, 2), of those of "yes"."""
    return concat([1.0 - p, p], axis=1)


def _by_member(logits: Array, members: int) -> Array:
    """(rows, members, width), or (rows, width) of one member."""
    if members == 1:
        return logits
    return arrays.reshape(logits, (logits.shape[0], members, _width(logits) // members))


def _width(x: Array) -> int:
    width = x.shape[-1]
    assert isinstance(width, int)
    return width


def _of_softmax(z: Array) -> Array:
    return log(arrays.mean(softmax(z), axis=1))


def _of_sigmoid(z: Array) -> Array:
    return log(arrays.mean(sigmoid(z), axis=1)) - log(arrays.mean(sigmoid(-z), axis=1))


def _of_exp(z: Array) -> Array:
    logarithms = arrays.permute_dims(z, (0, 2, 1))
    joint: Array = log_sum_exp(logarithms)[..., 0] - float(np.log(_width(logarithms)))
    return joint


_JOINT: Mapping[str | None, Callable[[Array], Array]] = MappingProxyType(
    {"softmax": _of_softmax, "sigmoid": _of_sigmoid, "exp": _of_exp}
)
