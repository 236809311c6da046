"""The networks: shallow, deep, wide and residual ones, other sizes and activations in each group (``split.py``)."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["KINDS", "NETWORKS", "Shape"]

KINDS = ("shallow", "deep", "wide", "residual")


@dataclass(frozen=True, slots=True)
class Shape:
    """Kind and group of a network, the widths of its hidden layers, and their activation unless a program has another.

    A residual network's first layer is followed by blocks: each of the other layers is added to its own input.
    """

    kind: str
    group: int
    widths: tuple[int, ...]
    activation: str = "relu"


NETWORKS = {
    "shallow-24": Shape("shallow", 1, (24,)),
    "deep-5x24": Shape("deep", 1, (24,) * 5),
    "wide-200": Shape("wide", 1, (200,)),
    "residual-3x32": Shape("residual", 1, (32,) * 3),
    "shallow-40": Shape("shallow", 2, (40,)),
    "deep-6x32": Shape("deep", 2, (32,) * 6),
    "wide-128-128": Shape("wide", 2, (128, 128)),
    "residual-5x24": Shape("residual", 2, (24,) * 5),
    "shallow-16": Shape("shallow", 3, (16,)),
    "shallow-64-tanh": Shape("shallow", 3, (64,), "tanh"),
    "deep-7x20": Shape("deep", 3, (20,) * 7),
    "deep-4x40-elu": Shape("deep", 3, (40,) * 4, "elu"),
    "wide-300": Shape("wide", 3, (300,)),
    "wide-96-160-elu": Shape("wide", 3, (96, 160), "elu"),
    "residual-4x40": Shape("residual", 3, (40,) * 4),
    "residual-6x16-tanh": Shape("residual", 3, (16,) * 6, "tanh"),
    "shallow-28": Shape("shallow", 4, (28,)),
    "shallow-48-gelu": Shape("shallow", 4, (48,), "gelu"),
    "deep-5x36-leaky_relu": Shape("deep", 4, (36,) * 5, "leaky_relu"),
    "deep-8x18": Shape("deep", 4, (18,) * 8),
    "wide-240": Shape("wide", 4, (240,)),
    "wide-180-90-selu": Shape("wide", 4, (180, 90), "selu"),
    "residual-3x50-gelu": Shape("residual", 4, (50,) * 3, "gelu"),
    "residual-7x20": Shape("residual", 4, (20,) * 7),
}
