"""Words of texts, and how often each stands in which text: the one rule by which free text is taken apart.

A word is a run of at least two letters, marks or digits in lower case; all else separates words. Of a text, the first 5,000
characters count. Texts are taken apart by whole arrays, which is several times as fast as a Python call a text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse

from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = OptionalModule("pyarrow", owner="reading tables")
    pc = OptionalModule("pyarrow.compute", owner="reading tables")

__all__ = ["FEWEST_TEXTS", "WordCounts", "count_words", "known_words", "some_texts"]

FEWEST_TEXTS = 5
"""In so many texts a word must stand to tell something about others."""

_SEPARATORS = r"[^\p{L}\p{M}\p{N}]+"
_SHORTEST = 2  # letters
_LONGEST = 5_000  # characters of a text
_SPACED = np.array([byte if byte >= 128 or chr(byte).isalnum() else ord(" ") for byte in range(256)], dtype=np.uint8)


class WordCounts(NamedTuple):
    """How often each word stands in each text.

    Attributes
    ----------
    words : pyarrow.Array of large_string
        Distinct, in the order of their code points.
    counts : csr_matrix of shape (number of texts, number of words) float32
    """

    words: pa.Array
    counts: sparse.csr_matrix

    @property
    def num_texts(self) -> np.ndarray:
        """In how many texts each word stands, ndarray of shape (number of words,) int64."""
        return np.bincount(self.counts.indices, minlength=len(self.words))

    def take(self, words: np.ndarray) -> WordCounts:
        """The counts of some words, by their numbers in ascending order."""
        return WordCounts(self.words.take(pa.array(words)), self.counts[:, words])


def some_texts(texts: pa.Array, most: int) -> pa.Array:
    """At most so many of distinct texts, evenly from their sorted list: which ones does not depend on their order.

    >>> some_texts(pa.array(["d", "a", "c", "b"], pa.large_string()), 2).to_pylist()
    ['a', 'c']
    """
    places = pc.array_sort_indices(texts)
    if len(texts) > most:
        places = places.take(pa.array(np.arange(most) * len(texts) // most))
    return texts.take(places)


def count_words(texts: pa.Array) -> WordCounts:
    """The counts of all words of some texts.

    >>> counted = count_words(pa.array(["The tea, the cup", "Tea!"], pa.large_string()))
    >>> counted.words.to_pylist(), counted.counts.toarray().tolist()
    (['cup', 'tea', 'the'], [[1.0, 1.0, 2.0], [0.0, 1.0, 0.0]])
    """
    split = _split(texts)
    found = split.flatten().unique()
    found = found.filter(pc.greater_equal(pc.utf8_length(found), _SHORTEST))
    words = found.take(pc.array_sort_indices(found))
    return WordCounts(words, _counted(split, words))


def known_words(texts: pa.Array, words: pa.Array) -> WordCounts:
    """The counts of some words alone."""
    return WordCounts(words, _counted(_split(texts), words))


def _split(texts: pa.Array) -> pa.ListArray:
    lower = pc.utf8_lower(pc.utf8_slice_codeunits(texts, 0, _LONGEST))
    others = pc.invert(pc.string_is_ascii(lower))
    lower = pc.replace_with_mask(lower, others, pc.replace_substring_regex(lower.filter(others), _SEPARATORS, " "))
    # A table of bytes takes ASCII apart many times as fast as an expression does.
    _, ends, letters = lower.buffers()
    spaced = pa.py_buffer(_SPACED[np.frombuffer(letters or b"", dtype=np.uint8)])
    return pc.ascii_split_whitespace(pa.LargeStringArray.from_buffers(len(lower), ends, spaced))


def _counted(split: pa.ListArray, words: pa.Array) -> sparse.csr_matrix:
    places = pc.index_in(split.flatten(), value_set=words)
    is_known = np.asarray(places.is_valid())
    columns = np.asarray(places.drop_null(), dtype=np.int32)
    row_ends = np.concatenate([[0], np.cumsum(is_known)])[np.asarray(split.offsets)]
    ones = np.ones(len(columns), dtype=np.float32)
    counts: sparse.csr_matrix = sparse.csr_matrix((ones, columns.copy(), row_ends), shape=(len(split), len(words)))
    counts.sum_duplicates()
    return counts
