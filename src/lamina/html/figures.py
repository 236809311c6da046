"""Line charts as data: what is drawn, and what is said to those who do not see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Axis", "Chart", "Series"]


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis measures.

    Attributes
    ----------
    label : str
        With the unit.
    is_log : bool
        Whether it is logarithmic.
    ends : (float, float), optional
        From where to where; by default as far as there are numbers.
    is_whole : bool
        Whether there is nothing between whole numbers, such as epochs.
    """

    label: str
    is_log: bool = False
    ends: tuple[float, float] | None = None
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """Points of a chart.

    Attributes
    ----------
    name : str
    x, y : tuple of float
        Where a number is not finite, a line is interrupted.
    low, high : tuple of float
        The ends of an interval about each y; empty without.
    look : {"line", "dots", "aside", "band"}
        A line; points; a thin line to compare with; or the space from ``low`` to ``high`` with a line within.
    """

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    look: Literal["line", "dots", "aside", "band"] = "line"


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines and points over two axes.

    Attributes
    ----------
    title : str
    told : str
        What there is to see, in a sentence, for those who do not see it.
    x, y : Axis
    series : tuple of Series
    mark : tuple of (float, str), optional
        A place on the horizontal axis, and what it is.
    """

    title: str
    told: str
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    mark: tuple[float, str] | None = None
