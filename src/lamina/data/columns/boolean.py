"""Encoder of boolean columns: -1 and 1, with missing values 0 and marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import narwhals.stable.v2 as nw
import numpy as np

from lamina.data.columns.column_encoder import ColumnEncoder
from lamina.data.columns.missing import is_missing, object_values
from lamina.errors import DataError

__all__ = ["BooleanColumn"]

_SPELLED = {"true": 1.0, "false": -1.0, "1": 1.0, "0": -1.0, "1.0": 1.0, "0.0": -1.0}


@dataclass(frozen=True)
class BooleanColumn(ColumnEncoder):
    """Encodes True as 1, False as -1 and missing as 0; a second feature marks missing values if training had any."""

    kind: ClassVar[str] = "boolean"
    has_missing: bool

    @classmethod
    def fit(cls, series: nw.Series) -> Self | None:
        """The encoder of a column, or None if the column holds only one value."""
        missing = is_missing(series)
        encoder = cls(series.name, bool(missing.any()))
        if len(np.unique(encoder.transform(series), axis=0)) < 2:
            return None
        return encoder

    @property
    def feature_names(self) -> list[str]:
        return [self.column, f"{self.column}=(missing)"] if self.has_missing else [self.column]

    def transform(self, series: nw.Series) -> np.ndarray:
        missing = is_missing(series)
        signs = np.zeros(len(series), dtype=np.float32)
        values = object_values(series)
        # Keyed by text, because lists and dicts, which are rejected, cannot be hashed.
        texts = [str(value) for value in values]
        signs_of = {text: self._sign(value) for text, value, absent in zip(texts, values, missing, strict=True) if not absent}
        signs[~missing] = [signs_of[text] for text, absent in zip(texts, missing, strict=True) if not absent]
        return np.stack([signs, missing], axis=1).astype(np.float32) if self.has_missing else signs[:, np.newaxis]

    def _sign(self, value: object) -> float:
        sign = _SPELLED.get(str(value).strip().lower())
        if sign is None:
            raise DataError(
                f"column {self.column!r} must hold true or false, as in training, got {value!r}. Correct it or leave it empty."
            )
        return sign
