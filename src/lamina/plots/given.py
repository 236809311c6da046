"""What users give to plots: one thing, or a dict of things by the names that the legend shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np

from lamina.errors import DataError, InvalidSettingError, ShapeError, phrase

__all__ = ["by_name", "rows_in_the_plane"]

_T = TypeVar("_T")


def by_name(given: Any, read: Callable[[Any], _T], *, what: str, owner: str) -> dict[str, _T]:
    """Each thing by its name, as ``read`` turns it; a single thing has no name, the empty string.

    Raises
    ------
    InvalidSettingError
        If the dict is empty.

    Examples
    --------
    >>> by_name({"a": "1", 2: "2"}, int, what="numbers", owner="example"), by_name("3", int, what="numbers", owner="example")
    ({'a': 1, '2': 2}, {'': 3})
    """
    if not isinstance(given, Mapping):
        return {"": read(given)}
    if not given:
        raise InvalidSettingError(phrase(what, "must be one or more", given, owner=owner))
    return {str(name): read(each) for name, each in given.items()}


def rows_in_the_plane(X: Any, *, owner: str) -> np.ndarray:
    """The rows as finite float64, (n, 2).

    Raises
    ------
    DataError
        If they are not finite numbers.
    ShapeError
        If they have another shape, or there are none.

    Examples
    --------
    >>> rows_in_the_plane([[0, 1]], owner="example")
    array([[0., 1.]])
    """
    try:
        rows = np.asarray(X.toarray() if hasattr(X, "toarray") else X, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(phrase("X", "must be real numbers", type(X).__name__, owner=owner)) from None
    if rows.ndim != 2 or rows.shape[1] != 2 or not len(rows):
        repair = "A picture has two axes: train on two features, or draw something else."
        raise ShapeError(phrase("X", "must have shape (n, 2)", rows.shape, repair=repair, owner=owner))
    if not (known := np.isfinite(rows)).all():
        raise DataError(phrase("X", "must be finite", float(rows[~known][0]), repair="Leave these rows out.", owner=owner))
    return rows
