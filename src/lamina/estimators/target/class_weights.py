"""Converts class weights to row weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lamina.errors import InvalidSettingError, nearest, phrase
from lamina.estimators.target.encoding import LabelEncoding
from lamina.training.class_weights import balanced_weights
from lamina.validation import number

__all__ = ["weigh_rows", "weights_of_classes"]

ClassWeight = str | Mapping[Any, float] | Sequence[Mapping[int, float]] | None


def weigh_rows(
    class_weight: ClassWeight, encoding: LabelEncoding, encoded: np.ndarray, sample_weight: np.ndarray | None
) -> np.ndarray | None:
    """Each row's sample weight times the weight of its class.

    ``encoded`` are the encoded labels (n, k). If a row has several labels, its weight is the product of theirs, as in
    scikit-learn. A class that a dict does not name has weight 1.

    Raises
    ------
    InvalidSettingError
        If a dict names an unknown class, a weight is negative, or there is not one dict per label.
    """
    if class_weight is None:
        return sample_weight
    multilabel = encoding.kind == "multilabel"
    num_columns = encoding.num_classes if multilabel else 1
    given = [class_weight] * num_columns if isinstance(class_weight, str | Mapping) else list(class_weight)
    if len(given) != num_columns or (multilabel and isinstance(class_weight, Mapping)):
        repair = "Give one dict for a single label, and a list with one dict per label for several."
        raise InvalidSettingError(phrase("class_weight", f"must fit {num_columns} label(s) per row", class_weight, repair=repair))
    labels = np.array([0, 1]) if multilabel else encoding.classes
    weight = np.ones(len(encoded)) if sample_weight is None else sample_weight.astype(np.float64)
    for column, of_column in zip(encoded.T, given, strict=True):
        weight = weight * weights_of_classes(of_column, labels, column)[column]
    return weight


def weights_of_classes(class_weight: str | Mapping[Any, float], labels: np.ndarray, encoded: np.ndarray) -> np.ndarray:
    """One weight for each of the ``labels``; ``encoded`` (n,) are the indices of the rows' labels among them."""
    if isinstance(class_weight, str):
        return balanced_weights(np.bincount(encoded, minlength=len(labels)))
    known = labels.tolist()
    for label, weight in class_weight.items():
        if label not in known:
            guess = nearest(str(label), map(str, known))
            repair = f"Did you mean {guess}?" if guess else ""
            raise InvalidSettingError(phrase("class_weight", f"must name classes among {known}", label, repair=repair))
        if not number(0).accepts(weight):
            raise InvalidSettingError(phrase("class_weight", "must hold weights >= 0", weight))
    return np.array([class_weight.get(label, 1.0) for label in known])
