"""Plots of dropout: a thinned network in training, the whole network at test time, and the outputs over many masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.errors import DataError, ShapeError, counted, phrase
from lamina.plots.legends import legend_below
from lamina.plots.style import COLORS, axes_grid, make_axes, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_dropout", "plot_mask_distribution"]

_UNIT = 190  # square points of a circle
_ROWS = 8  # units of a layer that have room in full size


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

    Raises
    ------
    ShapeError
        If ``keep`` and ``rates`` do not have one entry per layer, or a mask not one entry per unit.

    Examples
    --------
    >>> keep = [None, np.array([True, False, True]), None]
    >>> [ax.get_title(loc="left") for ax in plot_dropout([2, 3, 1], keep, [0, 0.5, 0])]
    ['Training: one mask', 'Test: every unit']
    """
    _check(widths, keep, rates)
    left, right = axes_grid(1, 2, size=(7.6, 3.8), axes=axes)
    _net(left, widths, [np.ones(w, bool) if k is None else np.asarray(k, bool) for w, k in zip(widths, keep, strict=True)])
    _net(right, widths, [np.ones(w, bool) for w in widths])
    left.set_title("Training: one mask")
    right.set_title("Test: every unit")
    for i, rate in enumerate(rates):
        if rate:
            _write_below(left, i, f"rate {rate:g}\nkept × {1 / (1 - rate):.3g}")
            _write_below(right, i, "all × 1")
    return [left, right]


def _write_below(ax: Axes, layer: int, words: str) -> None:
    ax.text(layer, 0, words, transform=ax.get_xaxis_transform(), ha="center", va="top", fontsize=9)


def _check(widths: Sequence[int], keep: Sequence[np.ndarray | None], rates: Sequence[float]) -> None:
    for name, given in (("keep", keep), ("rates", rates)):
        if len(given) != len(widths):
            rule = f"must have {len(widths)} entries, one per layer"
            raise ShapeError(phrase(name, rule, len(given), owner="plot_dropout"))
    for width, mask in zip(widths, keep, strict=True):
        if mask is not None and np.shape(mask) != (width,):
            rule = f"must have shape ({width},), one entry per unit"
            raise ShapeError(phrase("a mask", rule, np.shape(mask), owner="plot_dropout"))


def _net(ax: Axes, widths: Sequence[int], alive: Sequence[np.ndarray]) -> None:
    """Draw units as circles from left to right, with connections between the active ones."""
    tallest = max(widths)
    share = min(1.0, _ROWS / tallest)  # of many units, each is smaller
    places = [np.column_stack([np.full(w, i), np.arange(w) + (tallest - w) / 2]) for i, w in enumerate(widths)]
    for before, after, from_, to in zip(places, places[1:], alive, alive[1:], strict=False):
        for a, b in ((a, b) for a in before[from_] for b in after[to]):
            ax.plot(*np.transpose([a, b]), color="#9A9A9A", linewidth=0.7 * share, zorder=1)
    for points, kept in zip(places, alive, strict=True):
        units: dict[str, Any] = {"s": _UNIT * share**2, "zorder": 2}
        ax.scatter(*points[kept].T, color=COLORS["sky"], edgecolor=COLORS["blue"], linewidth=1.4 * share, **units)
        ax.scatter(*points[~kept].T, color="white", edgecolor="#999999", linewidth=1.2 * share, **units)
        cross: dict[str, Any] = {"s": max(12, _UNIT / 2 * share**2), "marker": "x", "linewidth": max(1, 2 * share)}
        ax.scatter(*points[~kept].T, color=COLORS["vermillion"], zorder=3, **cross)
    ax.set(xlim=(-0.4, len(widths) - 0.6), ylim=(-0.6, tallest - 0.4))
    ax.axis("off")


@styled
def plot_mask_distribution(samples: np.ndarray, at_test_time: float, *, ax: Axes | None = None) -> Axes:
    """Plot the outputs for one example over many masks, their mean, and the whole network's output at test time.

    Parameters
    ----------
    samples : array-like of shape (k,) or (k, 1)
        One prediction per mask.
    at_test_time : float
        The prediction of the whole network.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If there are no samples, or they are not finite.

    Examples
    --------
    >>> plot_mask_distribution(np.array([0.1, 0.2, 0.4]), 0.25).get_ylabel()
    'density over masks'
    """
    drawn = np.asarray(samples, dtype=np.float64).ravel()
    if not drawn.size or not np.isfinite(drawn).all():
        rule, came = "must be one or more finite numbers", samples if drawn.size else "none"
        raise DataError(phrase("samples", rule, came, owner="plot_mask_distribution"))
    ax = make_axes(ax)
    ax.hist(drawn, bins=40, density=True, color=COLORS["sky"], alpha=0.75)
    mean, spread = float(drawn.mean()), float(drawn.std())
    ax.axvline(mean, color=COLORS["blue"], label=f"mean over masks {mean:.3f}")
    ax.axvline(at_test_time, color=COLORS["vermillion"], linestyle="--", label=f"test time {at_test_time:.3f}")
    ax.set(xlabel="output for one example", ylabel="density over masks")
    ax.set_title(f"{counted(len(drawn), 'mask')}, spread {spread:.3f}")
    legend_below(ax, fontsize=9)
    return ax
