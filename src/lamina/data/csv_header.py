"""Parsing of a text table's header: column names, delimiter and end."""

from __future__ import annotations

import re
from typing import NamedTuple

from lamina.errors import DataError, InvalidSettingError

__all__ = ["Header", "read_header"]

_DELIMITERS = ",;\t|"


class Header(NamedTuple):
    """Column names, the delimiter between them, and where the first row begins."""

    names: list[str]
    delimiter: str
    end: int


def read_header(owner: str, text: str, delimiter: str | None) -> Header:
    r"""Read the column names from the first record of a text; quoted names may hold delimiters, line breaks and doubled quotes.

    Raises
    ------
    DataError
        If the first line is blank or a quote is never closed.
    InvalidSettingError
        If ``delimiter`` is not a single ASCII character, or is a quote or a line break.

    Examples
    --------
    >>> read_header("example", 'size;"color, or\r\nshade"\r\n1;red', None)
    Header(names=['size', 'color, or\r\nshade'], delimiter=';', end=25)
    """
    _check_delimiter(delimiter)
    end, outside = _first_record(owner, text, delimiter or _DELIMITERS)
    record = text[:end]
    if not record.strip():
        raise DataError(f"{owner}: the first line must hold the column names, got a blank line. Remove it.")
    if delimiter is None:
        delimiter = max(_DELIMITERS, key=outside.count)
    names = [name.strip() or f"unnamed_{i + 1}" for i, name in enumerate(_fields(record, delimiter))]
    return Header(names, delimiter, end + len(_LINE_END.match(text, end)[0]))  # type: ignore[index]


_LINE_END = re.compile(r"\r\n|\r|\n|\Z")
_MARK = re.compile('["\r\n]')


def _check_delimiter(delimiter: str | None) -> None:
    if delimiter is None:
        return
    if not isinstance(delimiter, str) or len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n\0':
        rule = "must be one ASCII character other than a quote or a line break"
        raise InvalidSettingError(f"delimiter {rule}, got {delimiter!r}. Use ',', ';', '|' or a tab.")


def _first_record(owner: str, text: str, delimiters: str) -> tuple[int, str]:
    """The end of the first record, and its text outside quotes. A quote opens only at the beginning of a field."""
    outside: list[str] = []
    start, opened, closed = 0, -1, -1
    for mark in _MARK.finditer(text):
        at = mark.start()
        if mark[0] != '"':
            if opened < 0:
                return at, "".join([*outside, text[start:at]])
        elif opened >= 0:
            opened, closed, start = -1, at, at + 1
        elif at == 0 or text[at - 1] in delimiters or closed == at - 1:  # the last case is a doubled quote
            outside.append(text[start:at])
            opened = at
    if opened >= 0:
        before = text[opened + 1 : opened + 41].splitlines()[0] if text[opened + 1 :] else ""
        raise DataError(
            f"{owner}: every quote must be closed, got an unclosed one in the header, before {before!r}. Close it or remove it."
        )
    return len(text), "".join([*outside, text[start:]])


def _fields(record: str, delimiter: str) -> list[str]:
    # Python's csv module would reject names of more than 131,072 characters, by a limit that is global.
    d = re.escape(delimiter)
    fields = re.finditer(rf'(?:"((?:[^"]|"")*)"([^{d}]*)|([^{d}]*)){d}', record + delimiter)
    parts = (field.groups() for field in fields)
    return [plain if quoted is None else quoted.replace('""', '"') + rest for quoted, rest, plain in parts]
