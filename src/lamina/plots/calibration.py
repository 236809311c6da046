"""Plot of the calibration of predicted probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.errors import counted
from lamina.metrics import calibration_curve, indices_of_classes
from lamina.plots.class_probabilities import by_class
from lamina.plots.legends import legend_below
from lamina.plots.style import COLORS, class_name, gray, make_axes, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_calibration"]


@styled
def plot_calibration(
    truth: Any, probabilities: Any, classes: Sequence[Any] | None = None, *, bins: int = 10, ax: Axes | None = None
) -> Axes:
    """Plot how often a class came true over the probability predicted for it: on the diagonal, probabilities are true.

    With two classes, that is the second. With more, it is the class with the greatest probability in each row. Bars are 95 %
    confidence intervals (Wilson's): a point whose bar touches the diagonal may be off by chance. The steps at the bottom are
    the numbers of rows in the bins.

    Parameters
    ----------
    truth : array-like of shape (n,)
        Class indices, or labels.
    probabilities : array-like of shape (n, classes) or (n,)
        From ``predict_proba``; (n,) are those of the second of two classes.
    classes : sequence, optional
        The classes in the order of the columns, such as ``model.classes_``; with indices, their names. By default ``truth``
        holds indices, or every class occurs and columns are in ascending order.
    bins : int, default=10
        Number of equal parts of [0, 1] in which probabilities are pooled.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If ``truth`` holds labels whose columns are not clear, or a probability is not in [0, 1].
    InvalidSettingError
        If there is not one class per column.
    ShapeError
        If the numbers of rows differ.

    References
    ----------
    Niculescu-Mizil & Caruana, "Predicting good probabilities with supervised learning", 2005; Guo et al., "On calibration of
    modern neural networks", 2017, for the class with the greatest probability.

    Examples
    --------
    >>> plot_calibration([0, 1, 0, 1], [0.1, 0.2, 0.7, 0.9], bins=2).get_ylabel()
    'share of rows that are class 1'
    """
    p = by_class(probabilities, owner="plot_calibration")
    indices, known = indices_of_classes(truth, classes, num_classes=p.shape[1])
    if p.shape[1] == 2:
        name, inside, p = class_name(known[1]), indices == 1, p[:, 1]
    else:
        name, inside, p = "the predicted class", indices == p.argmax(axis=1), p.max(axis=1)
    curve = calibration_curve(inside, p, bins)
    ax = make_axes(ax, size=(5.6, 5.6))
    # A fifth of the height is enough to compare bins.
    heights = np.histogram(p, np.linspace(0, 1, bins + 1))[0]
    most = int(heights.max())
    rows = f"rows, at most {most:,}"
    ax.stairs(0.2 * heights / most, np.linspace(0, 1, bins + 1), fill=True, color=gray(0.13), label=rows, zorder=1)
    ax.plot([0, 1], [0, 1], color=gray(0.6), linestyle=":", linewidth=1.2, label="true probabilities", zorder=2)
    reach = [curve.observed - curve.low, curve.high - curve.observed]
    look: dict[str, Any] = {
        "color": COLORS["blue"],
        "marker": "o",
        "linewidth": 1.2,
        "capsize": 3,
        "label": "model, 95 % intervals",
    }
    ax.errorbar(curve.predicted, curve.observed, reach, zorder=3, **look)
    ax.set(xlabel=f"predicted probability of {name}", ylabel=f"share of rows that are {name}", aspect="equal")
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    ax.set_title(f"Calibration on {counted(len(p), 'row')}")
    legend_below(ax, fontsize=9)
    return ax
