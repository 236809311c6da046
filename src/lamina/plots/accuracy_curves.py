"""Plot of a perceptron's accuracy by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.plots.style import COLORS, make_axes, marks, styled
from lamina.training import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_accuracy_curves"]

_CURVES = (
    ("accuracy", "train, current weights", COLORS["blue"], "-", 1.0),
    ("validation_accuracy", "test, current weights", COLORS["vermillion"], "-", 1.0),
    ("kept_accuracy", "train, kept weights", COLORS["blue"], "--", 2.2),
    ("kept_validation_accuracy", "test, kept weights", COLORS["vermillion"], "--", 2.2),
)


@styled
def plot_accuracy_curves(history: History, *, title: str = "", ax: Axes | None = None) -> Axes:
    """Plot the accuracy of the current weights, which rises and falls, and of the kept weights.

    Parameters
    ----------
    history : History
        A perceptron's ``history_``. Curves missing from it are left out.
    title : str
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> history = History([{"epoch": 1, "accuracy": 0.5}, {"epoch": 2, "accuracy": 0.75}])
    >>> plot_accuracy_curves(history).get_ylabel()
    'accuracy (% of rows)'
    """
    ax = make_axes(ax)
    epochs = history[:, "epoch"]
    for key, label, color, style, width in _CURVES:
        if key in history.keys:
            percent = [100 * share for share in history[:, key]]
            ax.plot(epochs, percent, color=color, linestyle=style, linewidth=width, label=label, **marks(percent))
    ax.set(xlabel="epoch", ylabel="accuracy (% of rows)", xlim=(min(epochs), max(epochs)) if len(epochs) > 1 else None)
    ax.set_title(title)
    # Below the axes, because inside the curves would run into it.
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
    return ax
