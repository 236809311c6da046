"""What users give to plots: one thing, or a dict of things by the names that the legend shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import numpy as np

from lamina.descent import Descent
from lamina.errors import DataError, DataTypeError, InvalidSettingError, ShapeError, phrase

__all__ = ["by_name", "check_above_zero", "descents_by_name", "is_a", "rows_in_the_plane"]

_T = TypeVar("_T")

_MINIMIZE = "Give what lamina.minimize returns, or a dict of such by name."


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


def is_a(kind: type[_T], what: str, *, owner: str, repair: str = "") -> Callable[[Any], _T]:
    """A reader for :func:`by_name` that takes objects of one class only.

    Raises
    ------
    DataTypeError
        By the reader, if it is something else.

    Examples
    --------
    >>> by_name({"a": 1}, is_a(int, "numbers", owner="example"), what="numbers", owner="example")
    {'a': 1}
    """

    def read(given: Any) -> _T:
        if not isinstance(given, kind):
            raise DataTypeError(phrase(what, f"must be {kind.__name__}", given, repair=repair, owner=owner))
        return given

    return read


def descents_by_name(given: Any, *, owner: str) -> dict[str, Descent]:
    """One descent, which has no name, or several by name.

    Raises
    ------
    DataTypeError
        If something is no Descent; InvalidSettingError if the dict is empty.
    """
    return by_name(given, is_a(Descent, "descents", owner=owner, repair=_MINIMIZE), what="descents", owner=owner)


def check_above_zero(values: Iterable[float], what: str, *, owner: str) -> None:
    """Refuse numbers that have no place on a logarithmic axis.

    Raises
    ------
    DataError
        If one is 0 or less.
    """
    for value in values:
        if value <= 0:
            raise DataError(phrase(what, "must be above 0 on a logarithmic axis", value, repair="Use log=False.", owner=owner))


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
