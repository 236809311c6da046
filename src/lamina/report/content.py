"""The content of a report: what is said, and figures as data. Writers turn it into a page, text or JSON, and add nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from lamina.html.figures import Axis, Chart, Series
from lamina.html.findings import Told

__all__ = [
    "Axis",
    "Bars",
    "Block",
    "Chart",
    "Code",
    "Content",
    "Heat",
    "Matrix",
    "Part",
    "Series",
    "Table",
    "Told",
    "Words",
]

Tone: TypeAlias = Literal["plain", "good", "alarm", "missing"]


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph.

    Attributes
    ----------
    text : str
    tone : {"plain", "good", "alarm", "missing"}
        "missing" says what is not here, and how to have it.
    """

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts and numbers under headers.

    Attributes
    ----------
    title : str
    headers : tuple of str
    rows : tuple of tuple
        Each as long as ``headers``.
    is_long : bool
        Whether readers may want to fold it.
    """

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    is_long: bool = False


@dataclass(frozen=True, slots=True)
class Bars:
    """A length for each name, with its spread.

    Attributes
    ----------
    title, told : str
    names : tuple of str
    values, spreads : tuple of float
    label : str
        What the lengths are.
    """

    title: str
    told: str
    names: tuple[str, ...]
    values: tuple[float, ...]
    spreads: tuple[float, ...]
    label: str


@dataclass(frozen=True, slots=True)
class Heat:
    """Shares of bins over time: a column a moment, a row a bin.

    Attributes
    ----------
    title, told : str
    x : Axis
    moments : tuple of float
        In ascending order.
    y : Axis
    edges : tuple of float
        Of the bins, in ascending order; the outermost may be infinite.
    shares : tuple of tuple of float
        For each moment, the share of each bin.
    """

    title: str
    told: str
    x: Axis
    moments: tuple[float, ...]
    y: Axis
    edges: tuple[float, ...]
    shares: tuple[tuple[float, ...], ...]

    @property
    def largest(self) -> float:
        """The largest share, which is the darkest; 0 where none is known."""
        return max((share for row in self.shares for share in row if math.isfinite(share)), default=0.0)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Counts of pairs of classes.

    Attributes
    ----------
    title, told : str
    names : tuple of str
        Of the classes.
    counts : tuple of tuple of int
        A row for each true class, a column for each predicted one.
    """

    title: str
    told: str
    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Lines to copy.

    Attributes
    ----------
    title, text : str
    """

    title: str
    text: str


Figure: TypeAlias = Chart | Heat
Block: TypeAlias = Words | Told | Table | Chart | Bars | Heat | Matrix | Code


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a report.

    Attributes
    ----------
    key : str
        For programs, such as "findings".
    title : str
    blocks : tuple of Block
        In the order in which they are read.
    """

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Content:
    """All of a report: what the model is, how good it is, what is said at first sight, and the parts in their order."""

    title: str
    lead: str
    facts: dict[str, str] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
