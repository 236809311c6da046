"""Names for what a program is made of, from those of layers and columns."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable

__all__ = ["Identifiers", "plain_name", "take_free"]

# Of C, besides those that are Python's, too.
_WORDS = (
    *(
        "auto",
        "case",
        "char",
        "const",
        "default",
        "do",
        "double",
        "enum",
        "extern",
        "float",
        "goto",
        "inline",
        "int",
        "long",
        "main",
    ),
    *("register", "restrict", "short", "signed", "sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void"),
    "volatile",
)


def plain_name(text: str) -> str:
    """Letters, digits and underscores of a text, beginning with a letter.

    >>> plain_name("7 days/week")
    'x7_days_week'
    """
    plain = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_") or "x"
    return f"x{plain}" if plain[0].isdigit() else plain


def take_free(wanted: str, taken: set[str]) -> str:
    """A name like the one wanted that is not among the taken ones, which it joins.

    >>> take_free("x", {"x", "x_2"})
    'x_3'
    """
    name, count = wanted, 1
    while name in taken:
        count += 1
        name = f"{wanted}_{count}"
    taken.add(name)
    return name


class Identifiers:
    """Gives identifiers of Python and C that differ from each other, and from those that are taken.

    Examples
    --------
    >>> names = Identifiers(["np"])
    >>> [names.new(name) for name in ("dense_1.weight", "np", "class", "7 days", "dense_1/weight")]
    ['dense_1_weight', 'np_2', 'class_2', 'x7_days', 'dense_1_weight_2']
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {*taken, *keyword.kwlist, *_WORDS, ""}

    def new(self, wanted: str) -> str:
        """An identifier like the name wanted, which nothing else has."""
        return take_free(plain_name(wanted), self._taken)
