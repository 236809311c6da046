"""Plot of a perceptron's accuracy by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.errors import DataError, phrase
from lamina.plots.course import course_of
from lamina.plots.legends import legend_below
from lamina.plots.style import COLORS, make_axes, marks, styled
from lamina.plots.ticks import whole_ticks
from lamina.validation import check_parameters, integer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_accuracy_curves"]

_OWNER = "plot_accuracy_curves"

_CURVES = (
    ("accuracy", "training, current weights", COLORS["blue"], "-"),
    ("validation_accuracy", "validation, current weights", COLORS["vermillion"], "-"),
    ("kept_accuracy", "training, kept weights", COLORS["blue"], "--"),
    ("kept_validation_accuracy", "validation, kept weights", COLORS["vermillion"], "--"),
)


@styled
def plot_accuracy_curves(training: Any, *, mean_over: int = 1, title: str = "", ax: Axes | None = None) -> Axes:
    """Plot the accuracy of the current weights, which rises and falls, and of the kept weights.

    Parameters
    ----------
    training : Perceptron, Trainer or History
        A fitted perceptron, or anything else whose history has accuracies. Curves missing from it are left out.
    mean_over : int, default=1
        Epochs, >= 1, over which the accuracy of the current weights is averaged; if more than 1, the single epochs are pale
        behind it. The mean begins with the epoch that is the first to have so many.
    title : str
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If there is no history, or no accuracy in it.
    InvalidSettingError
        If ``mean_over`` is out of range.

    Examples
    --------
    >>> from lamina import History
    >>> history = History([{"epoch": 1, "accuracy": 0.5}, {"epoch": 2, "accuracy": 0.75}])
    >>> plot_accuracy_curves(history).get_ylabel()
    'accuracy (% of rows)'
    """
    check_parameters({"mean_over": mean_over}, {"mean_over": integer(1)}, owner=_OWNER)
    history = course_of(training, owner=_OWNER).history
    if not any(key in history.keys for key, *_ in _CURVES):
        repair = "Perceptron(variant='pocket') records it, or a Perceptron with X_val."
        raise DataError(phrase("the history", "must hold an accuracy", history.keys, repair=repair, owner=_OWNER))
    ax = make_axes(ax)
    epochs = history[:, "epoch"]
    mean_over = min(mean_over, len(epochs))
    for key, label, color, style in _CURVES:
        if key not in history.keys:
            continue
        percent = [100 * share for share in history[:, key]]
        if key.startswith("kept") or mean_over == 1:
            width = 2.2 if key.startswith("kept") else 1.0
            ax.plot(epochs, percent, color=color, linestyle=style, linewidth=width, label=label, **marks(percent))
        else:
            ax.plot(epochs, percent, color=color, linewidth=1.0, alpha=0.3)
            mean = np.convolve(percent, np.full(mean_over, 1 / mean_over), mode="valid")
            ax.plot(epochs[mean_over - 1 :], mean, color=color, label=f"{label}, mean of {mean_over}")
    ax.set(xlabel="epoch", ylabel="accuracy (% of rows)", xlim=(min(epochs), max(epochs)) if len(epochs) > 1 else None)
    whole_ticks(ax)
    ax.set_title(title)
    legend_below(ax)
    return ax
