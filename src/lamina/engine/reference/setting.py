"""Where and how a step computes: the seam between the reference engine and that of torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lamina.engine.formulas.array import Array, Namespace
from lamina.engine.randomness import keep_mask

__all__ = ["Setting"]


class Setting(NamedTuple):
    """Where a step computes.

    ``xp``: the array library; ``device``: of its arrays, None for its default. ``scalar``: makes the numbers of a step, such as
    the learning rate, what the formulas get; ``keep_mask``: as :func:`lamina.engine.randomness.keep_mask`, and what makes masks
    on the device.
    """

    xp: Namespace = np
    device: object = None
    scalar: Callable[[float], Array | float] = float
    keep_mask: Callable[..., Array] = keep_mask
