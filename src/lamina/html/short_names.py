"""Names that find room, and can still be told apart."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from itertools import takewhile

__all__ = ["short_names", "width_of"]

_NARROW, _WIDE = frozenset("iljtfrI.,:;'|!()[] "), frozenset("mwMW@%—…")
_MARK = "…"


def width_of(text: str) -> float:
    """About how wide a text is in a sans-serif font, in units of its size.

    >>> width_of("ii") < width_of("nn") < width_of("MM") <= width_of("漢字")
    True
    """
    return sum(map(_width, text))


def short_names(names: Sequence[str], room: float) -> list[str]:
    """Names of a width of ``room`` at most, which differ if the whole ones do.

    The end is left out, or else the middle, or else the beginning; where they differ only in between, what they share is left
    out; and names that no cut tells apart are numbered.

    Parameters
    ----------
    names : sequence of str
    room : float
        In units of the font's size; see :func:`width_of`.

    Examples
    --------
    >>> short_names(["age", "a long name of column 1", "a long name of column 2"], 7)
    ['age', 'a lon…mn 1', 'a lon…mn 2']
    >>> short_names(["Species number 1 of the family", "Species number 2 of the family"], 6)
    ['…1 of the…', '…2 of the…']
    """
    texts = [" ".join(str(name).split()) for name in names]
    count = len(set(texts))
    for cut in (_without_end, _without_middle, _without_beginning, _what_differs(texts)):
        short = [text if width_of(text) <= room else cut(text, room) for text in texts]
        if len(set(short)) == count:
            return short
    return [f"{i}: {_without_end(text, room - width_of(f'{i}: '))}" for i, text in enumerate(texts, start=1)]


def _width(sign: str) -> float:
    if unicodedata.east_asian_width(sign) in "WF":
        return 1.0
    if unicodedata.combining(sign):
        return 0.0
    return 0.34 if sign in _NARROW else 0.92 if sign in _WIDE else 0.7 if sign.isupper() else 0.62


def _without_end(text: str, room: float) -> str:
    return _first(text, room - width_of(_MARK)).rstrip() + _MARK


def _without_beginning(text: str, room: float) -> str:
    return _MARK + _last(text, room - width_of(_MARK)).lstrip()


def _without_middle(text: str, room: float) -> str:
    half = (room - width_of(_MARK)) / 2
    return _first(text, half).rstrip() + _MARK + _last(text, half).lstrip()


def _what_differs(texts: Sequence[str]) -> Callable[[str, float], str]:
    """Leaves out what the long names begin with alike."""
    longest = max(map(len, texts), default=0)
    signs = zip(*(text for text in texts if len(text) > longest / 2), strict=False)
    alike = sum(1 for _ in takewhile(lambda at: len(set(at)) == 1, signs))

    def cut(text: str, room: float) -> str:
        rest = _MARK + text[alike:]
        return rest if width_of(rest) <= room else _without_end(rest, room)

    return cut


def _first(text: str, room: float) -> str:
    for place in range(len(text)):
        room -= _width(text[place])
        if room < 0:
            return text[:place]
    return text


def _last(text: str, room: float) -> str:
    return _first(text[::-1], room)[::-1]
