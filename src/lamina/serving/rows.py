"""The rows of a request: one, or a list of them."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from lamina.errors import phrase, shown
from lamina.serving.refused import RefusedError

__all__ = ["GivenRows", "check_cell", "given_rows", "is_text", "of_row"]

_CELLS = frozenset({str, int, float, bool, type(None)})
_EXAMPLE = "Send an object of values by column, a list of values, or a list of such rows."


class GivenRows(NamedTuple):
    """Rows as they came, each a dict of values by name or a list of values, and whether it is one by itself."""

    rows: list[dict[str, Any] | list[Any]]
    is_one: bool

    def number(self, place: int) -> int | None:
        """The number of a row, from 1, for messages; None of one by itself."""
        return None if self.is_one else place + 1


def given_rows(found: Any, max_rows: int) -> GivenRows:
    """The rows that a body holds: an object is one row, and so is a list of values; a list of objects or lists is a batch.

    Raises
    ------
    RefusedError
        If it is neither, there are none or too many, or kinds are mixed.

    Examples
    --------
    >>> given_rows([1.5, 2.5], 10).is_one, given_rows([[1.5, 2.5]], 10).is_one
    (True, False)
    """
    if isinstance(found, dict):
        return GivenRows([found], True)
    if not isinstance(found, list):
        raise RefusedError(422, phrase("the body", "must be a row or a list of rows", found, repair=_EXAMPLE))
    if not found:
        raise RefusedError(422, f"the body must hold at least one row, got an empty list. {_EXAMPLE}")
    are_rows = [isinstance(row, dict | list) for row in found]
    if not any(are_rows):
        return GivenRows([found], True)
    if not all(are_rows):
        odd = are_rows.index(not are_rows[0])
        rule = "must all be objects or lists" if are_rows[0] else "must all be values"
        raise RefusedError(
            422, f"the entries of the body {rule}, as the first is, got {shown(found[odd])} as number {odd + 1}. {_EXAMPLE}"
        )
    if len(found) > max_rows:
        raise RefusedError(
            413, f"a request must have at most {max_rows:,} rows, got {len(found):,}. Send them in several requests."
        )
    return GivenRows(found, False)


def check_cell(value: Any, column: str, number: int | None) -> None:
    """Refuse what no cell can hold.

    Raises
    ------
    RefusedError
        For a list or an object, for numbers that are not finite, and for text with half of a surrogate pair.
    """
    kind = type(value)
    if kind in _CELLS and (kind is not float or math.isfinite(value)) and (kind is not str or is_text(value)):
        return
    if isinstance(value, str):
        rule, repair = "must hold text that is Unicode, without half of a surrogate pair", "Send the whole character."
    elif isinstance(value, float):
        rule, repair = "must hold finite numbers", "Send null for a missing value."
    else:
        rule, repair = "must hold a text, a number, true, false or null", "Send one value for each column."
    raise RefusedError(422, f"column {column!r} {rule}, got {shown(value)}{of_row(number)}. {repair}", column=column, row=number)


def is_text(given: str) -> bool:
    """Whether all characters are whole: half of a surrogate pair is none, and no text can be written with it.

    >>> is_text("text"), is_text(chr(0xD800))
    (True, False)
    """
    try:
        given.encode()
    except UnicodeEncodeError:
        return False
    return True


def of_row(number: int | None) -> str:
    """Which row it is, for messages.

    >>> of_row(3), of_row(None)
    (' (row 3)', '')
    """
    return "" if number is None else f" (row {number})"
