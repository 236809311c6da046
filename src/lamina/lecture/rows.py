"""The lecture's rows, read from their page of the documentation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lamina.errors import FileError, InvalidSettingError, phrase_unknown

__all__ = ["Row", "get_row", "read_rows"]

# The page in an installed package, and in a checkout.
_PLACES = (Path(__file__).with_name("lecture.md"), Path(__file__).parents[3] / "docs" / "lecture" / "index.md")
# A cell ends at a bar that is neither inside `code` nor escaped by a backslash.
_CELL = re.compile(r"((?:\\.|`[^`]*`|[^|`\\])*)\|")
_ROW = re.compile(r"\|\s*\[(?P<number>L\d+)\]\((?P<page>[\w-]+)\.md#l\d+\)\s*\|")
_SHORT = 3  # letters: "he" is no part of "the" to one who looks for He's initialization
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)|\{\w+\}`~?([^`<]+)(?:<[^`]*>)?`")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the lecture: a concept, and where the library implements it.

    Parameters
    ----------
    number : str
        "L1" and so on.
    concept : str
        The concept as the lecture states it.
    where : str
        The objects that implement it.
    how : str
        A command, or a few lines of Python, that demonstrate it.
    page : str
        The page of the course that explains it, such as "perceptron".
    """

    number: str
    concept: str
    where: str
    how: str
    page: str

    def mentions(self, words: str) -> bool:
        """Whether all of the words occur in the row, in any case; see :func:`mentions`."""
        return mentions(f"{self.concept} {self.where} {self.how} {self.page}", words)


def mentions(text: str, words: str) -> bool:
    """Whether all of the words occur in a text, in any case: short ones whole, longer ones as parts of words."""
    return all(
        re.search(rf"(?<!\w){re.escape(word)}(?!\w)" if len(word) <= _SHORT else re.escape(word), text.lower())
        for word in words.lower().split()
    )


@cache
def read_rows() -> tuple[Row, ...]:
    """All rows, in the lecture's order.

    Raises
    ------
    FileError
        If the page is missing.
    """
    page = next((place for place in _PLACES if place.exists()), None)
    if page is None:
        raise FileError(f"cannot read {str(_PLACES[0])!r}: no such file. Install Lamina again.")
    rows = [row for line in page.read_text(encoding="utf-8").splitlines() if (row := _row(line))]
    return tuple(sorted(rows, key=lambda row: int(row.number[1:])))


def get_row(number: str) -> Row:
    """The row with a number, in upper or lower case.

    Raises
    ------
    InvalidSettingError
        If there is none; the message suggests the nearest number.
    """
    rows = {row.number: row for row in read_rows()}
    if number.upper() not in rows:
        raise InvalidSettingError(phrase_unknown("a row", number, rows, listed=f"L1 to L{len(rows)}"))
    return rows[number.upper()]


def _row(line: str) -> Row | None:
    """The row in a line of the page; None for any other line."""
    head = _ROW.match(line.lstrip())
    if head is None:
        return None
    cells = [_plain(cell.strip()) for cell in _CELL.findall(line.lstrip()[1:])]
    if len(cells) != 4:
        raise FileError(f"the page of the lecture must have four cells in each row, got {len(cells)}: {line[:60]!r}")
    number, concept, where, how = cells
    return Row(number, concept, where, how, head["page"])


def _plain(cell: str) -> str:
    """A cell without links and code marks."""
    text = _LINK.sub(lambda found: found[1] or found[2], cell)
    return text.replace("<br>", "\n").replace("`", "").replace("\\|", "|")
