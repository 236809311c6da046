"""Checks for every table, whatever its source."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.errors import DataError

__all__ = ["check_column_names"]


def check_column_names(owner: str, names: Sequence[object]) -> None:
    """Raise :class:`~lamina.errors.DataError` if a column name occurs twice or is not text.

    >>> check_column_names("people.csv", ["name", "age", "name"])
    Traceback (most recent call last):
    lamina.errors.DataError: people.csv: column names must be unique, got 'name' as columns 1 and 3. Rename all but one.
    """
    positions: dict[object, list[str]] = {}
    for i, name in enumerate(names):
        if not isinstance(name, str):
            raise DataError(f"{owner}: column names must be text, got {name!r} as column {i + 1}. Rename it.")
        positions.setdefault(name, []).append(str(i + 1))
    for name, found in positions.items():
        if len(found) > 1:
            raise DataError(
                f"{owner}: column names must be unique, got {name!r} as columns {' and '.join(found)}. Rename all but one."
            )
