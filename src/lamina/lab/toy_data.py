"""Points in the plane to learn from: what a network can do with them is seen at a glance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import numpy as np

__all__ = ["TOYS", "Toy", "ToyRows"]


class ToyRows(NamedTuple):
    """Points and what belongs to each.

    Attributes
    ----------
    X : ndarray of shape (n, 2), float32
        Most of them between -1 and 1.
    y : ndarray of shape (n,), float32
        Class 0 or 1, or a number from -1 to 1.
    """

    X: np.ndarray
    y: np.ndarray


_Made: TypeAlias = "tuple[np.ndarray, np.ndarray]"


class Toy(NamedTuple):
    """A kind of points.

    Attributes
    ----------
    task : {"classification", "regression"}
    make : callable
        Draws a number of points, by a generator of random numbers, without noise.
    """

    task: str
    make: Callable[[int, np.random.Generator], _Made]

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; none of numbers."""
        return ("0", "1") if self.task == "classification" else ()

    def draw(self, rows: int, noise: float, seed: int) -> ToyRows:
        """Draw points; the same for the same seed.

        Parameters
        ----------
        rows : int
        noise : float
            The standard deviation of the normal noise that is added to the points.
        seed : int

        Returns
        -------
        ToyRows
        """
        rng = np.random.default_rng(seed)
        points, y = self.make(rows, rng)
        return ToyRows((points + noise * rng.normal(size=points.shape)).astype(np.float32), y.astype(np.float32))


def _square(rows: int, rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(-1, 1, size=(rows, 2))


def _halves(rows: int) -> np.ndarray:
    return np.arange(rows) % 2


def _xor(rows: int, rng: np.random.Generator) -> _Made:
    points = _square(rows, rng)
    return points, points[:, 0] * points[:, 1] > 0


def _linear(rows: int, rng: np.random.Generator) -> _Made:
    y = _halves(rows)
    return (2 * y - 1)[:, None] * 0.5 + 0.15 * rng.normal(size=(rows, 2)), y


def _circles(rows: int, rng: np.random.Generator) -> _Made:
    y = _halves(rows)
    angles, radii = rng.uniform(0, 2 * np.pi, rows), np.where(y == 1, rng.uniform(0, 0.4, rows), rng.uniform(0.7, 1, rows))
    return radii[:, None] * np.column_stack([np.cos(angles), np.sin(angles)]), y


def _moons(rows: int, rng: np.random.Generator) -> _Made:
    y, angles = _halves(rows), rng.uniform(0, np.pi, rows)
    upper = np.column_stack([np.cos(angles) - 0.5, np.sin(angles) - 0.25])
    return 0.65 * np.where(y[:, None] == 0, upper, -upper), y


def _spirals(rows: int, rng: np.random.Generator) -> _Made:
    """Lang & Witbrock, "Learning to tell two spirals apart", 1988, with less than their three turns."""
    y, along = _halves(rows), np.sqrt(rng.uniform(0.01, 1, rows))
    angles = 1.75 * 2 * np.pi * along + np.pi * y
    return along[:, None] * np.column_stack([np.sin(angles), np.cos(angles)]), y


def _plane(rows: int, rng: np.random.Generator) -> _Made:
    points = _square(rows, rng)
    return points, points.mean(axis=1)


def _waves(rows: int, rng: np.random.Generator) -> _Made:
    points = _square(rows, rng)
    return points, np.sin(np.pi * points[:, 0]) * np.cos(np.pi * points[:, 1])


#: The kinds of points by name, with what is asked of them.
TOYS: Mapping[str, Toy] = MappingProxyType(
    {
        "xor": Toy("classification", _xor),
        "circles": Toy("classification", _circles),
        "spirals": Toy("classification", _spirals),
        "moons": Toy("classification", _moons),
        "linear": Toy("classification", _linear),
        "plane": Toy("regression", _plane),
        "waves": Toy("regression", _waves),
    }
)
