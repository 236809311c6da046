"""Encoder of categorical columns: a feature per frequent category, one for rare and unseen values, one for missing values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self, cast

import numpy as np

from lamina.data.columns.arithmetic import Lookup
from lamina.data.columns.column_encoder import ColumnEncoder
from lamina.data.columns.frequent import CategoryCounts, count_categories
from lamina.data.notes import note
from lamina.data.values import Values
from lamina.errors import InvalidSettingError, counted, phrase

__all__ = ["CategoryColumn"]

_AVERAGE = -1  # the slot of what counts as an average row


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
    def fit(cls, column: str, values: Values, *, min_count: int, max_categories: int) -> Self | None:
        """The encoder of a column, or None if it has only one category."""
        return cls.of_counts(column, count_categories(values, min_count), max_categories=max_categories)

    @classmethod
    def of_counts(cls, column: str, counted: CategoryCounts, *, max_categories: int) -> Self | None:
        """:meth:`fit` on the counts of the frequent categories."""
        counted = counted.most(max_categories)
        rare, missing = counted.rare, counted.missing
        slots = [*counted.frequent.values(), *([rare] if rare else []), *([missing] if missing else [])]
        if len(slots) < 2:
            return None
        shares = tuple(count / counted.num_rows for count in slots)
        return cls(column, tuple(counted.frequent), shares, has_rare=rare > 0, has_missing=missing > 0)

    @property
    def feature_names(self) -> list[str]:
        extra = ["(rare)"] * self.has_rare + ["(missing)"] * self.has_missing
        return [f"{self.column}={value}" for value in (*self.categories, *extra)]

    def is_unfamiliar(self, values: Values) -> np.ndarray:
        # Rare categories have no slot of their own and are not known by name.
        names = cast("np.ndarray", values.names).tolist()
        of_codes = np.array([*(name not in self.categories for name in names), not self.has_missing], dtype=bool)
        unfamiliar: np.ndarray = of_codes[values.array]
        return unfamiliar

    @property
    def arithmetic(self) -> Lookup:
        slots = np.array([*range(len(self.categories)), self._rare_slot, self._missing_slot], dtype=np.int32)
        features = np.empty((len(slots), len(self.shares)), dtype=np.float32)
        self.write(slots, features)
        return Lookup(self.categories, features)

    def write(self, entries: np.ndarray, out: np.ndarray) -> None:
        is_average = entries == _AVERAGE
        out[:] = 0.0
        rows = np.flatnonzero(~is_average) if is_average.any() else np.arange(len(entries))
        out[rows, entries[rows]] = 1.0
        out[is_average] = np.array(self.shares, dtype=np.float32)

    def entries(self, values: Values) -> np.ndarray:
        """The slot of each row, ndarray of shape (n,) int32; -1 where it counts as an average row."""
        slots: np.ndarray = self._slots_of_codes(values)[values.array]
        return slots

    @property
    def _rare_slot(self) -> int:
        """The slot of rare and unseen categories."""
        return len(self.categories) if self.has_rare else _AVERAGE

    @property
    def _missing_slot(self) -> int:
        return len(self.shares) - 1 if self.has_missing else _AVERAGE

    def _slots_of_codes(self, values: Values) -> np.ndarray:
        """The slot of each code, that of the missing last."""
        names = cast("np.ndarray", values.names).tolist()
        known = {name: i for i, name in enumerate(self.categories)}
        rare = self._rare_slot
        slots = np.array([*(known.get(name, rare) for name in names), self._missing_slot], dtype=np.int32)
        if not self.has_rare:
            unseen = slots[:-1] == _AVERAGE
            count = int(np.append(unseen, False)[values.array].sum()) if unseen.any() else 0
            if count:
                used = set(np.unique(values.array).tolist())
                self._note_unseen({names[i] for i in np.flatnonzero(unseen).tolist() if i in used}, count)
        return slots

    def _note_unseen(self, values: set[str], count: int) -> None:
        if values:
            examples = ", ".join(repr(value) for value in sorted(values)[:3])
            rows = counted(count, "row")
            note(f"column {self.column!r}: {rows} of values not seen in training ({examples}), encoded as an average row.")
