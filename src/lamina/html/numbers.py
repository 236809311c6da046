"""Numbers of a report as people read them, and many of them thinned to as many as a picture shows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["Share", "floats", "percent", "shown", "thinned"]

_MOST = 240  # points of a line


class Share(float):
    """A number that people read as a percentage.

    >>> shown(Share(0.125)), Share(0.125) == 0.125
    ('12.5 %', True)
    """

    __slots__ = ()


def shown(value: Any) -> str:
    """A cell of a table: text as it is, whole numbers with commas, others with four digits, nothing as a dash.

    >>> [shown(value) for value in ("a", 12345, 0.123456, float("nan"), None, True, 1e-9, 123456.7)]
    ['a', '12,345', '0.1235', '–', '–', 'yes', '1e-09', '123,457']
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, Share):
        return percent(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}"
    return str(value)


def percent(share: float) -> str:
    """A share as a percentage with a digit where it is small.

    >>> percent(0.1234), percent(0.00567), percent(float("nan"))
    ('12.3 %', '0.6 %', '–')
    """
    return "–" if math.isnan(share) else f"{100 * share:.1f} %"


def floats(values: Any) -> tuple[float, ...]:
    """An array as plain numbers of six digits, which is more than a picture shows."""
    return tuple(float(f"{value:.6g}") for value in np.asarray(values, dtype=np.float64).ravel().tolist())


def thinned(x: Sequence[float], y: Sequence[float], most: int = _MOST) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Of many points of a line, the lowest and the highest of each stretch, in their order.

    >>> x, y = thinned(range(10_000), [0.0] * 5000 + [1.0] + [0.0] * 4999)
    >>> len(x) <= 240, max(y)
    (True, 1.0)
    """
    across, up = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if len(across) <= most:
        return floats(across), floats(up)
    kept: set[int] = {0, len(across) - 1}
    for stretch in np.array_split(np.arange(len(across)), most // 2 - 1):
        known = stretch[np.isfinite(up[stretch])]
        kept |= {int(known[up[known].argmin()]), int(known[up[known].argmax()])} if len(known) else {int(stretch[0])}
    order = sorted(kept)
    return floats(across[order]), floats(up[order])
