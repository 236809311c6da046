"""Whether a column of text holds prose, of which the words tell more than the whole texts do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lamina.data.text_column import TextColumn
from lamina.data.words import FEWEST_TEXTS, count_words, some_texts
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = OptionalModule("pyarrow", owner="reading tables")
    pc = OptionalModule("pyarrow.compute", owner="reading tables")

__all__ = ["is_prose"]

_MOST_TEXTS = 10_000
_FEWEST_SPACES = 2  # a text on average
_FEWEST_WORDS = 3.0  # a text on average


def is_prose(text: TextColumn, min_count: int, max_categories: int) -> bool:
    """Whether most rows hold rare texts, and these share words.

    A word is shared if it stands in at least 5 of the distinct texts and in at most half of them, and has no digit. Texts share
    words if each has 3 such words on average: reviews, remarks, titles of products and courses do; names, addresses, dates and
    codes do not. The order of rows has no effect.

    Parameters
    ----------
    text : TextColumn
    min_count, max_categories : int
        What makes a category: so many rows, and at most so many categories.
    """
    counts = np.bincount(text.codes[text.codes >= 0], minlength=len(text.texts))
    frequent = np.sort(counts[counts >= min_count])[::-1][:max_categories]
    if 2 * frequent.sum() >= counts.sum() or _mean(pc.count_substring(text.texts, " ")) < _FEWEST_SPACES:
        return False
    words, counts_of_words = counted = count_words(some_texts(text.texts, _MOST_TEXTS))
    num_texts, num_distinct = counted.num_texts, counts_of_words.shape[0]
    is_shared = (num_texts >= FEWEST_TEXTS) & (2 * num_texts <= num_distinct)
    is_shared &= ~np.asarray(pc.match_substring_regex(words, r"\p{N}"))
    return bool(num_texts[is_shared].sum() >= _FEWEST_WORDS * num_distinct)


def _mean(numbers: pa.Array) -> float:
    return float(np.asarray(numbers).mean()) if len(numbers) else 0.0
