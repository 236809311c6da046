"""Booleans: false is -1, true is 1; missing values are 0 and marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from array_api_compat import array_namespace

from lamina.data.columns.arithmetic import Formula
from lamina.data.columns.column_encoder import ColumnEncoder
from lamina.data.values import MISSING_CODE, Values

__all__ = ["BooleanColumn"]


@dataclass(frozen=True)
class BooleanColumn(ColumnEncoder):
    """True becomes 1, False -1, missing 0; a second feature marks missing values if the training table had any."""

    kind: ClassVar[str] = "boolean"
    has_missing: bool

    @classmethod
    def fit(cls, column: str, values: Values) -> Self | None:
        """The encoder of a column, or None if all rows hold the same value."""
        return cls.of_codes(column, frozenset(np.unique(values.array).tolist()))

    @classmethod
    def of_codes(cls, column: str, present: frozenset[int]) -> Self | None:
        """:meth:`fit` on the codes that rows hold."""
        return cls(column, MISSING_CODE in present) if len(present) > 1 else None

    @property
    def feature_names(self) -> list[str]:
        return [self.column, f"{self.column}=(missing)"] if self.has_missing else [self.column]

    def is_unfamiliar(self, values: Values) -> np.ndarray:
        return values.missing & (not self.has_missing)

    @property
    def arithmetic(self) -> Formula:
        return Formula(self._features)

    def _features(self, numbers: Any) -> tuple[Any, ...]:
        xp = array_namespace(numbers)
        is_true, is_false = numbers == 1.0, numbers == 0.0
        sign = xp.astype(is_true, xp.float64) - xp.astype(is_false, xp.float64)
        return (sign, xp.astype(~(is_true | is_false), xp.float64)) if self.has_missing else (sign,)

    def write(self, entries: np.ndarray, out: np.ndarray) -> None:
        missing = entries == MISSING_CODE
        out[:, 0] = np.where(missing, 0, 2 * entries - 1)
        if self.has_missing:
            out[:, 1] = missing
