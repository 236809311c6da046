"""Encoder of numeric columns: centered, scaled and softly bounded, with missing values filled and marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import narwhals.stable.v2 as nw
import numpy as np

from lamina.data.columns.column_encoder import ColumnEncoder
from lamina.data.columns.missing import is_missing, object_values, times_array
from lamina.data.notes import note
from lamina.errors import DataError, InvalidSettingError, phrase

__all__ = ["NumberColumn", "Scaling"]

Scaling = Literal["robust", "standard"]

_BOUND = 3.0
_FARTHEST = 1e4  # standardized values are clipped here, so that 1e300 does not become infinite in float32
_IQR_OF_NORMAL = 1.349
_MICROSECONDS = {"s": 1e6, "ms": 1e3, "us": 1.0}
_SMALLEST, _LARGEST = float(np.finfo(np.float64).smallest_subnormal), float(np.finfo(np.float64).max)


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
    def fit(cls, series: nw.Series, scaling: Scaling) -> Self | None:
        """The encoder of a column, or None if it has no finite value, or only one value and none missing."""
        return cls.fit_values(series.name, numbers_of(series), scaling)

    @classmethod
    def fit_values(cls, column: str, values: np.ndarray, scaling: Scaling) -> Self | None:
        """:meth:`fit` on plain numbers, where NaN means missing."""
        has_missing = bool(np.isnan(values).any())
        finite = values[np.isfinite(values)]
        if len(finite) == 0:
            return None
        low, high = float(finite.min()), float(finite.max())
        if low == high and not has_missing:
            return None
        if num_infinite := int(np.isinf(values).sum()):
            note(f"column {column!r}: {num_infinite} infinite values are replaced by the largest or smallest finite one.")
        center, scale = _location(np.clip(values[~np.isnan(values)], low, high), scaling)
        return cls(column, scaling, center, scale, low, high, has_missing)

    @property
    def feature_names(self) -> list[str]:
        return [self.column, f"{self.column}=(missing)"] if self.has_missing else [self.column]

    def transform(self, series: nw.Series) -> np.ndarray:
        return self.encode(numbers_of(series))

    def encode(self, values: np.ndarray) -> np.ndarray:
        """The features of plain numbers, where NaN means missing."""
        missing = np.isnan(values)
        values = np.where(np.isposinf(values), self.high, np.where(np.isneginf(values), self.low, values))
        with np.errstate(over="ignore", under="ignore"):
            z = np.clip(self._standardized(values), -_FARTHEST, _FARTHEST)
            if self.scaling == "robust":
                z = z / np.sqrt(1.0 + (z / _BOUND) ** 2)
            z[missing] = 0.0
            columns = [z, missing] if self.has_missing else [z]
            return np.stack(columns, axis=1).astype(np.float32)

    def _standardized(self, values: np.ndarray) -> np.ndarray:
        shift = values - self.center
        standardized: np.ndarray = shift / self.scale
        # The difference of two huge numbers of opposite sign overflows; half of it does not.
        if (far := np.isinf(shift)).any():
            standardized[far] = (values[far] / 2.0 - self.center / 2.0) / (self.scale / 2.0)
        return standardized


def numbers_of(series: nw.Series) -> np.ndarray:
    """A column's numbers, ndarray of shape (n,) float64, NaN where missing; numeric text is parsed."""
    missing = is_missing(series)
    values = np.full(len(series), np.nan)
    if isinstance(series.dtype, nw.Duration):
        values[~missing] = _microseconds(series)[~missing]
        return values
    if series.dtype.is_numeric() or series.dtype == nw.Boolean:
        known = series.filter((~missing).tolist()) if missing.any() else series
        # Arrow's own cast rejects integers beyond 2^53; NumPy has no 128-bit integers.
        if not series.dtype.is_integer() or series.dtype in (nw.Int128, nw.UInt128):
            known = known.cast(nw.Float64)
        values[~missing] = np.asarray(known.to_numpy(), dtype=np.float64)
        return values
    objects = object_values(series)
    for i in np.flatnonzero(~missing):
        values[i] = _number(series.name, objects[i], int(i))
    return values


def _microseconds(series: nw.Series) -> np.ndarray:
    """Durations, ndarray of shape (n,) float64; arbitrary where missing."""
    durations = times_array(series)
    unit = np.datetime_data(durations.dtype)[0]
    counts = durations.astype(np.float64)
    return counts / 1e3 if unit == "ns" else counts * _MICROSECONDS[unit]


def _number(column: str, value: object, row: int) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(
            f"column {column!r} must hold numbers, as in training, got {value!r} (row {row + 1}). Correct it or leave it empty."
        ) from error


def _location(values: np.ndarray, scaling: str) -> tuple[float, float]:
    """Center and scale, computed relative to the largest value so that squares of huge numbers do not overflow."""
    unit = float(np.abs(values).max()) or 1.0
    with np.errstate(over="ignore", under="ignore"):
        values = values / unit
        center, scale = float(np.mean(values)), float(np.std(values))
        if scaling == "robust":
            first, center, third = (float(q) for q in np.quantile(values, [0.25, 0.5, 0.75]))
            scale = (third - first) / _IQR_OF_NORMAL or scale
        # Clipped to the range of positive floats: values that differ must not get a scale of 0 or infinity.
        return center * unit, float(np.clip(scale * unit, _SMALLEST, _LARGEST)) if scale else 1.0
