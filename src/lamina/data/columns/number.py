"""Encoder of numeric columns: centered, scaled and softly bounded, with missing values filled and marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
from array_api_compat import array_namespace

from lamina.data.columns.arithmetic import Formula
from lamina.data.columns.column_encoder import ColumnEncoder
from lamina.data.columns.number_summary import NumbersOfArray, NumberSummary
from lamina.data.notes import note
from lamina.data.values import Values
from lamina.errors import InvalidSettingError, phrase

__all__ = ["NumberColumn", "NumberScale", "Scaling"]

Scaling = Literal["robust", "standard"]

_BOUND = 3.0
_FARTHEST = 1e4  # standardized values are clipped here, so that 1e300 does not become infinite in float32
_IQR_OF_NORMAL = 1.349
_SMALLEST, _LARGEST = float(np.finfo(np.float64).smallest_subnormal), float(np.finfo(np.float64).max)


class NumberScale(NamedTuple):
    """The arithmetic of :class:`NumberColumn`: of one column, or of several side by side with an array for each number of it."""

    scaling: str
    center: float | np.ndarray
    scale: float | np.ndarray
    low: float | np.ndarray
    high: float | np.ndarray

    def apply(self, numbers: np.ndarray) -> np.ndarray:
        """The features of numbers, ndarray of the same shape float64; 0 where they are NaN."""
        # Infinities become the extremes of training; other numbers may lie beyond these.
        if (infinite := np.isinf(numbers)).any():
            numbers = np.where(infinite, np.clip(numbers, self.low, self.high), numbers)
        with np.errstate(over="ignore", under="ignore"):
            z = self._standardized(numbers)
            np.clip(z, -_FARTHEST, _FARTHEST, out=z)
            if self.scaling == "robust":
                z /= np.sqrt(1.0 + (z / _BOUND) ** 2)
        z[np.isnan(numbers)] = 0.0
        return z

    def formula(self, numbers: Any) -> Any:
        """:meth:`apply`, of arrays of any library that follows the array API standard."""
        xp = array_namespace(numbers)
        is_missing = xp.isnan(numbers)
        finite = xp.where(xp.isinf(numbers), xp.clip(numbers, min=self.low, max=self.high), numbers)
        shift = finite - self.center
        halves = (finite / 2.0 - self.center / 2.0) / (self.scale / 2.0)
        z = xp.clip(xp.where(xp.isinf(shift), halves, shift / self.scale), min=-_FARTHEST, max=_FARTHEST)
        if self.scaling == "robust":
            z = z / xp.sqrt(1.0 + (z / _BOUND) ** 2)
        return xp.where(is_missing, 0.0, z)

    def _standardized(self, numbers: np.ndarray) -> np.ndarray:
        shift = numbers - self.center
        standardized: np.ndarray = shift / self.scale
        # The difference of two huge numbers of opposite sign overflows; half of it does not.
        if (far := np.isinf(shift)).any():
            center, scale = (np.broadcast_to(part, numbers.shape)[far] for part in (self.center, self.scale))
            standardized[far] = (numbers[far] / 2.0 - center / 2.0) / (scale / 2.0)
        return standardized


@dataclass(frozen=True)
class NumberColumn(ColumnEncoder):
    """Encodes a number as ``z = (x - center) / scale``.

    With ``robust`` scaling, center is the median, scale is the interquartile range over 1.349 (which estimates the standard
    deviation of a normal column), and the result is ``z / sqrt(1 + (z / 3)^2)``: nearly z inside ±1, never beyond ±3 (Holzmüller,
    Grinsztajn and Steinwart 2024, "Better by default", section 3). If the quartiles are equal, scale is the
    standard deviation. With ``standard`` scaling, center and scale are mean and standard deviation.

    Missing values become 0 (the center) and, if training had any, 1 in a second feature. Infinities are replaced by the
    largest or smallest finite value seen in training.
    """

    kind: ClassVar[str] = "number"
    scaling: str
    center: float
    scale: float
    low: float
    high: float
    has_missing: bool

    def __post_init__(self) -> None:
        if self.scaling not in ("robust", "standard") or self.scale <= 0 or self.low > self.high:
            rule = "must have a known scaling, a scale > 0 and low <= high"
            raise InvalidSettingError(phrase(f"column {self.column!r}", rule, self))

    @classmethod
    def fit(cls, column: str, values: Values, scaling: Scaling) -> Self | None:
        """The encoder of a column, or None if it has no finite value, or only one value and none missing."""
        return cls.fit_numbers(column, values.array, scaling)

    @classmethod
    def fit_numbers(cls, column: str, numbers: np.ndarray, scaling: Scaling) -> Self | None:
        """:meth:`fit` on plain numbers, where NaN means missing."""
        return cls.of_summary(column, NumbersOfArray(numbers), scaling)

    @classmethod
    def of_summary(cls, column: str, numbers: NumberSummary, scaling: Scaling) -> Self | None:
        """:meth:`fit` on what is known of the numbers."""
        low, high, has_missing = numbers.low, numbers.high, numbers.num_missing > 0
        if numbers.num_finite == 0 or (low == high and not has_missing):
            return None
        if numbers.num_infinite:
            note(f"column {column!r}: {numbers.num_infinite} infinite values are replaced by the largest or smallest finite one.")
        center, scale = _location(numbers, max(-low, high) or 1.0, scaling)
        return cls(column, scaling, center, scale, low, high, has_missing)

    @property
    def feature_names(self) -> list[str]:
        return [self.column, f"{self.column}=(missing)"] if self.has_missing else [self.column]

    def is_unfamiliar(self, values: Values) -> np.ndarray:
        return self.is_out_of_range(values.array) | (values.missing & (not self.has_missing))

    def is_out_of_range(self, numbers: np.ndarray) -> np.ndarray:
        """Where numbers are smaller or larger than all that are known, ndarray of shape (n,) bool; NaN is neither."""
        return np.asarray((numbers < self.low) | (numbers > self.high))

    @property
    def arithmetic(self) -> Formula:
        return Formula(self._features)

    def _features(self, numbers: Any) -> tuple[Any, ...]:
        xp = array_namespace(numbers)
        scaled = self._number_scale.formula(numbers)
        return (scaled, xp.astype(xp.isnan(numbers), xp.float64)) if self.has_missing else (scaled,)

    def write(self, entries: np.ndarray, out: np.ndarray) -> None:
        with np.errstate(under="ignore"):
            out[:, 0] = self._number_scale.apply(entries)
        if self.has_missing:
            out[:, 1] = np.isnan(entries)

    @property
    def _number_scale(self) -> NumberScale:
        return NumberScale(self.scaling, self.center, self.scale, self.low, self.high)


def _location(numbers: NumberSummary, unit: float, scaling: str) -> tuple[float, float]:
    """Center and scale, computed relative to the size of the largest value so that squares of huge numbers do not overflow."""
    with np.errstate(over="ignore", under="ignore"):
        if scaling == "robust":
            first, center, third = numbers.quartiles(unit)
            scale = (third - first) / _IQR_OF_NORMAL or numbers.moments(unit)[1]
        else:
            center, scale = numbers.moments(unit)
        # Clipped to the range of positive floats: values that differ must not get a scale of 0 or infinity.
        return center * unit, float(np.clip(scale * unit, _SMALLEST, _LARGEST)) if scale else 1.0
