"""Weights of classes as weights of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.errors import DataError, InvalidSettingError, phrase
from lamina.validation import Rule, choice, number, one_of, value

if TYPE_CHECKING:
    from lamina.losses import Loss

__all__ = ["CLASS_WEIGHT", "balanced_weights", "with_class_weights"]

_WEIGHT = number(0)
CLASS_WEIGHT = one_of(
    value(None),
    choice(("balanced",)),
    Rule(
        "a dict from classes, as y has them, to weights >= 0",
        lambda given: isinstance(given, Mapping) and all(_WEIGHT.accepts(weight) for weight in given.values()),
    ),
)


def balanced_weights(counts: np.ndarray) -> np.ndarray:
    """The weights by which each class that has rows counts as much, of the classes' numbers of rows (King & Zeng 2001).

    >>> balanced_weights(np.array([1, 3, 0])).round(3).tolist()
    [2.0, 0.667, 2.0]
    """
    return np.asarray(counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1)))


def with_class_weights(
    class_weight: str | Mapping[Any, float],
    targets: Sequence[np.ndarray],
    losses: Sequence[Loss],
    sample_weight: np.ndarray | None,
) -> np.ndarray:
    """Each row's weight times that of its class.

    Parameters
    ----------
    class_weight : "balanced" or dict
        A class that the dict does not name has weight 1.
    targets : sequence of ndarray of shape (n, 1)
        The targets of all outputs, checked.
    losses : sequence of Loss
    sample_weight : ndarray of shape (n,) or None

    Returns
    -------
    ndarray of shape (n,)
        float64.

    Raises
    ------
    InvalidSettingError
        If there are several outputs, a row has several targets, the loss learns no labels, or the dict names a class that no row
        has.
    DataError
        If every row has weight 0.
    """
    repair = "Give sample_weight instead: one number for each row."
    if len(losses) > 1:
        came = f"{len(losses)} outputs"
        raise InvalidSettingError(
            phrase("class_weight", "must be None with several outputs", came, repair=repair, owner="Trainer.fit")
        )
    (loss,), (target,) = losses, targets
    if loss.label_codes is None or target.shape[1] > 1:
        rule = "must be None unless y has one class for each row"
        came = f"the loss {loss.name} and {target.shape[1]} columns"
        raise InvalidSettingError(phrase("class_weight", rule, came, repair=repair, owner="Trainer.fit"))
    classes, places, counts = np.unique(target[:, 0], return_inverse=True, return_counts=True)
    if isinstance(class_weight, Mapping):
        known = classes.tolist()
        for label in class_weight:
            if label not in known:
                rule = f"must name classes that y has, {', '.join(f'{each:g}' for each in known[:10])}"
                raise InvalidSettingError(phrase("class_weight", rule, label, owner="Trainer.fit"))
        weights = np.array([class_weight.get(label, 1.0) for label in known], dtype=np.float64)
    else:
        weights = balanced_weights(counts)
    weighed = weights[places] * (1.0 if sample_weight is None else sample_weight)
    if not weighed.any():
        rule = "must leave a row with a weight above 0"
        raise DataError(phrase("class_weight", rule, class_weight, owner="Trainer.fit"))
    return np.asarray(weighed, dtype=np.float64)
