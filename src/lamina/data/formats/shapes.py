"""Texts grouped by their shape: what is left of a text when all digits are taken for the same.

A column of dates has few shapes (``00/00/0000 00:00``), each of which is matched once. In a shape all digits stand at known
places, so that numbers come of whole columns of bytes: five times as fast as a regular expression that cuts every text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lamina.data.formats.texts import contents, flags
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = OptionalModule("pyarrow", owner="reading texts")
    pc = OptionalModule("pyarrow.compute", owner="reading texts")

__all__ = ["Shape", "shapes_of"]

_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_FEW = 1 << 16
_MOST_DIGITS = 15  # of a whole number that a float holds exactly, as it does so small a power of ten


class Shape(NamedTuple):
    """Texts that differ in their digits alone, and match a pattern.

    Attributes
    ----------
    rows : ndarray of shape (n,) int64
        Which texts these are.
    match : re.Match
        What the pattern finds in the shape.
    begins : ndarray of shape (n,) int64
        Where each text begins in ``flat``.
    flat : ndarray of uint8
        All texts in a row.
    """

    rows: np.ndarray
    match: re.Match[str]
    begins: np.ndarray
    flat: np.ndarray

    def text(self, group: str) -> str:
        """What a group of the pattern found, with 0 for digits; nothing where it found nothing, or there is no such group."""
        return (self.match.group(group) or "") if group in self.match.re.groupindex else ""

    def whole(self, group: str, most: int | None = None) -> np.ndarray:
        """The whole numbers of the first ``most`` digits of a group, ndarray of shape (n,) int64; 0 without digits."""
        number = np.zeros(len(self.rows), dtype=np.int64)
        for place in self._digits(group)[:most]:
            number *= 10
            number += self.flat[self.begins + place] - ord("0")
        return number

    def number(self, group: str) -> np.ndarray:
        """The numbers of a group, as Python's ``float`` reads ``-12.5``, ndarray of shape (n,) float64; 0 without digits."""
        text, num_digits = self.text(group), len(self._digits(group))
        if num_digits > _MOST_DIGITS:
            start, end = (self._byte(place) for place in self.match.span(group))
            return np.array([float(self.flat[begin + start : begin + end].tobytes()) for begin in self.begins.tolist()])
        # Both are exact, so that their quotient is the nearest float.
        number: np.ndarray = self.whole(group) / 10.0 ** len(text.partition(".")[2])
        return -number if text.startswith("-") else number

    def _digits(self, group: str) -> list[int]:
        """Where the digits of a group stand in each text, in bytes."""
        start = self._byte(self.match.start(group)) if self.text(group) else 0
        return [start + i for i, character in enumerate(self.text(group).encode()) if character == ord("0")]

    def _byte(self, place: int) -> int:
        return len(self.match.string[:place].encode())


def shapes_of(texts: pa.Array, *patterns: str) -> Iterator[Shape]:
    """The shapes of texts that match a pattern, each by the first that it matches.

    Parameters
    ----------
    texts : Array of large_string
        Without nulls.
    *patterns : str
        For RE2 and for Python, from ``^`` to ``$``, that do not ask for one digit rather than another.

    Examples
    --------
    >>> texts = pa.array(["1:30", "12:05", "x", "2:15"], pa.large_string())
    >>> [(shape.rows.tolist(), shape.whole("minute").tolist()) for shape in shapes_of(texts, "^[0-9]+:(?P<minute>[0-9]+)$")]
    [([0, 3], [30, 15]), ([1], [5])]
    """
    data, starts = contents(texts)
    zeros = pa.py_buffer(data.to_pybytes().translate(_ZEROS))
    encoded = pa.Array.from_buffers(pa.large_string(), len(texts), [None, pa.py_buffer(starts), zeros]).dictionary_encode()
    shapes, codes = encoded.dictionary, np.asarray(encoded.indices)
    if len(shapes) <= _FEW:
        codes = codes.astype(np.uint16)  # which NumPy sorts by counting
    by_shape = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(shapes))).tolist()
    flat = np.frombuffer(data, np.uint8)
    left = np.ones(len(shapes), dtype=bool)
    for pattern in patterns:
        matches = left & flags(shapes, pattern)
        left &= ~matches
        # Unlike RE2's, Python's $ allows for a line break behind it.
        exact = re.compile(f"{pattern.removesuffix('$')}\\Z")
        for code in np.flatnonzero(matches).tolist():
            rows = by_shape[ends[code - 1] if code else 0 : ends[code]]
            if match := exact.match(shapes[code].as_py()):
                yield Shape(rows, match, starts[rows], flat)
