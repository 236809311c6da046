"""Test surfaces for descents: functions of two variables with their gradients, minima and usual starting points.

Each takes points of shape (..., 2) and evaluates all of them at once, so that the grid of a plot is one call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from lamina.activations import get_activation
from lamina.errors import InvalidSettingError, phrase_unknown

__all__ = ["SURFACES", "Surface", "get_surface"]

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Surface:
    """A test function of two variables with its gradient and minima.

    Parameters
    ----------
    name : str
        Its key in :data:`SURFACES`.
    formula : str
        f(x, y) as text.
    function : callable
        Points (..., 2) → values (...).
    gradient : callable
        Points (..., 2) → gradients (..., 2).
    minima : tuple of (float, float)
        All global minima; empty if they are not isolated points.
    start : (float, float)
        An instructive starting point for a descent.
    bounds : ((float, float), (float, float))
        The region to draw: (low, high) of x, then of y.
    source : str
        Author and year of its first use.

    Examples
    --------
    >>> rosenbrock = get_surface("rosenbrock")
    >>> rosenbrock(np.array([1.0, 1.0])), rosenbrock.minima
    (0.0, ((1.0, 1.0),))
    >>> X, Y, Z = rosenbrock.grid(5)
    >>> Z.shape
    (5, 5)
    """

    name: str
    formula: str
    function: Callable[[np.ndarray], np.ndarray]
    gradient: Callable[[np.ndarray], np.ndarray]
    minima: tuple[Point, ...]
    start: Point
    bounds: tuple[Point, Point]
    source: str

    def __call__(self, point: np.ndarray) -> float:
        """The value at one point, in the form that :func:`lamina.descent.minimize` expects."""
        return float(self.function(np.asarray(point, dtype=np.float64)))

    def grid(self, num: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """``num`` × ``num`` points over the bounds and their values: x, y, f(x, y), each of shape (num, num)."""
        x, y = (np.linspace(low, high, num) for low, high in self.bounds)
        X, Y = np.meshgrid(x, y)
        return X, Y, self.function(np.stack([X, Y], axis=-1))


def get_surface(surface: str | Surface) -> Surface:
    """The surface with that name; a surface is returned unchanged.

    Raises
    ------
    InvalidSettingError
        If there is none; the message suggests the nearest name.
    """
    if isinstance(surface, Surface):
        return surface
    if surface not in SURFACES:
        raise InvalidSettingError(phrase_unknown("surface", surface, SURFACES))
    return SURFACES[surface]


def _quadratic(
    curvature_x: float, curvature_y: float
) -> tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]]:
    """½ (a x² + b y²) and its gradient."""
    curvatures = np.array([curvature_x, curvature_y])
    return (lambda p: 0.5 * np.sum(curvatures * p**2, axis=-1)), (lambda p: curvatures * p)


def _rosenbrock(p: np.ndarray) -> np.ndarray:
    x, y = p[..., 0], p[..., 1]
    return np.asarray((1 - x) ** 2 + 100 * (y - x**2) ** 2)


def _d_rosenbrock(p: np.ndarray) -> np.ndarray:
    x, y = p[..., 0], p[..., 1]
    return np.stack([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)], axis=-1)


_BEALE = (1.5, 2.25, 2.625)


def _beale(p: np.ndarray) -> np.ndarray:
    x, y = p[..., 0], p[..., 1]
    return np.asarray(sum((c - x + x * y**k) ** 2 for k, c in enumerate(_BEALE, start=1)))


def _d_beale(p: np.ndarray) -> np.ndarray:
    x, y = p[..., 0], p[..., 1]
    residuals = [(k, c - x + x * y**k) for k, c in enumerate(_BEALE, start=1)]
    d_x = sum(2 * r * (y**k - 1) for k, r in residuals)
    d_y = sum(2 * r * k * x * y ** (k - 1) for k, r in residuals)
    return np.stack([np.asarray(d_x), np.asarray(d_y)], axis=-1)


def _saddle(p: np.ndarray) -> np.ndarray:
    x, y = p[..., 0], p[..., 1]
    return np.asarray(0.5 * x**2 + 0.25 * y**4 - 0.5 * y**2)


def _d_saddle(p: np.ndarray) -> np.ndarray:
    x, y = p[..., 0], p[..., 1]
    return np.stack([x, y**3 - y], axis=-1)


def _himmelblau(p: np.ndarray) -> np.ndarray:
    x, y = p[..., 0], p[..., 1]
    return np.asarray((x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2)


def _d_himmelblau(p: np.ndarray) -> np.ndarray:
    x, y = p[..., 0], p[..., 1]
    a, b = x**2 + y - 11, x + y**2 - 7
    return np.stack([4 * x * a + 2 * b, 2 * a + 4 * y * b], axis=-1)


# The cliff: the squared distance of the last state of an unrolled recurrent unit (weight w, bias b) from a target.
_CLIFF_STEPS, _CLIFF_FIRST, _CLIFF_TARGET = 12, 0.5, 0.7


def _cliff_state(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The unit's last state (...) and its gradient with respect to w and b (..., 2), computed in forward mode."""
    sigmoid = get_activation("sigmoid")
    w, b = p[..., 0], p[..., 1]
    x, d_x = np.full(w.shape, _CLIFF_FIRST), np.zeros(p.shape)
    for _ in range(_CLIFF_STEPS):
        y, slope = sigmoid.value(x), w * sigmoid.derivative(x)
        x, d_x = w * y + b, np.stack([y, np.ones_like(y)], axis=-1) + slope[..., np.newaxis] * d_x
    return x, d_x


def _cliff(p: np.ndarray) -> np.ndarray:
    return np.asarray((_cliff_state(p)[0] - _CLIFF_TARGET) ** 2)


def _d_cliff(p: np.ndarray) -> np.ndarray:
    x, d_x = _cliff_state(p)
    return np.asarray(2 * (x - _CLIFF_TARGET)[..., np.newaxis] * d_x)


_ROWS = (
    Surface(
        "bowl",
        "1/2 (x^2 + y^2)",
        *_quadratic(1.0, 1.0),
        minima=((0.0, 0.0),),
        start=(2.5, 1.5),
        bounds=((-3.0, 3.0), (-3.0, 3.0)),
        source="Cauchy 1847",
    ),
    Surface(
        "ravine",
        "1/2 (x^2 + 25 y^2)",
        *_quadratic(1.0, 25.0),
        minima=((0.0, 0.0),),
        start=(-4.0, 1.0),
        bounds=((-5.0, 5.0), (-2.0, 2.0)),
        source="Polyak 1964",
    ),
    Surface(
        "rosenbrock",
        "(1 - x)^2 + 100 (y - x^2)^2",
        _rosenbrock,
        _d_rosenbrock,
        minima=((1.0, 1.0),),
        start=(-1.2, 1.0),
        bounds=((-2.0, 2.0), (-1.0, 3.0)),
        source="Rosenbrock 1960",
    ),
    Surface(
        "beale",
        "(1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2",
        _beale,
        _d_beale,
        minima=((3.0, 0.5),),
        start=(1.0, 1.0),
        bounds=((-1.0, 4.5), (-2.0, 2.0)),
        source="Beale 1958",
    ),
    Surface(
        "saddle",
        "1/2 x^2 + 1/4 y^4 - 1/2 y^2",
        _saddle,
        _d_saddle,
        minima=((0.0, -1.0), (0.0, 1.0)),
        start=(1.5, 0.001),
        bounds=((-2.0, 2.0), (-1.6, 1.6)),
        source="Nesterov 2004, example 1.2.2",
    ),
    Surface(
        "himmelblau",
        "(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
        _himmelblau,
        _d_himmelblau,
        minima=(
            (3.0, 2.0),
            (-2.805118086952745, 3.131312518250573),
            (-3.779310253377747, -3.283185991286170),
            (3.584428340330492, -1.848126526964404),
        ),
        start=(0.0, 0.0),
        bounds=((-5.0, 5.0), (-5.0, 5.0)),
        source="Himmelblau 1972",
    ),
    Surface(
        "cliff",
        "(s_12 - 0.7)^2,  s_t = x sigmoid(s_(t-1)) + y,  s_0 = 0.5",
        _cliff,
        _d_cliff,
        minima=(),
        start=(5.5, -2.0),
        bounds=((3.0, 6.5), (-3.5, -0.5)),
        source="Pascanu, Mikolov & Bengio 2013, figure 6, with 12 steps where they take 50",
    ),
)

#: Every surface by name.
SURFACES: Mapping[str, Surface] = MappingProxyType({row.name: row for row in _ROWS})
