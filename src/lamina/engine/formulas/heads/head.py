"""The interface of a head: a loss computed from logits, so that it is stable for any logit."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from lamina.engine.formulas.array import Array

__all__ = ["HeadFormula"]


class HeadFormula(NamedTuple):
    """A loss per row and its gradient: ``loss(logits, target, *settings)`` (n,); ``gradient(...)`` = dL/dlogits (n, width)."""

    loss: Callable[..., Array]
    gradient: Callable[..., Array]
