"""Plot of the densities of every layer's outputs during training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lamina.analysis import LayerOutputs
from lamina.plots.style import axes_grid, styled, verbatim

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_densities"]


@styled
def plot_densities(
    outputs: Mapping[str, LayerOutputs],
    *,
    title: str = "",
    ranges: Mapping[str, tuple[float, float]] | None = None,
    num_bins: int = 60,
    axes: Sequence[Axes] | None = None,
) -> list[Axes]:
    """Plot one panel per layer, with one line per stage of training.

    Parameters
    ----------
    outputs : dict of str to LayerOutputs
        By legend label, in order; all of the same layers.
    title : str
        Title of the whole figure.
    ranges : dict of str to (float, float), optional
        Range of a layer's horizontal axis, such as (-1, 1) for tanh; default: from the smallest to the largest value.
    num_bins : int, default=60
    axes : one Axes per layer, optional

    Returns
    -------
    list of Axes

    Examples
    --------
    >>> moments = {f"epoch {e}": LayerOutputs({"h1": np.linspace(-1, 1, 50)[:, None] ** e}) for e in (1, 3)}
    >>> [ax.get_title(loc="left") for ax in plot_densities(moments)]
    ['h1']
    """
    first = next(iter(outputs.values()))
    layers = list(first.outputs)
    columns = min(3, len(layers))
    rows = -(-len(layers) // columns)
    grid = axes_grid(rows, columns, size=(2.8 * columns + 0.4, 2.6 * rows + 0.4), axes=axes)
    colors = _shades(len(outputs))
    for ax, layer in zip(grid, layers, strict=False):
        values = [moment[layer].ravel() for moment in outputs.values()]
        low, high = (ranges or {}).get(layer, (min(v.min() for v in values), max(v.max() for v in values)))
        edges = np.linspace(low, high, num_bins + 1)
        for name, sample, color in zip(outputs, values, colors, strict=True):
            ax.stairs(np.histogram(sample, edges, density=True)[0], edges, color=color, linewidth=1.6, label=verbatim(name))
        ax.set(title=verbatim(layer), xlabel="output", ylim=(0, None))
        ax.locator_params(axis="x", nbins=3)
    for ax in grid[len(layers) :]:
        ax.set_visible(False)
    for ax in grid[::columns]:
        ax.set_ylabel("density")
    grid[len(layers) - 1].legend(fontsize=9, handlelength=1.2)
    if title and axes is None:
        grid[0].figure.suptitle(title, x=0.01, ha="left", fontsize=12)
    return grid[: len(layers)]


def _shades(count: int) -> list[tuple[float, float, float, float]]:
    """Colors from early (dark) to late (bright) that stay distinguishable with color blindness."""
    from matplotlib import colormaps

    return [colormaps["viridis"](share) for share in np.linspace(0.0, 0.85, count)]
