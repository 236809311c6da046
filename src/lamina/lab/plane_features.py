"""Features of points in the plane: what a network may get beside, or in place of, the two coordinates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

__all__ = ["COORDINATES", "FEATURES", "PlaneFeature", "features_of"]


class PlaneFeature(NamedTuple):
    """A number that is computed of a point's coordinates.

    Attributes
    ----------
    label : str
        As the page calls it.
    code : str
        As Python, of arrays ``x1`` and ``x2``.
    compute : callable
        The same, as a function of the two arrays.
    """

    label: str
    code: str
    compute: Callable[[np.ndarray, np.ndarray], np.ndarray]


#: The features by name, in the order in which a network gets them. Points lie between -1 and 1: there the sine has one period.
FEATURES: Mapping[str, PlaneFeature] = MappingProxyType(
    {
        "x1": PlaneFeature("x₁", "x1", lambda x1, x2: x1),
        "x2": PlaneFeature("x₂", "x2", lambda x1, x2: x2),
        "x1^2": PlaneFeature("x₁²", "x1**2", lambda x1, x2: x1**2),
        "x2^2": PlaneFeature("x₂²", "x2**2", lambda x1, x2: x2**2),
        "x1*x2": PlaneFeature("x₁x₂", "x1 * x2", lambda x1, x2: x1 * x2),
        "sin(pi*x1)": PlaneFeature("sin(πx₁)", "np.sin(np.pi * x1)", lambda x1, x2: np.sin(np.pi * x1)),
        "sin(pi*x2)": PlaneFeature("sin(πx₂)", "np.sin(np.pi * x2)", lambda x1, x2: np.sin(np.pi * x2)),
    }
)
#: The names of the points' own numbers.
COORDINATES = ("x1", "x2")


def features_of(points: np.ndarray, names: Iterable[str]) -> np.ndarray:
    """The features of points, one column each.

    Parameters
    ----------
    points : ndarray of shape (n, 2)
    names : iterable of str
        Of :data:`FEATURES`.

    Returns
    -------
    ndarray of shape (n, features)
        Of the points' dtype.

    Examples
    --------
    >>> features_of(np.array([[0.5, -1.0]]), ("x1", "x2^2", "x1*x2")).tolist()
    [[0.5, 1.0, -0.5]]
    """
    x1, x2 = points.T
    return np.column_stack([FEATURES[name].compute(x1, x2) for name in names])
