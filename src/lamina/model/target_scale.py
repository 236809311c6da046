"""The scale on which a network learns numbers: invertible, and kept with the model as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self, TypeAlias

import numpy as np
from array_api_compat import array_namespace
from scipy.special import ndtri

from lamina.errors import DataError, InvalidSettingError, phrase
from lamina.moments import mean_and_deviation
from lamina.settings import Settings, from_name_or_dict
from lamina.validation import Rule, number, sequence_of

__all__ = [
    "SCALES",
    "LinearScale",
    "LogScale",
    "QuantileScale",
    "ScaleName",
    "SeveralScales",
    "TargetScale",
    "get_scale",
    "joined",
    "scale_of_means",
    "scale_of_medians",
    "spread_on",
]

ScaleName: TypeAlias = Literal["linear", "log", "quantile"]

_LARGEST_EXPONENT = 600.0  # predictions on a log scale stay finite, however far off they are
_MOST_KNOTS = 257
_OUTERMOST = 1e-3  # the normal distribution has no finite value for the smallest and the largest target


@dataclass(frozen=True)
class LinearScale(Settings):
    """``z = (y - center) / scale``.

    Parameters
    ----------
    center, scale : float, default=0.0, 1.0
        Mean and standard deviation of the training targets; for losses that take no negative numbers, 0 and the mean.

    Examples
    --------
    >>> scale = LinearScale.learn(np.array([1.0, 3.0]))
    >>> scale.forward(np.array([1.0, 3.0])).tolist()
    [-1.0, 1.0]
    """

    kind: ClassVar[str] = "linear"
    has_factor: ClassVar[bool] = False
    rules: ClassVar[Mapping[str, Rule]] = {"center": number(), "scale": number()}
    center: float = 0.0
    scale: float = 1.0

    @classmethod
    def learn(cls, y: np.ndarray, *, stays_positive: bool = False) -> Self:
        """The scale of the training targets, ndarray of shape (n,)."""
        mean, deviation = (float(moment) for moment in mean_and_deviation(y))
        return cls(0.0, mean or 1.0) if stays_positive else cls(mean, deviation or 1.0)

    def forward(self, y: np.ndarray) -> np.ndarray:
        """Targets as the network learns them."""
        return np.asarray((y - self.center) / self.scale)

    def inverse(self, z: np.ndarray) -> np.ndarray:
        """Targets of what the network predicts."""
        return z * self.scale + self.center


@dataclass(frozen=True)
class LogScale(Settings):
    """``z = (log(y / factor + offset) - center) / scale``, for targets that are not negative.

    The mean of logarithms is not the logarithm of the mean. What a network predicts on this scale is near the median of a target,
    and too small where its mean is asked for; ``factor`` makes up for that.

    Parameters
    ----------
    center, scale : float, default=0.0, 1.0
        Mean and standard deviation of the logarithms.
    offset : float, default=0.0
        Added to the targets; 0 if all are positive, otherwise a tenth of the median of those that are.
    factor : float, default=1.0
        Of the predictions: the sum of the training targets over that of what is predicted for them.

    References
    ----------
    Snowdon, "A ratio estimator for bias correction in logarithmic regressions", 1991.

    Examples
    --------
    >>> scale = LogScale.learn(np.array([10.0, 1000.0]))
    >>> scale.inverse(scale.forward(np.array([1.0, 10.0]))).round(9).tolist()
    [1.0, 10.0]
    """

    kind: ClassVar[str] = "log"
    has_factor: ClassVar[bool] = True
    rules: ClassVar[Mapping[str, Rule]] = {
        "center": number(),
        "scale": number(),
        "offset": number(0),
        "factor": number(0, closed="neither"),
    }
    center: float = 0.0
    scale: float = 1.0
    offset: float = 0.0
    factor: float = 1.0

    @classmethod
    def learn(cls, y: np.ndarray, *, lowest: float | None = None) -> Self:
        """The scale of targets.

        Parameters
        ----------
        y : ndarray of shape (n,)
            The training targets, >= 0 and not all 0.
        lowest : float, optional
            The smallest of all targets that the scale must take, >= 0; by default, of these.
        """
        lowest = float(y.min()) if lowest is None else lowest
        offset = 0.0 if lowest > 0 else float(np.median(y[y > 0])) / 10
        mean, deviation = (float(moment) for moment in mean_and_deviation(np.log(y + offset)))
        return cls(mean, deviation or 1.0, offset)

    def forward(self, y: np.ndarray) -> np.ndarray:
        """Targets as the network learns them."""
        return np.asarray((np.log(y / self.factor + self.offset) - self.center) / self.scale)

    def inverse(self, z: np.ndarray) -> np.ndarray:
        """Targets of what the network predicts, never below 0."""
        xp = array_namespace(z)
        exponent = xp.clip(z * self.scale + self.center, max=_LARGEST_EXPONENT)
        numbers: np.ndarray = xp.clip(xp.exp(exponent) - self.offset, min=0.0) * self.factor
        return numbers


@dataclass(frozen=True)
class QuantileScale(Settings):
    """The standard normal quantile of a target's rank, linear between knots and beyond them; predictions are medians.

    Parameters
    ----------
    values : tuple of float
        Targets at the knots, rising.
    normal : tuple of float
        What the network learns there, rising.

    Examples
    --------
    >>> scale = QuantileScale.learn(np.arange(101.0) ** 3)
    >>> bool(abs(scale.forward(np.array([50.0**3]))[0]) < 1e-9)
    True
    """

    kind: ClassVar[str] = "quantile"
    has_factor: ClassVar[bool] = False
    rules: ClassVar[Mapping[str, Rule]] = {"values": sequence_of(number()), "normal": sequence_of(number())}
    converters: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"values": tuple, "normal": tuple}
    values: tuple[float, ...]
    normal: tuple[float, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        values, normal = np.array(self.values), np.array(self.normal)
        if len(values) != len(normal) or len(values) < 2 or not (np.diff(values) > 0).all() or not (np.diff(normal) > 0).all():
            raise DataError(phrase("the knots of a quantile scale", "must be two or more pairs that rise", [*self.values[:4]]))

    @classmethod
    def learn(cls, y: np.ndarray) -> Self:
        """The scale of training targets, ndarray of shape (n,), that are not all equal; equal ones share a knot."""
        ordered = np.sort(y)
        values = np.unique(ordered[np.linspace(0, len(y) - 1, min(len(y), _MOST_KNOTS)).round().astype(int)])
        below, upto = (np.searchsorted(ordered, values, side=side) for side in ("left", "right"))
        share = (below + upto) / (2 * len(y))
        normal = ndtri(np.clip(share, _OUTERMOST, 1 - _OUTERMOST))
        # Clipping may make the outermost ones equal.
        normal, first = np.unique(normal, return_index=True)
        return cls(tuple(values[first].tolist()), tuple(normal.tolist()))

    def forward(self, y: np.ndarray) -> np.ndarray:
        """Targets as the network learns them."""
        return _interpolated(y, np.array(self.values), np.array(self.normal))

    def inverse(self, z: np.ndarray) -> np.ndarray:
        """Targets of what the network predicts."""
        return _interpolated(z, np.array(self.normal), np.array(self.values))


_OfOne: TypeAlias = LinearScale | LogScale | QuantileScale

SCALES: Mapping[str, type[_OfOne]] = {scale.kind: scale for scale in (LinearScale, LogScale, QuantileScale)}
"""The scales of one target by name."""


@dataclass(frozen=True)
class SeveralScales(Settings):
    """A scale for each of several targets, the columns of arrays of shape (n, targets).

    Parameters
    ----------
    scales : tuple of LinearScale, LogScale or QuantileScale

    Examples
    --------
    >>> scale = SeveralScales((LinearScale(1.0, 2.0), LinearScale()))
    >>> scale.forward(np.array([[5.0, 7.0]])).tolist()
    [[2.0, 7.0]]
    """

    kind: ClassVar[str] = "several"
    converters: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        "scales": lambda given: tuple(get_scale(scale) if isinstance(scale, Mapping) else scale for scale in given)
    }
    scales: tuple[_OfOne, ...]

    @property
    def has_factor(self) -> bool:
        """Whether any of the scales has."""
        return any(scale.has_factor for scale in self.scales)

    def forward(self, y: np.ndarray) -> np.ndarray:
        """Targets as the network learns them."""
        return np.column_stack([scale.forward(column) for scale, column in zip(self.scales, y.T, strict=True)])

    def inverse(self, z: np.ndarray) -> np.ndarray:
        """Targets of what the network predicts."""
        targets: np.ndarray = array_namespace(z).stack([scale.inverse(z[:, i]) for i, scale in enumerate(self.scales)], axis=1)
        return targets


TargetScale: TypeAlias = _OfOne | SeveralScales

_KNOWN: Mapping[str, type[TargetScale]] = {**SCALES, SeveralScales.kind: SeveralScales}


def joined(scales: Sequence[_OfOne]) -> TargetScale:
    """The scale of all targets: of a single one, its own."""
    return SeveralScales(tuple(scales)) if len(scales) > 1 else scales[0]


def get_scale(given: Any) -> TargetScale:
    """The scale that ``to_dict`` described.

    Raises
    ------
    InvalidSettingError
        If the description is none.

    Examples
    --------
    >>> get_scale({"kind": "linear", "center": 3.0, "scale": 2.0})
    LinearScale(center=3.0, scale=2.0)
    """
    return from_name_or_dict(given, _KNOWN, {}, family="target scale", accepted="a description of one")


def scale_of_medians(scale: TargetScale) -> TargetScale:
    """The scale without a factor, on which a network learns.

    >>> scale_of_medians(LogScale(offset=2.0, factor=1.5))
    LogScale(center=0.0, scale=1.0, offset=2.0, factor=1.0)
    """
    if isinstance(scale, SeveralScales):
        return SeveralScales(tuple(_of_medians(each) for each in scale.scales))
    return _of_medians(scale)


def scale_of_means(scale: TargetScale, y: np.ndarray, predicted: np.ndarray, weight: np.ndarray | None = None) -> TargetScale:
    """The scale whose predictions have the mean of the training targets, as far as it has a factor.

    The factor stays where none gives that mean: all targets are 0, or all predictions.

    Parameters
    ----------
    scale : TargetScale
    y, predicted : ndarray of shape (n,) or (n, targets)
        Targets, and what is predicted for them on this scale.
    weight : ndarray of shape (n,), optional

    Examples
    --------
    >>> scale_of_means(LogScale(), np.array([1.0, 5.0]), np.array([1.0, 3.0])).factor
    1.5
    """
    if isinstance(scale, SeveralScales):
        columns = zip(scale.scales, y.T, predicted.T, strict=True)
        return SeveralScales(tuple(_of_means(*column, weight) for column in columns))
    return _of_means(scale, y, predicted, weight)


def spread_on(scale: TargetScale, spread: np.ndarray) -> np.ndarray:
    """The standard deviations of targets, of those that the network predicts.

    Parameters
    ----------
    scale : LinearScale, or SeveralScales of these
        On others, what is normally distributed for the network is not so for the target.
    spread : ndarray of shape (n,) or (n, targets)

    Raises
    ------
    InvalidSettingError
        If a scale is not linear.

    Examples
    --------
    >>> spread_on(LinearScale(center=5.0, scale=2.0), np.array([1.0, 3.0])).tolist()
    [2.0, 6.0]
    """
    factors = []
    for each in scale.scales if isinstance(scale, SeveralScales) else (scale,):
        if not isinstance(each, LinearScale):
            raise InvalidSettingError(phrase("the target's scale", "must be linear for a predicted spread", each.kind))
        factors.append(each.scale)
    return np.asarray(spread * np.array(factors))


def _of_medians(scale: _OfOne) -> _OfOne:
    return replace(scale, factor=1.0) if isinstance(scale, LogScale) else scale


def _of_means(scale: _OfOne, y: np.ndarray, predicted: np.ndarray, weight: np.ndarray | None) -> _OfOne:
    if not isinstance(scale, LogScale):
        return scale
    mean, of_predicted = (float(np.average(numbers, weights=weight)) for numbers in (y, predicted))
    factor = scale.factor * mean / of_predicted if of_predicted > 0 else 0.0
    return replace(scale, factor=factor) if 0 < factor < np.inf else scale


def _interpolated(x: np.ndarray, knots: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Linear between the knots, and beyond them as in the outermost interval."""
    xp = array_namespace(x)
    of_intervals = (xp.asarray(numbers) for numbers in (knots[:-1], values[:-1], np.diff(values) / np.diff(knots)))
    interval = xp.clip(xp.searchsorted(xp.asarray(knots), x, side="right") - 1, min=0, max=len(knots) - 2)
    knot, value, slope = (xp.take(numbers, interval, axis=0) for numbers in of_intervals)
    interpolated: np.ndarray = value + (x - knot) * slope
    return interpolated
