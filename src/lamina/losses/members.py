"""What the logits of an ensemble's members, (n, members * width), say together.

With one member, logits are as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from lamina.engine.executor import Executor
    from lamina.engine.plan import InputArray

__all__ = ["joint_logits", "mean_prediction", "of_each_member", "predictions_of", "rows_of_members"]

_Map: TypeAlias = Callable[[np.ndarray], np.ndarray]


def rows_of_members(logits: np.ndarray, members: int) -> np.ndarray:
    """A row for each row and member, (n * members, width)."""
    return logits.reshape(len(logits) * members, logits.shape[1] // members)


def of_each_member(predict: _Map, logits: np.ndarray, members: int) -> np.ndarray:
    """The members' predictions, (members, n, columns), or (members, n) of a function that makes vectors.

    >>> of_each_member(np.exp, np.array([[0.0, 1.0], [2.0, 3.0]]), 2).round(1).tolist()
    [[[1.0], [7.4]], [[2.7], [20.1]]]
    """
    predicted = predict(rows_of_members(logits, members))
    return np.moveaxis(predicted.reshape(len(logits), members, *predicted.shape[1:]), 1, 0)


def mean_prediction(predict: _Map, logits: np.ndarray, members: int) -> np.ndarray:
    """The mean of the members' predictions, (n, columns)."""
    return predict(logits) if members == 1 else np.asarray(of_each_member(predict, logits, members).mean(axis=0))


def predictions_of(
    executor: Executor, inputs: Sequence[InputArray], ends: Sequence[tuple[str | None, _Map]], *, mixed: bool = False
) -> list[np.ndarray]:
    """The predictions of each output.

    Parameters
    ----------
    executor : Executor
    inputs : sequence of arrays
    ends : sequence of (str or None, callable)
        For each output the link, if it is one that the engine knows, and the function from logits to predictions.
    mixed : bool, default=False
        In mixed precision.
    """
    outputs = executor.predict(inputs, [link or "identity" for link, _ in ends], mixed=mixed)
    if all(link for link, _ in ends):
        return outputs
    members = executor.program.members
    logits = outputs if members == 1 else executor.predict(inputs, mixed=mixed)
    triples = zip(ends, outputs, logits, strict=True)
    return [out if link else mean_prediction(predict, z, members) for (link, predict), out, z in triples]


def joint_logits(link: str | None, logits: np.ndarray, members: int) -> np.ndarray:
    """The logits (n, width) whose link is the mean prediction; the members' mean for links other than softmax, sigmoid and exp.

    >>> joint_logits("exp", np.log([[1.0, 3.0]]), 2).round(6) == np.log(2.0).round(6)
    array([[ True]])
    """
    if members == 1:
        return logits
    z = logits.reshape(len(logits), members, logits.shape[1] // members)
    with np.errstate(all="ignore"):  # of logits that ran away; the loss tells of them
        joint = _JOINT[link](z) if link in _JOINT else z.mean(axis=1)
    return joint.astype(logits.dtype, copy=False)


def _log_of_mean(logarithms: np.ndarray) -> np.ndarray:
    """log of the mean over members of numbers whose logarithms are given, without overflow."""
    return np.asarray(np.logaddexp.reduce(logarithms, axis=1) - math.log(logarithms.shape[1]))


def _of_softmax(z: np.ndarray) -> np.ndarray:
    return _log_of_mean(z - np.logaddexp.reduce(z, axis=2, keepdims=True))


def _of_sigmoid(z: np.ndarray) -> np.ndarray:
    yes, no = _log_of_mean(-np.logaddexp(0.0, -z)), _log_of_mean(-np.logaddexp(0.0, z))
    return np.asarray(yes - no)


_JOINT: Mapping[str | None, _Map] = MappingProxyType({"softmax": _of_softmax, "sigmoid": _of_sigmoid, "exp": _log_of_mean})
