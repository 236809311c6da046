"""Labels of any kind as the class indices that metrics of probabilities take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.errors import DataError, InvalidSettingError, ShapeError, phrase

__all__ = ["indices_of_classes"]

_IN_ORDER = "Give classes, in the order of the columns, such as model.classes_."


def indices_of_classes(
    labels: Any, classes: Sequence[Any] | np.ndarray | None = None, *, num_classes: int | None = None
) -> tuple[np.ndarray, list[Any]]:
    """The place of each label among the classes, and the classes.

    Parameters
    ----------
    labels : array-like of shape (n,)
        Numbers, strings or booleans.
    classes : sequence, optional
        The classes in their order. Labels are looked for by value, then as text; if some are not found, labels may all be
        indices. By default the classes are the indices from 0 to ``num_classes`` - 1 if all labels are such, or False and True
        if they are booleans, else the labels that occur, in ascending order.
    num_classes : int, optional
        How many classes there must be.

    Returns
    -------
    indices : ndarray of shape (n,)
    classes : list

    Raises
    ------
    DataError
        If a label is not among the classes, labels are of several kinds, or labels that occur are not ``num_classes``.
    InvalidSettingError
        If ``classes`` has a class twice, or is not ``num_classes`` long.
    ShapeError
        If the labels do not have shape (n,) or (n, 1).

    Examples
    --------
    >>> indices, classes = indices_of_classes(["no", "yes", "no"])
    >>> indices.tolist(), classes
    ([0, 1, 0], ['no', 'yes'])
    >>> indices_of_classes([2, 0], ["low", "middle", "high"])[0].tolist()
    [2, 0]
    """
    try:
        array = np.asarray(labels)
    except Exception:  # rows of different lengths, or an error of another library's array
        raise DataError(phrase("the labels", "must be an array or a list", type(labels).__name__)) from None
    if array.ndim not in (1, 2) or array.size != len(array):
        raise ShapeError(phrase("the labels", "must have shape (n,)", array.shape))
    distinct, which = _distinct(array.ravel())
    if classes is not None:
        known = _checked(classes, num_classes)
        return np.array(_places(distinct, known), dtype=np.int64)[which], known
    if num_classes is not None and _are_indices(distinct, num_classes):
        known = [False, True] if array.dtype.kind == "b" and num_classes == 2 else list(range(num_classes))
        return np.array(distinct, dtype=np.int64)[which], known
    if num_classes is not None and len(distinct) != num_classes:
        rule = f"must be {num_classes} classes, or indices from 0 to {num_classes - 1}"
        raise DataError(phrase("the labels", rule, distinct, repair=_IN_ORDER))
    return which, distinct


def _distinct(array: np.ndarray) -> tuple[list[Any], np.ndarray]:
    """The labels that occur, in ascending order, and the place of each row's among them."""
    try:
        distinct, which = np.unique(array, return_inverse=True)
    except TypeError:
        kinds = sorted({type(label).__name__ for label in array.tolist()})
        raise DataError(phrase("the labels", "must be of one kind", kinds, repair="Leave out rows without a label.")) from None
    return distinct.tolist(), which.reshape(-1)


def _checked(classes: Any, num_classes: int | None) -> list[Any]:
    try:
        known = np.asarray(classes).tolist() if hasattr(classes, "dtype") else list(classes)
        different = not isinstance(classes, str | bytes) and 0 < len(set(known)) == len(known)
    except TypeError:  # no sequence, or not of things that can be compared
        known, different = classes, False
    if not different:
        raise InvalidSettingError(phrase("classes", "must be a sequence of different classes", known))
    if num_classes is not None and len(known) != num_classes:
        raise InvalidSettingError(phrase("classes", f"must be {num_classes} classes, one per column", known))
    return known


def _places(labels: list[Any], classes: list[Any]) -> list[int]:
    by_value, by_text = ({form(name): i for i, name in enumerate(classes)} for form in (lambda name: name, str))
    if all(label in by_value for label in labels):
        return [by_value[label] for label in labels]
    if len(by_text) == len(classes) and all(str(label) in by_text for label in labels):
        return [by_text[str(label)] for label in labels]
    if _are_indices(labels, len(classes)):
        return [int(label) for label in labels]
    strangers = [label for label in labels if label not in by_value]
    raise DataError(phrase("the labels", f"must be among the classes {classes}, or indices of them", strangers[0]))


def _are_indices(labels: list[Any], num_classes: int) -> bool:
    return all(isinstance(label, int | float) and 0 <= label < num_classes and label == int(label) for label in labels)
