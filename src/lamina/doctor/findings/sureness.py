"""How sure a finding is."""

from __future__ import annotations

import math

__all__ = ["sureness"]

_AT_THRESHOLD, _FAR_BEYOND = 0.6, 0.95
_FAR = 10.0


def sureness(times: float) -> float:
    """The confidence where a number is so many times beyond its threshold: 0.6 at it, 0.95 from ten times on.

    >>> sureness(1.0), sureness(1000.0), sureness(float("nan"))
    (0.6, 0.95, 0.6)
    """
    if not times > 1:
        return _AT_THRESHOLD
    return _AT_THRESHOLD + (_FAR_BEYOND - _AT_THRESHOLD) * min(1.0, math.log(times) / math.log(_FAR))
