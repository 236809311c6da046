"""Mean and standard deviation without overflow or underflow, for numbers of any size."""

from __future__ import annotations

from functools import reduce
from typing import Any, Literal

import numpy as np

__all__ = ["RunningMoments", "common_exponent", "mean_and_deviation"]


def common_exponent(*arrays: np.ndarray, axis: Literal[0] | None = None) -> Any:
    """The integer e for which the largest magnitude in ``arrays`` lies in [2^(e-1), 2^e), or one for each column.

    Scaled by 2^-e (``numpy.ldexp``) the numbers lie in [-1, 1]: their squares do not overflow, and the largest do not underflow.
    Unlike division by the largest number, this scaling is exact, so ordinary numbers give the same bits with and without it. e is
    0 where the largest magnitude is 0, infinite or NaN.

    >>> int(common_exponent(np.array([0.1, -3.0]), np.array([1.0])))
    2
    """
    greatest = reduce(np.maximum, [np.abs(array).max(axis=axis) for array in arrays])
    return np.where(np.isfinite(greatest), np.frexp(greatest)[1], 0)


def mean_and_deviation(values: np.ndarray, axis: Literal[0] | None = None) -> tuple[Any, Any]:
    """Mean and population standard deviation, of all values or of each column; finite if ``values`` are.

    The deviation of equal numbers is 0, even if rounding moves their mean slightly.

    >>> [float(x) for x in mean_and_deviation(np.array([1.5e308, -1.5e308]))]
    [0.0, 1.5e+308]
    >>> [float(x) for x in mean_and_deviation(np.array([0.1, 0.1, 0.1]))]
    [0.1, 0.0]
    """
    exponent = common_exponent(values, axis=axis)
    with np.errstate(under="ignore"):
        scaled = np.ldexp(values, -exponent)
        low, high = scaled.min(axis=axis), scaled.max(axis=axis)
        # Rounding can push either past these bounds, and would then take the largest floats to infinity.
        mean = np.clip(scaled.mean(axis=axis), low, high)
        deviation = np.where(low == high, 0.0, np.minimum(scaled.std(axis=axis), np.maximum(-low, high)))
        return np.ldexp(mean, exponent), np.ldexp(deviation, exponent)


class RunningMoments:
    """Mean and standard deviation of numbers that go by block by block, of each column if they have several.

    In extended precision where the machine has it, so that the squares of huge numbers are finite (Chan, Golub and LeVeque 1983,
    equation 1.5).

    >>> moments = RunningMoments()
    >>> for block in ([1.0, 2.0], [6.0]):
    ...     moments.add(np.array(block))
    >>> moments.count, float(moments.mean), round(float(moments.deviation), 4)
    (3, 3.0, 2.1602)
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean: Any = np.longdouble(0)
        self.squares: Any = np.longdouble(0)
        """The sum of squared distances from the mean."""

    def add(self, numbers: np.ndarray) -> None:
        """Take in numbers, ndarray of shape (n,) or (n, columns), finite, at least one."""
        mean, deviation = mean_and_deviation(numbers, axis=0 if numbers.ndim == 2 else None)
        self.join(len(numbers), np.asarray(mean, np.longdouble), np.asarray(deviation, np.longdouble) ** 2 * len(numbers))

    def merge(self, other: RunningMoments) -> None:
        """Take in what another one knows."""
        if other.count:
            self.join(other.count, other.mean, other.squares)

    def join(self, count: int, mean: Any, squares: Any) -> None:
        """Take in ``count`` numbers, at least one, of which mean and sum of squared distances are known."""
        before = self.count
        self.count += count
        step = mean - self.mean
        self.mean = self.mean + step * count / self.count
        self.squares = self.squares + squares + step**2 * before * count / self.count

    def copy(self) -> RunningMoments:
        """Moments that may be changed apart."""
        twin = RunningMoments()
        twin.count, twin.mean, twin.squares = self.count, self.mean, self.squares
        return twin

    @property
    def deviation(self) -> Any:
        """The population standard deviation; 0 of no numbers."""
        return np.sqrt(self.squares / max(self.count, 1))
