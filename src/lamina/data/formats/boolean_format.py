"""Yes and no in the words of several languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lamina.data.formats.found import Found
from lamina.data.formats.texts import as_large, sample
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = OptionalModule("pyarrow", owner="reading booleans")
    pc = OptionalModule("pyarrow.compute", owner="reading booleans")

__all__ = ["WORDS", "BooleanFormat", "learn_boolean_format"]

# yes, no
WORDS = (
    ("true", "false"),
    ("t", "f"),
    ("yes", "no"),
    ("y", "n"),
    ("ja", "nein"),
    ("j", "n"),
    ("oui", "non"),
    ("sí", "no"),
    ("si", "no"),
    ("vrai", "faux"),
    ("wahr", "falsch"),
    ("verdadero", "falso"),
    ("vero", "falso"),
    ("on", "off"),
)
_PLAIN = {"sí": "si"}  # an accent that is left out as often as not


class BooleanFormat(NamedTuple):
    """The two words for yes and no, in any case.

    Parameters
    ----------
    yes, no : str
        In lower case. Who writes "sí" may also write "si".

    Examples
    --------
    >>> import pyarrow as pa
    >>> [array.tolist() for array in BooleanFormat("yes", "no").parse(pa.array(["No", "YES", "maybe"]))]
    [[False, True, False], [True, True, False]]
    """

    yes: str
    no: str

    def describe(self) -> str:
        """A few words for a table.

        >>> BooleanFormat("yes", "no").describe()
        'yes/no'
        """
        return f"{self.yes}/{self.no}"

    def parse(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """The truth of texts.

        Parameters
        ----------
        texts : Array of string or large_string
            Without nulls and surrounding white space.

        Returns
        -------
        is_yes : ndarray of shape (n,), bool
            False where a text is neither word.
        fits : ndarray of shape (n,), bool
            Where a text is one of the two words.

        Examples
        --------
        >>> import pyarrow as pa
        >>> BooleanFormat("on", "off").parse(pa.array(["ON"]))[0].tolist()
        [True]
        """
        words = _folded(as_large(texts))
        yes, no = (pc.is_in(words, value_set=_spellings(word)).to_numpy(zero_copy_only=False) for word in self)
        return yes, yes | no


def learn_boolean_format(texts: pa.Array) -> Found | None:
    """The pair of words for yes and no that texts consist of.

    Parameters
    ----------
    texts : Array of string or large_string
        The distinct values of a column, at least one, without nulls and surrounding white space.

    Returns
    -------
    Found or None
        None if there are other words, or only one of the two.

    Examples
    --------
    >>> import pyarrow as pa
    >>> learn_boolean_format(pa.array(["Nein", "ja", "nein"])).format
    BooleanFormat(yes='ja', no='nein')
    >>> learn_boolean_format(pa.array(["yes"])) is None
    True
    """
    texts = as_large(texts)
    few = sample(texts)
    if few is not None and _words_of(few) is None:
        return None
    seen = _words_of(texts)
    pair = next(((yes, no) for yes, no in WORDS if seen and _plain(seen) == _plain({yes, no}) and {yes, no} <= seen), None)
    return Found(BooleanFormat(*pair)) if pair else None


def _words_of(texts: pa.Array) -> set[str] | None:
    """The words that occur; None if they are too many for a pair."""
    words = pc.unique(_folded(texts))
    return set(words.to_pylist()) if len(words) <= 2 + len(_PLAIN) else None


def _folded(texts: pa.Array) -> pa.Array:
    # í may also be written as an i with an accent to be set above it. (utf8_normalize of pyarrow 17 loses large strings.)
    return pc.replace_substring(pc.utf8_lower(texts), "i\u0301", "í")


def _plain(words: set[str]) -> set[str]:
    return {_PLAIN.get(word, word) for word in words}


def _spellings(word: str) -> pa.Array:
    same = {word, _PLAIN.get(word, word), *(accented for accented, plain in _PLAIN.items() if plain == word)}
    return pa.array(sorted(same), pa.large_string())
