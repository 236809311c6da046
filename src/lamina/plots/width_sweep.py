"""Plot of a width sweep: error against hidden units, and the width that is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lamina.analysis import WidthSweep
from lamina.plots.given import is_a
from lamina.plots.legends import legend_below
from lamina.plots.style import COLORS, make_axes, styled
from lamina.plots.ticks import round_log_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_width_sweep"]

_TICK_SHARE = 0.08  # minimum distance of two tick labels, as a share of the axis


@styled
def plot_width_sweep(sweep: WidthSweep, *, ax: Axes | None = None) -> Axes:
    """Plot every run as a point, the means with their standard errors, and the width that is enough, if one is.

    Parameters
    ----------
    sweep : WidthSweep
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If ``sweep`` is something else.

    Examples
    --------
    >>> sweep = WidthSweep(np.array([1, 2, 4]), np.array([[0.4, 0.5], [0.1, 0.1], [0.1, 0.1]]), 2)
    >>> plot_width_sweep(sweep).get_xlabel()
    'hidden units'
    """
    is_a(WidthSweep, "sweep", owner="plot_width_sweep", repair="Measure it with lamina.width_sweep.")(sweep)
    ax = make_axes(ax)
    seeds = sweep.errors.shape[1]
    ax.plot(np.repeat(sweep.widths, seeds), sweep.errors.ravel(), "o", color=COLORS["sky"], alpha=0.6, label="each seed")
    label = "mean ± standard error"
    ax.errorbar(sweep.widths, sweep.means, sweep.standard_errors, color=COLORS["blue"], capsize=3, marker="s", label=label)
    if sweep.enough is not None:
        ax.axvline(sweep.enough, color=COLORS["vermillion"], linestyle="--", label=f"enough: {sweep.enough}")
    diverged = ", ".join(str(width) for width in sweep.diverged)
    ax.set(
        xlabel=f"hidden units (runs diverged with {diverged})" if diverged else "hidden units",
        ylabel="validation error",
        title=f"How many hidden units?{_doubt(sweep)}",
        yscale="log" if (sweep.errors > 0).all() else "linear",
    )
    round_log_axis(ax)
    ax.set_xscale("log", base=2)
    ticks = _apart(sweep.widths.tolist())
    ax.set_xticks(ticks, [str(width) for width in ticks])
    ax.set_xticks([], minor=True)
    legend_below(ax)
    return ax


def _apart(widths: list[int]) -> list[int]:
    """The widths, in ascending order, whose tick labels do not overlap on a logarithmic axis."""
    ordered = sorted(set(widths))
    least = (ordered[-1] / ordered[0]) ** _TICK_SHARE
    ticks = [ordered.pop()]
    for width in reversed(ordered):
        if width * least <= ticks[-1]:
            ticks.append(width)
    return ticks[::-1]


def _doubt(sweep: WidthSweep) -> str:
    """Why no width is enough, if none is."""
    if sweep.learned_nothing:
        return " Nothing was learned"
    return "" if sweep.enough else " Not enough was tried"
