"""Plot of residuals: what predictions of numbers missed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.errors import DataError, counted, phrase
from lamina.metrics import r2, root_mean_squared_error
from lamina.metrics.given import numbers
from lamina.plots.legends import legend_below
from lamina.plots.style import COLORS, ink, make_axes, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_residuals"]


@styled
def plot_residuals(truth: Any, predicted: Any, *, ax: Axes | None = None) -> Axes:
    """Plot truth minus prediction over the prediction, with lines at 0 and one root mean squared error above and below.

    Parameters
    ----------
    truth, predicted : array-like of shape (n,) or (n, 1)
        Finite numbers.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If they are not finite numbers.
    ShapeError
        If the two do not have the same shape, or more than one column.

    Examples
    --------
    >>> ax = plot_residuals([1.0, 2.0, 3.0], [1.5, 2.0, 2.0])
    >>> ax.collections[0].get_offsets().tolist()
    [[1.5, -0.5], [2.0, 0.0], [2.0, 1.0]]
    """
    truth, predicted = (array.ravel() for array in numbers(truth, predicted, owner="plot_residuals", columns=1))
    residuals = truth - predicted
    if (wrong := ~np.isfinite(residuals)).any():
        came = [float(truth[wrong][0]), float(predicted[wrong][0])]
        raise DataError(
            phrase("truth and predictions", "must be finite", came, repair="Leave these rows out.", owner="plot_residuals")
        )
    error = root_mean_squared_error(truth, predicted)
    ax = make_axes(ax)
    n = len(truth)
    # The more points, the smaller and the more transparent, so that dense places stay visible.
    size, alpha = min(18.0, max(3.0, 18.0 * (500 / n) ** 0.5)), min(0.8, max(0.02, 0.8 * (500 / n) ** 0.5))
    ax.scatter(predicted, residuals, s=size, alpha=alpha, color=COLORS["blue"], linewidth=0, rasterized=n > 2000)
    ax.axhline(0, color=ink(), linewidth=1.2)
    label: str | None = f"± root mean squared error, {error:.4g}"
    for level in (error, -error):
        ax.axhline(level, color=COLORS["vermillion"], linestyle="--", linewidth=1.2, label=label)
        label = None
    ax.set(xlabel="prediction", ylabel="residual: truth minus prediction")
    share = f"; R² {r2(truth, predicted):.4g}" if np.ptp(truth) > 0 else ""  # of a constant nothing can be explained
    ax.set_title(f"Residuals of {counted(n, 'row')}{share}")
    legend_below(ax, fontsize=9)
    return ax
