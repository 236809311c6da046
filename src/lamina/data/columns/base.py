"""What the encoders of one column have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import narwhals.stable.v2 as nw
import numpy as np

__all__ = ["ColumnEncoder", "is_missing", "object_values"]


@dataclass(frozen=True)
class ColumnEncoder(ABC):
    """Turns one column of a table into features; fitted when made, and never changed afterwards."""

    kind: ClassVar[str]
    column: str

    @property
    @abstractmethod
    def feature_names(self) -> list[str]:
        """One name a feature."""

    @abstractmethod
    def transform(self, series: nw.Series) -> np.ndarray:
        """The features of a column, ndarray of shape (n, number of features) float32."""

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold of this encoder."""
        return {"kind": self.kind, **asdict(self)}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        """The encoder that :meth:`to_dict` described."""
        fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in state.items()}
        fields.pop("kind", None)  # absent where one encoder lies inside another
        return cls(**fields)


def is_missing(series: nw.Series) -> np.ndarray:
    """Where a column holds null or NaN, ndarray of shape (n,) bool."""
    missing = np.asarray(series.is_null().to_numpy(), dtype=bool)
    if series.dtype.is_float():
        missing = missing | np.asarray(series.is_nan().fill_null(True).to_numpy(), dtype=bool)
    return missing


def object_values(series: nw.Series) -> np.ndarray:
    """A column's values as Python objects, ndarray of shape (n,) object, None where missing."""
    values = np.empty(len(series), dtype=object)
    values[:] = series.to_list()
    # pandas has pd.NA, NaN and NaT for missing; comparing with the first raises.
    values[is_missing(series)] = None
    return values
