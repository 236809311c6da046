"""A column of text as codes and distinct texts, so that what is learned of a text is learned once and not in every row."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lamina.data.values import MISSING_CODE
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = OptionalModule("pyarrow", owner="reading tables")
    pc = OptionalModule("pyarrow.compute", owner="reading tables")

__all__ = ["MISSING", "TextColumn"]

MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "?")
"""Texts that stand for a missing value in every table."""

_FEW = 32  # rows


class TextColumn(NamedTuple):
    """A column of text.

    Attributes
    ----------
    codes : ndarray of shape (n,) int32
        The place in ``texts``, -1 where missing.
    texts : pyarrow.Array of large_string
        Distinct, without spaces around them, none missing, each in some row.
    """

    codes: np.ndarray
    texts: pa.Array

    @classmethod
    def of(cls, column: pa.ChunkedArray, missing: Collection[str] = ()) -> TextColumn:
        """The codes and texts of an Arrow column for which :func:`is_text`; ``missing`` are further texts that stand for nothing.

        Examples
        --------
        >>> TextColumn.of(pa.chunked_array([["b", " a", "?", "b "]])).codes.tolist()
        [0, 1, -1, 0]
        """
        if len(column) <= _FEW:
            return cls._of_few(column.to_pylist(), {*MISSING, *missing})
        all_are_used = not pa.types.is_dictionary(column.type)
        return cls(*_encoded(column))._trimmed()._without([*MISSING, *missing], all_are_used=all_are_used)

    @classmethod
    def _of_few(cls, values: list[str | None], missing: Collection[str]) -> TextColumn:
        """:meth:`of` for a few rows, in which Arrow's calls would take longer than the work."""
        place: dict[str, int] = {}
        codes = np.full(len(values), MISSING_CODE, dtype=np.int32)
        for row, value in enumerate(values):
            text = "" if value is None else value.strip()
            if text not in missing:
                codes[row] = place.setdefault(text, len(place))
        return cls(codes, pa.array(place, pa.large_string()))

    def spread(self, values: np.ndarray, missing: object) -> np.ndarray:
        """From one value a text to one a row."""
        spread: np.ndarray = np.append(values, np.asarray(missing, values.dtype))[self.codes]  # -1 is the last
        return spread

    def row_of(self, text: int) -> int:
        """The first row that has a text, given by its place."""
        return int(np.argmax(self.codes == text))

    def _trimmed(self) -> TextColumn:
        trimmed = pc.utf8_trim_whitespace(self.texts)
        if trimmed.equals(self.texts):
            return self
        once = trimmed.dictionary_encode()
        return TextColumn(_recoded(self.codes, np.asarray(once.indices)), once.dictionary)

    def _without(self, missing: Collection[str], *, all_are_used: bool) -> TextColumn:
        """The column whose texts are neither missing nor left over from rows that are not there."""
        used = np.full(len(self.texts), all_are_used)
        if not all_are_used:
            used[self.codes[self.codes != MISSING_CODE]] = True
        used[_places(self.texts, missing)] = False
        if used.all():
            return self
        places = np.where(used, np.cumsum(used) - 1, MISSING_CODE)
        return TextColumn(_recoded(self.codes, places), self.texts.filter(pa.array(used)))


def _encoded(column: pa.ChunkedArray) -> tuple[np.ndarray, pa.Array]:
    is_encoded = pa.types.is_dictionary(column.type)
    column = (column if is_encoded else column.dictionary_encode()).unify_dictionaries()
    if column.num_chunks == 0:
        return np.zeros(0, np.int32), pa.array([], pa.large_string())
    indices = (chunk.indices.cast(pa.int32()).fill_null(MISSING_CODE) for chunk in column.chunks)
    codes = np.concatenate([np.asarray(chunk) for chunk in indices])
    dictionary = column.chunk(0).dictionary
    if dictionary.null_count:  # a null may be an entry of the dictionary, too
        places = np.arange(len(dictionary), dtype=np.int32)
        places[np.asarray(dictionary.is_null())] = MISSING_CODE
        codes = _recoded(codes, places)
        dictionary = dictionary.fill_null("")
    if is_encoded:  # by somebody else, who may name a text twice
        once = dictionary.dictionary_encode()
        codes, dictionary = _recoded(codes, np.asarray(once.indices)), once.dictionary
    return codes, dictionary.cast(pa.large_string())


def _recoded(codes: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Each code replaced by its new place; missing ones stay missing."""
    table = np.append(places, MISSING_CODE).astype(np.int32)
    recoded: np.ndarray = table[codes]  # -1 is the last
    return recoded


def _places(texts: pa.Array, wanted: Collection[str]) -> np.ndarray:
    """Where some texts stand among distinct ones."""
    if len(texts) == 0:
        return np.zeros(0, dtype=np.int64)
    # Most texts are longer than any of these, and lengths are compared sooner than texts.
    longest = max(len(word.encode()) for word in wanted)
    short = np.flatnonzero(np.asarray(pc.binary_length(texts)) <= longest)
    found = pc.is_in(texts.take(pa.array(short)), value_set=pa.array(list(wanted), pa.large_string()))
    places: np.ndarray = short[np.asarray(found)]
    return places
