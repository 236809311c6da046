"""The networks: shallow, deep, wide and residual ones, other sizes in each group (``split.py``)."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["KINDS", "NETWORKS", "Shape"]

KINDS = ("shallow", "deep", "wide", "residual")


@dataclass(frozen=True, slots=True)
class Shape:
    """Kind and group of a network, and the widths of its hidden layers.

    A residual network's first layer is followed by blocks: each of the other layers is added to its own input.
    """

    kind: str
    group: int
    widths: tuple[int, ...]


NETWORKS = {
    "shallow-24": Shape("shallow", 1, (24,)),
    "deep-5x24": Shape("deep", 1, (24,) * 5),
    "wide-200": Shape("wide", 1, (200,)),
    "residual-3x32": Shape("residual", 1, (32,) * 3),
    "shallow-40": Shape("shallow", 2, (40,)),
    "deep-6x32": Shape("deep", 2, (32,) * 6),
    "wide-128-128": Shape("wide", 2, (128, 128)),
    "residual-5x24": Shape("residual", 2, (24,) * 5),
}
