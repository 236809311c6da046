"""Encoder of categorical columns: a feature per frequent category, one for rare and unseen values, one for missing values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar, Self

import narwhals.stable.v2 as nw
import numpy as np

from lamina.data.columns.column_encoder import ColumnEncoder
from lamina.data.columns.missing import is_missing, object_values
from lamina.data.notes import note
from lamina.errors import InvalidSettingError, phrase

__all__ = ["CategoryColumn", "label_text"]


@dataclass(frozen=True)
class CategoryColumn(ColumnEncoder):
    """One-hot encoding of the categories that were frequent in training, with extra slots for the rest.

    Rare categories of the training table share one slot, which unseen categories use too. If training had no rare category, the
    weights of that slot would never be trained, so an unseen category is encoded as an average row instead: each slot gets its
    share of the training rows. Missing values have their own slot if training had any; otherwise they are treated as unseen.
    """

    kind: ClassVar[str] = "category"
    categories: tuple[str, ...]
    shares: tuple[float, ...]
    has_rare: bool
    has_missing: bool

    def __post_init__(self) -> None:
        slots = len(self.categories) + self.has_rare + self.has_missing
        if len(self.shares) != slots or len(set(self.categories)) < len(self.categories):
            rule = "must have distinct categories and one share per slot"
            raise InvalidSettingError(phrase(f"column {self.column!r}", rule, self))
        if not all(0 <= share <= 1 for share in self.shares):
            raise InvalidSettingError(phrase(f"the shares of column {self.column!r}", "must be from 0 to 1", self.shares))

    @classmethod
    def fit(cls, series: nw.Series, *, min_count: int, max_categories: int) -> Self | None:
        """The encoder of a column, or None if the column holds only one value."""
        missing = int(is_missing(series).sum())
        counts = Counter(value for value in _texts_of(series) if value is not None)
        # Ties are broken by name, so that the order of rows does not matter.
        ranked = sorted(counts, key=lambda value: (-counts[value], value))
        frequent = [value for value in ranked if counts[value] >= min_count][:max_categories]
        rare = sum(counts.values()) - sum(counts[value] for value in frequent)
        slots = [*(counts[value] for value in frequent), *([rare] if rare else []), *([missing] if missing else [])]
        if len(slots) < 2:
            return None
        shares = tuple(count / len(series) for count in slots)
        return cls(series.name, tuple(frequent), shares, has_rare=rare > 0, has_missing=missing > 0)

    @property
    def feature_names(self) -> list[str]:
        extra = ["(rare)"] * self.has_rare + ["(missing)"] * self.has_missing
        return [f"{self.column}={value}" for value in (*self.categories, *extra)]

    def transform(self, series: nw.Series) -> np.ndarray:
        slots = {value: i for i, value in enumerate(self.categories)}
        width = len(self.shares)
        texts = _texts_of(series)
        index = np.array([-2 if text is None else slots.get(text, -1) for text in texts], dtype=np.int64)
        if not self.has_rare:
            self._note_unseen(
                {text for text, i in zip(texts, index, strict=True) if i == -1 and text is not None}, int((index == -1).sum())
            )
        # Row ``width`` of ``codes`` is the average row.
        codes = np.vstack([np.eye(width), self.shares]).astype(np.float32)
        index[index == -1] = len(self.categories) if self.has_rare else width
        index[index == -2] = width - 1 if self.has_missing else width
        return codes[index]

    def _note_unseen(self, values: set[str], count: int) -> None:
        if values:
            examples = ", ".join(repr(value) for value in sorted(values)[:3])
            note(f"column {self.column!r}: {count} values not seen in training ({examples}) are encoded as an average row.")


def label_text(value: object) -> str:
    """A category's name, the same for every library and file format: 7 and 7.0 give '7', True gives 'true'."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _texts_of(series: nw.Series) -> list[str | None]:
    pairs = zip(object_values(series), is_missing(series), strict=True)
    return [None if absent else label_text(value) for value, absent in pairs]
