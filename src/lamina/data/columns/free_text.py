"""Encoder of free text: how long it is, and its words as positions along the directions in which texts differ most."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np
from scipy import sparse

from lamina.data.columns.column_encoder import ColumnEncoder
from lamina.data.values import Values
from lamina.data.words import FEWEST_TEXTS, WordCounts, count_words, known_words, some_texts
from lamina.errors import InvalidSettingError, phrase
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = OptionalModule("pyarrow", owner="reading tables")

__all__ = ["FreeTextColumn"]

_NUM_TOPICS = 31
_MOST_WORDS = 10_000
_MOST_TEXTS = 20_000
_BOUND = 3.0
_DEVIATION = 0.5  # of a topic: where texts tell nothing, they disturb what other columns tell the less
_SMALLEST = 1e-4  # deviation of positions, which lie in [-1, 1]; below, it is rounding


@dataclass(frozen=True, eq=False)
class FreeTextColumn(ColumnEncoder):
    """Encodes a text by its words: ``z = weights @ topics - center`` with the result ``z / sqrt(1 + (z / 3)^2)``, and its length.

    Words are runs of at least two letters, marks or digits in lower case. A word that stands n times in a text weighs
    ``(1 + ln n) * rarity``, where ``rarity = 1 + ln((1 + texts) / (1 + texts with the word))`` in training; all weights of a text
    are divided by their Euclidean norm (TF-IDF). The topics come close to the first 31 right singular vectors of the training
    texts' weights (latent semantic analysis, Deerwester et al. 1990), scaled so that ``z`` has a deviation of 1/2; the center
    is its mean. The length is ``ln(1 + number of words)``, standardized, and bounded in the same way. Words are those that
    stand in at least 5 training texts, at most 10,000 of them. At most 20,000 distinct texts are learned from. Of each text,
    the first 5,000 characters are read.

    Texts without a known word have topics of 0. Missing ones are 0 everywhere, and 1 in an additional last feature if training
    had any.
    """

    kind: ClassVar[str] = "text"
    words: tuple[str, ...]
    rarity: np.ndarray  # (number of words,) float32
    topics: np.ndarray  # (number of words, number of topics) float32
    center: np.ndarray  # (number of topics,) float32
    mean_length: float
    length_deviation: float  # or 1, where all are as long
    has_missing: bool

    def __post_init__(self) -> None:
        num_words, num_topics = len(self.words), len(self.center)
        shapes = {"rarity": (num_words,), "topics": (num_words, num_topics), "center": (num_topics,)}
        for name, shape in shapes.items():
            array = getattr(self, name)
            if array.dtype != np.float32 or array.shape != shape or not np.isfinite(array).all():
                rule = f"must be an array of shape {shape} of finite float32"
                raise InvalidSettingError(phrase(f"{name} of column {self.column!r}", rule, f"{array.dtype} {array.shape}"))
        for name, least in {"rarity": self.rarity.min(initial=np.inf), "length_deviation": self.length_deviation}.items():
            if least <= 0:
                raise InvalidSettingError(phrase(f"{name} of column {self.column!r}", "must be > 0", float(least)))
        if len(set(self.words)) < num_words:
            raise InvalidSettingError(phrase(f"the words of column {self.column!r}", "must be distinct", num_words))

    @classmethod
    def fit(cls, column: str, values: Values) -> Self | None:
        """The encoder of a column, or None if its texts do not differ in words that some of them share."""
        used = np.unique(values.array[~values.missing])
        texts = some_texts(_texts(values, used), _MOST_TEXTS)
        found = _frequent(count_words(texts))
        if len(found.words) == 0:
            return None
        rarity = (1.0 + np.log((1.0 + len(texts)) / (1.0 + found.num_texts))).astype(np.float32)
        weights = _weights(found.counts, rarity)
        topics = _topics(weights)
        positions = weights @ topics
        deviation = positions.std(axis=0, dtype=np.float64)
        differs = deviation > _SMALLEST
        if not differs.any():
            return None
        scale = _DEVIATION / deviation[differs]
        topics = (topics[:, differs] * scale).astype(np.float32)
        center = (positions[:, differs].mean(axis=0, dtype=np.float64) * scale).astype(np.float32)
        lengths = _lengths(found.counts)
        length = float(lengths.mean()), float(lengths.std()) or 1.0
        return cls(column, tuple(found.words.to_pylist()), rarity, topics, center, *length, bool(values.missing.any()))

    @property
    def feature_names(self) -> list[str]:
        topics = [f"{self.column}:topic{i}" for i in range(1, len(self.center) + 1)]
        return [*topics, f"{self.column}:length", *([f"{self.column}=(missing)"] if self.has_missing else [])]

    def entries(self, values: Values) -> np.ndarray:
        names = np.array([*cast("np.ndarray", values.names), None], dtype=object)  # the code of a missing value is -1
        return cast("np.ndarray", names[values.array])

    def is_unfamiliar(self, values: Values) -> np.ndarray:
        # Most texts are new, and an unknown word says little.
        return values.missing & (not self.has_missing)

    def write(self, entries: np.ndarray, out: np.ndarray) -> None:
        texts = pa.array(entries, pa.large_string()).dictionary_encode()
        missing = np.asarray(texts.is_null())
        num_features = len(self.center) + 1
        out[:] = 0.0
        out[~missing, :num_features] = self._features(texts.dictionary)[np.asarray(texts.indices.drop_null())]
        if self.has_missing:
            out[missing, num_features] = 1.0

    def _features(self, texts: pa.Array) -> np.ndarray:
        """Topics and length of texts, ndarray of shape (n, number of topics + 1) float32."""
        counts = known_words(texts, self._words).counts
        topics = _weights(counts, self.rarity) @ self.topics - self.center
        topics[np.diff(counts.indptr) == 0] = 0.0
        length = (_lengths(counts) - self.mean_length) / self.length_deviation
        z = np.column_stack([topics, length.astype(np.float32)])
        return cast("np.ndarray", z / np.sqrt(1.0 + (z / _BOUND) ** 2))

    @cached_property
    def _words(self) -> pa.Array:
        return pa.array(self.words, pa.large_string())

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        fields = {name: entry for name, entry in state.items() if name != "kind"}
        arrays = {name: np.asarray(state[name], dtype=np.float32) for name in ("rarity", "topics", "center")}
        return cls(**{**fields, **arrays, "words": tuple(state["words"])})


def _texts(values: Values, codes: np.ndarray) -> pa.Array:
    return pa.array(cast("np.ndarray", values.names)[codes], pa.large_string())


def _frequent(found: WordCounts) -> WordCounts:
    """The words in enough texts; of many, those in most texts, ties by name."""
    num_texts = found.num_texts
    enough = np.flatnonzero(num_texts >= FEWEST_TEXTS)
    return found.take(np.sort(enough[np.argsort(-num_texts[enough], kind="stable")][:_MOST_WORDS]))


def _weights(counts: sparse.csr_matrix, rarity: np.ndarray) -> sparse.csr_matrix:
    """TF-IDF: of each text, the weights of its words."""
    weights = (1.0 + np.log(counts.data)) * rarity[counts.indices]
    rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    norms = np.sqrt(np.bincount(rows, weights**2, minlength=counts.shape[0]))
    scaled: sparse.csr_matrix = sparse.csr_matrix(
        ((weights / norms[rows]).astype(np.float32), counts.indices, counts.indptr), shape=counts.shape
    )
    return scaled


def _lengths(counts: sparse.csr_matrix) -> np.ndarray:
    return np.log1p(np.asarray(counts.sum(axis=1), dtype=np.float64).ravel())


def _topics(weights: sparse.csr_matrix) -> np.ndarray:
    """The right singular vectors, ndarray of shape (number of words, number of topics)."""
    # Only here: most tables have no text, and these are slow to load.
    from sklearn.utils.extmath import randomized_svd

    from lamina.engine.blas import SingleThreadedBlas

    with SingleThreadedBlas():  # so that the number of threads does not change a bit
        _, _, directions = randomized_svd(
            weights, min(_NUM_TOPICS, *weights.shape), n_iter=5, transpose=False, flip_sign=False, random_state=0
        )
    return cast("np.ndarray", directions.T)
