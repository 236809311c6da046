"""Plots of dropout: a thinned network in training, the whole network at test time, and the outputs over many masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lamina.plots.style import COLORS, axes_grid, make_axes, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_dropout", "plot_mask_distribution"]


@styled
def plot_dropout(
    widths: Sequence[int], keep: Sequence[np.ndarray | None], rates: Sequence[float], *, axes: Sequence[Axes] | None = None
) -> list[Axes]:
    """Plot a network in training, its dropped units crossed out, next to the same network at test time.

    Parameters
    ----------
    widths : sequence of int
        Units of each layer, the inputs first.
    keep : sequence of bool ndarray (width,) or None
        For each layer, the units that the mask keeps; None for a layer without dropout.
    rates : sequence of float
        For each layer, its dropout rate.
    axes : two Axes, optional

    Returns
    -------
    list of Axes

    Examples
    --------
    >>> keep = [None, np.array([True, False, True]), None]
    >>> [ax.get_title(loc="left") for ax in plot_dropout([2, 3, 1], keep, [0, 0.5, 0])]
    ['Training: one mask', 'Test: every unit']
    """
    left, right = axes_grid(1, 2, size=(7.6, 3.8), axes=axes)
    _net(left, widths, [np.ones(w, bool) if k is None else np.asarray(k, bool) for w, k in zip(widths, keep, strict=True)])
    _net(right, widths, [np.ones(w, bool) for w in widths])
    left.set_title("Training: one mask")
    right.set_title("Test: every unit")
    for i, rate in enumerate(rates):
        if rate:
            left.text(i, -0.62, f"rate {rate:g}\nkept × {1 / (1 - rate):.3g}", ha="center", va="top", fontsize=9)
            right.text(i, -0.62, "all × 1", ha="center", va="top", fontsize=9)
    return [left, right]


def _net(ax: Axes, widths: Sequence[int], alive: Sequence[np.ndarray]) -> None:
    """Draw units as circles from left to right, with connections between the active ones."""
    tallest = max(widths)
    places = [np.column_stack([np.full(w, i), np.arange(w) + (tallest - w) / 2]) for i, w in enumerate(widths)]
    for before, after, from_, to in zip(places, places[1:], alive, alive[1:], strict=False):
        for a, b in ((a, b) for a in before[from_] for b in after[to]):
            ax.plot(*np.transpose([a, b]), color="#9A9A9A", linewidth=0.7, zorder=1)
    for points, kept in zip(places, alive, strict=True):
        ax.scatter(
            points[kept, 0], points[kept, 1], s=190, color=COLORS["sky"], edgecolor=COLORS["blue"], linewidth=1.4, zorder=2
        )
        ax.scatter(points[~kept, 0], points[~kept, 1], s=190, color="white", edgecolor="#999999", linewidth=1.2, zorder=2)
        ax.scatter(points[~kept, 0], points[~kept, 1], s=90, marker="x", color=COLORS["vermillion"], linewidth=2, zorder=3)
    ax.set(xlim=(-0.4, len(widths) - 0.6), ylim=(-1.1, tallest - 0.5))
    ax.axis("off")


@styled
def plot_mask_distribution(samples: np.ndarray, at_test_time: float, *, ax: Axes | None = None) -> Axes:
    """Plot the outputs for one example over many masks, their mean, and the whole network's output at test time.

    Parameters
    ----------
    samples : ndarray of shape (k,)
        One prediction per mask.
    at_test_time : float
        The prediction of the whole network.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> plot_mask_distribution(np.array([0.1, 0.2, 0.4]), 0.25).get_ylabel()
    'density over masks'
    """
    ax = make_axes(ax)
    ax.hist(samples, bins=40, density=True, color=COLORS["sky"], alpha=0.75)
    mean, spread = float(samples.mean()), float(samples.std())
    ax.axvline(mean, ymax=0.76, color=COLORS["blue"], label=f"mean over masks {mean:.3f}")
    ax.axvline(at_test_time, ymax=0.76, color=COLORS["vermillion"], linestyle="--", label=f"test time {at_test_time:.3f}")
    ax.set(xlabel="output for one example", ylabel="density over masks", title=f"{len(samples):,} masks, spread {spread:.3f}")
    ax.set_ylim(top=1.3 * ax.get_ylim()[1])
    ax.legend(loc="upper left", fontsize=9)
    return ax
