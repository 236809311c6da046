"""Encoder of categorical columns of many values: one feature, the code of the category, of which a network learns a vector."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self, cast

import numpy as np

from lamina.data.columns.arithmetic import Lookup
from lamina.data.columns.category import CategoryColumn
from lamina.data.columns.column_encoder import ColumnEncoder
from lamina.data.columns.frequent import CategoryCounts, count_categories
from lamina.data.values import Values
from lamina.errors import InvalidSettingError, phrase

__all__ = ["CodedColumn"]

_UNKNOWN = 0


@dataclass(frozen=True)
class CodedColumn(ColumnEncoder):
    """The codes of the categories that were frequent in training: whole numbers from 1, for :class:`~lamina.layers.Embedding`.

    Rare categories of the training table share code 0, which unseen categories get too. Missing values have the last code if
    training had any; otherwise they are treated as unseen.
    """

    kind: ClassVar[str] = "codes"
    categories: tuple[str, ...]
    has_missing: bool

    def __post_init__(self) -> None:
        if not self.categories or len(self._codes) < len(self.categories):
            rule = "must have distinct categories, at least one"
            raise InvalidSettingError(phrase(f"column {self.column!r}", rule, self.categories))

    @classmethod
    def fit(cls, column: str, values: Values, *, min_count: int, fewest: int) -> Self | None:
        """The encoder of a column, or None if fewer than ``fewest`` categories have ``min_count`` rows."""
        return cls.of_counts(column, count_categories(values, min_count), fewest=fewest)

    @classmethod
    def of_counts(cls, column: str, counted: CategoryCounts, *, fewest: int) -> Self | None:
        """:meth:`fit` on the counts of the frequent categories."""
        return None if len(counted.frequent) < fewest else cls(column, tuple(counted.frequent), counted.missing > 0)

    @property
    def reads(self) -> str:
        return CategoryColumn.kind

    @property
    def cardinality(self) -> int:
        """The number of codes."""
        return 1 + len(self.categories) + self.has_missing

    @property
    def feature_names(self) -> list[str]:
        return [self.column]

    def entries(self, values: Values) -> np.ndarray:
        """The code of each row, ndarray of shape (n,) int32."""
        codes = np.array([*(self._codes.get(name, _UNKNOWN) for name in _names(values)), self._missing_code], dtype=np.int32)
        return np.asarray(codes[values.array])

    def is_unfamiliar(self, values: Values) -> np.ndarray:
        # Rare categories are not known by name.
        of_codes = np.array([*(name not in self._codes for name in _names(values)), not self.has_missing], dtype=bool)
        return np.asarray(of_codes[values.array])

    @property
    def arithmetic(self) -> Lookup:
        codes = [*range(1, len(self.categories) + 1), _UNKNOWN, self._missing_code]
        return Lookup(self.categories, np.array(codes, dtype=np.float32)[:, None])

    def write(self, entries: np.ndarray, out: np.ndarray) -> None:
        out[:, 0] = entries

    @property
    def _missing_code(self) -> int:
        return self.cardinality - 1 if self.has_missing else _UNKNOWN

    @cached_property
    def _codes(self) -> dict[str, int]:
        return {name: code for code, name in enumerate(self.categories, start=1)}


def _names(values: Values) -> list[str]:
    return cast("list[str]", cast("np.ndarray", values.names).tolist())
