"""Round numbers for ticks of logarithmic axes and color bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["plain_ticks", "round_log_ticks"]

_MOST = 8
_MANTISSAS = ((1, 2, 5), (1, 3), (1,))


def round_log_ticks(low: float, high: float) -> np.ndarray:
    """At most eight round numbers between ``low`` and ``high``, both > 0: 1, 2, 5, 10, … or 1, 3, 10, … or powers of ten.

    Examples
    --------
    >>> round_log_ticks(8.74, 144).tolist(), round_log_ticks(1e-3, 1e4).tolist()
    ([10.0, 20.0, 50.0, 100.0], [0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0, 10000.0])
    """
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    for mantissas in _MANTISSAS:
        ticks = [float(f"{mantissa}e{power}") for power in powers for mantissa in mantissas]
        inside = np.array([tick for tick in ticks if low <= tick <= high])
        if len(inside) <= _MOST:
            break
    return inside[:: -(-len(inside) // _MOST)] if len(inside) else np.array([float(f"{low:.2g}"), float(f"{high:.2g}")])


def plain_ticks(ticks: Sequence[float] | np.ndarray) -> list[str]:
    """Tick labels without needless digits.

    Examples
    --------
    >>> plain_ticks([0.001, 0.5, 20.0, 10000.0, 1e6])
    ['0.001', '0.5', '20', '10,000', '1e6']
    """
    return [_plain(float(tick)) for tick in ticks]


def _plain(tick: float) -> str:
    if tick and not 1e-4 <= abs(tick) < 1e6:
        mantissa, power = f"{tick:e}".split("e")
        return f"{float(mantissa):g}e{int(power)}"
    return f"{tick:,.10g}"
