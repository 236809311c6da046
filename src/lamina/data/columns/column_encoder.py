"""Base class of the column encoders."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np

from lamina.data.columns.arithmetic import Arithmetic
from lamina.data.values import Values

__all__ = ["ColumnEncoder"]


@dataclass(frozen=True)
class ColumnEncoder(ABC):
    """Turns the values of one column into features; fitted on creation and immutable afterwards."""

    kind: ClassVar[str]
    column: str

    @property
    def reads(self) -> str:
        """The kind of values that it encodes."""
        return self.kind

    @property
    @abstractmethod
    def feature_names(self) -> list[str]:
        """One name per feature."""

    def entries(self, values: Values) -> np.ndarray:
        """What :meth:`write` makes the features of, an entry a row, ndarray of shape (n,)."""
        return values.array

    @abstractmethod
    def is_unfamiliar(self, values: Values) -> np.ndarray:
        """Where values are unlike those of training, as far as the encoder knows these, ndarray of shape (n,) bool.

        A missing value is, if training had none.
        """

    @abstractmethod
    def write(self, entries: np.ndarray, out: np.ndarray) -> None:
        """Write the features of some rows to ``out``, ndarray of shape (number of entries, number of features) float32."""

    @property
    def arithmetic(self) -> Arithmetic | None:
        """What :meth:`write` computes, as data; None if it cannot be said so."""
        return None

    def to_dict(self) -> dict[str, Any]:
        """This encoder as a dict of what JSON can hold, and of arrays where it has many numbers."""
        return {"kind": self.kind, **asdict(self)}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        """The encoder described by :meth:`to_dict`."""
        fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in state.items()}
        fields.pop("kind", None)  # absent if the encoder is nested in another
        return cls(**fields)
