"""What a search draws a setting from: values, or a range of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from lamina.errors import InvalidSettingError, phrase
from lamina.validation import boolean, check_parameters, number

__all__ = ["Draw", "Mostly", "OneOf", "Range"]


class Draw(Protocol):
    """Draws values of one setting."""

    def draw(self, rng: np.random.Generator) -> Any:
        """One value."""

    def examples(self) -> tuple[Any, ...]:
        """Values that stand for all that it draws: of a range, its ends."""


@dataclass(frozen=True)
class OneOf:
    """Each of some values, equally often.

    Parameters
    ----------
    values : tuple
        At least one.

    Raises
    ------
    InvalidSettingError
        If there is none.

    Examples
    --------
    >>> OneOf(("relu", "mish")).draw(np.random.default_rng(0))
    'mish'
    """

    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.values, tuple) or not self.values:
            raise InvalidSettingError(phrase("values", "must be a tuple of at least one value", self.values, owner="OneOf"))

    def draw(self, rng: np.random.Generator) -> Any:
        return self.values[rng.integers(len(self.values))]

    def examples(self) -> tuple[Any, ...]:
        return self.values


@dataclass(frozen=True)
class Range:
    """Numbers of a range, uniformly, or uniformly in their logarithms.

    Parameters
    ----------
    low, high : float
        Finite, low < high; with ``log``, low > 0.
    log : bool, default=False
    whole : bool, default=False
        Whether the number is rounded to a whole one.

    Raises
    ------
    InvalidSettingError
        If an end is no finite number, or nothing lies between them.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> Range(8, 512, log=True, whole=True).draw(rng), round(Range(0.0, 0.5).draw(rng), 3)
    (113, 0.135)
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        rules = {
            "low": number(0, closed="neither") if self.log is True else number(),
            "high": number(),
            "log": boolean(),
            "whole": boolean(),
        }
        check_parameters(vars(self), rules, owner="Range", repairs={"low": "Logarithms are of numbers > 0."} if self.log else {})
        if self.low >= self.high:
            repair = f"low is {self.low}. For single values, give a list in place of the Range."
            raise InvalidSettingError(phrase("high", "must be above low", self.high, repair=repair, owner="Range"))

    def draw(self, rng: np.random.Generator) -> Any:
        if self.log:
            drawn = float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))
        else:
            drawn = float(rng.uniform(self.low, self.high))
        return round(drawn) if self.whole else drawn

    def examples(self) -> tuple[Any, ...]:
        ends = float(self.low), float(self.high)
        return tuple(map(round, ends)) if self.whole else ends


@dataclass(frozen=True)
class Mostly:
    """One value in every second case, and otherwise what something else draws.

    Parameters
    ----------
    value : object
    other : Draw

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> [round(Mostly(0.0, Range(0.1, 0.5)).draw(rng), 2) for _ in range(4)]
    [0.48, 0.0, 0.48, 0.22]
    """

    value: Any
    other: Draw

    def draw(self, rng: np.random.Generator) -> Any:
        return self.value if rng.integers(2) else self.other.draw(rng)

    def examples(self) -> tuple[Any, ...]:
        return (self.value, *self.other.examples())
