"""The shape of a head: a loss that is computed from logits, so that it is stable whatever their size."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from lamina.engine.formulas.array import Array

__all__ = ["HeadFormula"]


class HeadFormula(NamedTuple):
    """A loss per row and its gradient: ``loss(logits, target, *settings)`` (n,); ``gradient(...)`` = dL/dlogits (n, width)."""

    loss: Callable[..., Array]
    gradient: Callable[..., Array]
