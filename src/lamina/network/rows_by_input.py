"""Rows given as one array, a list or a dict, by the input that they belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lamina.errors import ShapeError, phrase

__all__ = ["rows_by_input"]


def rows_by_input(names: Sequence[str], X: Any) -> dict[str, Any]:
    """Each input's name and array.

    Raises
    ------
    ShapeError
        If X does not have an array for each of the inputs ``names``.

    Examples
    --------
    >>> rows_by_input(["x"], [[1.0]]), rows_by_input(["x", "z"], [[[1.0]], [[2.0]]])
    ({'x': [[1.0]]}, {'x': [[1.0]], 'z': [[2.0]]})
    """
    if isinstance(X, Mapping):
        if set(X) != set(names):
            raise ShapeError(phrase("the keys of X", f"must be {', '.join(names)}", list(X)))
        return {name: X[name] for name in names}
    if len(names) == 1:
        return {names[0]: X}
    if not isinstance(X, list | tuple) or len(X) != len(names):
        raise ShapeError(phrase("X", f"must be a list or dict of {len(names)} arrays ({', '.join(names)})", type(X).__name__))
    return dict(zip(names, X, strict=True))
