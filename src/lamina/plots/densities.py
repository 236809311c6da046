"""Plot of the densities of every layer's outputs during training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lamina.analysis import LayerOutputs
from lamina.errors import DataError, phrase
from lamina.plots.given import by_name, is_a
from lamina.plots.legends import legend_below
from lamina.plots.style import axes_grid, is_dark, styled, verbatim
from lamina.validation import check_parameters, integer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_densities"]

_OWNER = "plot_densities"
_CHECKED = is_a(LayerOutputs, "outputs", owner=_OWNER, repair="Compute it with lamina.layer_outputs.")


@styled
def plot_densities(
    outputs: LayerOutputs | Mapping[str, LayerOutputs],
    *,
    title: str = "",
    ranges: Mapping[str, tuple[float, float]] | None = None,
    num_bins: int = 60,
    axes: Sequence[Axes] | None = None,
) -> list[Axes]:
    """Plot one panel per layer, with one line per stage of training.

    Parameters
    ----------
    outputs : LayerOutputs, or dict of str to LayerOutputs
        From :func:`lamina.layer_outputs`. A dict's names are the legend, in order; all must be of the same layers. Values that
        are NaN or infinite, or out of range, are left out.
    title : str
        Title of the whole figure.
    ranges : dict of str to (float, float), optional
        Range of a layer's horizontal axis, such as (-1, 1) for tanh; default: from the smallest to the largest value.
    num_bins : int, default=60
        At least 1.
    axes : one Axes per layer, optional

    Returns
    -------
    list of Axes

    Raises
    ------
    DataError
        If outputs are of different layers, or something is no LayerOutputs.
    InvalidSettingError
        If ``num_bins`` is out of range, or there are no outputs.

    Examples
    --------
    >>> moments = {f"epoch {e}": LayerOutputs({"h1": np.linspace(-1, 1, 50)[:, None] ** e}) for e in (1, 3)}
    >>> [ax.get_title(loc="left") for ax in plot_densities(moments)]
    ['h1']
    """
    check_parameters({"num_bins": num_bins}, {"num_bins": integer(1)}, owner=_OWNER)
    named = by_name(outputs, _CHECKED, what="outputs", owner=_OWNER)
    layers = _layers_of_all(named)
    columns = min(3, len(layers))
    rows = -(-len(layers) // columns)
    grid = axes_grid(rows, columns, size=(2.8 * columns + 0.4, 2.6 * rows + 0.4), axes=axes)
    for ax, layer in zip(grid, layers, strict=False):
        _draw(ax, {name: moment[layer].ravel() for name, moment in named.items()}, (ranges or {}).get(layer), num_bins)
        ax.set(title=verbatim(layer), xlabel="output", ylim=(0, None))
        ax.locator_params(axis="x", nbins=3)
    for ax in grid[len(layers) :]:
        ax.set_visible(False)
    for ax in grid[::columns]:
        ax.set_ylabel("density")
    if isinstance(outputs, Mapping):
        legend_below(grid[columns * (rows - 1)], fontsize=9)
    if title and axes is None:
        grid[0].figure.suptitle(title, x=0.01, ha="left", fontsize=12)
    return grid[: len(layers)]


def _layers_of_all(named: Mapping[str, LayerOutputs]) -> list[str]:
    """The names of the layers, which all outputs must have."""
    first, *others = (list(each.outputs) for each in named.values())
    for other in others:
        if other != first:
            raise DataError(phrase("outputs", f"must be of the same layers, {first}", other, owner=_OWNER))
    return first


def _draw(ax: Axes, samples: Mapping[str, np.ndarray], between: tuple[float, float] | None, num_bins: int) -> None:
    """Draw a histogram per sample, of its finite values within the range."""
    known = {name: sample[np.isfinite(sample)] for name, sample in samples.items()}
    values = np.concatenate(list(known.values()))
    low, high = between or ((values.min(), values.max()) if values.size else (0.0, 0.0))
    if low == high:  # one value: a range around it
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, num_bins + 1)
    for (name, sample), color in zip(known.items(), _shades(len(known)), strict=True):
        counts = np.histogram(sample, edges)[0]
        density = counts / (max(1, counts.sum()) * np.diff(edges))
        ax.stairs(density, edges, color=color, linewidth=1.6, label=verbatim(name))


def _shades(count: int) -> list[tuple[float, float, float, float]]:
    """Colors from early (dark) to late (bright) that stay distinguishable with color blindness, and from the background."""
    from matplotlib import colormaps

    ends = (0.3, 1.0) if is_dark() else (0.0, 0.85)
    return [colormaps["viridis"](share) for share in np.linspace(*ends, count)]
