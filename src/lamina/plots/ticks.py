"""Round numbers for ticks of logarithmic axes and color bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plain_ticks", "round_log_axis", "round_log_ticks", "whole_ticks"]

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
    ['0.001', '0.5', '20', '10,000', '$10^{6}$']
    """
    return [_plain(float(tick)) for tick in ticks]


def round_log_axis(ax: Axes) -> None:
    """Put ticks at round numbers on the vertical axis if it is logarithmic, also where it is less than a power of ten long."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    if ax.get_yscale() != "log":
        return
    low, high = ax.get_ylim()
    decades = np.log10(high / low) if low > 0 else 0.0
    mantissas = next((each for each in _MANTISSAS if decades * len(each) <= _MOST), _MANTISSAS[-1])
    ax.yaxis.set_major_locator(LogLocator(subs=mantissas))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(_label))


def whole_ticks(ax: Axes) -> None:
    """Put ticks of the horizontal axis at whole numbers only, such as epochs and steps, also if there is only one."""
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    low, high = ax.dataLim.intervalx
    if low == high:
        ax.set_xlim(low - 0.9, high + 0.9)


def _label(tick: float, place: int | None = None) -> str:
    """What matplotlib asks for; a function of the module, so that a figure can be pickled."""
    return _plain(tick)


def _plain(tick: float) -> str:
    if tick and not 1e-3 <= abs(tick) < 1e6:
        mantissa, power = f"{tick:e}".split("e")
        ten = f"$10^{{{int(power)}}}$"
        return ten if float(mantissa) == 1 else f"{float(mantissa):g}·{ten}"
    return f"{tick:,.10g}"
