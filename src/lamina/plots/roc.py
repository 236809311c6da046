"""Plot of ROC curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.errors import DataError
from lamina.metrics import RocCurve, area_under_curve, indices_of_classes, roc_curve
from lamina.plots.class_probabilities import by_class
from lamina.plots.legends import legend_below
from lamina.plots.style import CYCLE, LINE_STYLES, axes_points, class_name, gray, make_axes, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_roc"]

_FEW, _WORST = 8, 5  # curves that all have a color; of more, those with the smallest areas


@styled
def plot_roc(truth: Any, probabilities: Any, classes: Sequence[Any] | None = None, *, ax: Axes | None = None) -> Axes:
    """Plot which share of a class is found, over the share of other rows that is mistaken for it, as the threshold falls.

    With two classes, the curve of the second; with more, one curve for each class against the rest. Of more than eight, the
    five with the smallest areas are named, and the others are gray. Classes that ``truth`` lacks have no curve.

    Parameters
    ----------
    truth : array-like of shape (n,)
        Class indices, or labels.
    probabilities : array-like of shape (n, classes) or (n,)
        From ``predict_proba``; (n,) are those of the second of two classes.
    classes : sequence, optional
        The classes in the order of the columns, such as ``model.classes_``; with indices, their names. By default ``truth``
        holds indices, or every class occurs and columns are in ascending order.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If ``truth`` holds labels that are not among the classes, or only one class, or a probability is NaN.
    InvalidSettingError
        If there is not one class per column.
    ShapeError
        If the numbers of rows differ.

    References
    ----------
    Fawcett, "An introduction to ROC analysis", 2006.

    Examples
    --------
    >>> ax = plot_roc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['class 1: area 0.750', 'chance: area 0.5']
    """
    p = by_class(probabilities, owner="plot_roc")
    indices, known = indices_of_classes(truth, classes, num_classes=p.shape[1])
    curves = _curves(indices, p)
    if not curves:
        raise DataError("plot_roc: the truth must hold rows of at least two classes. Use more rows.")
    ax = make_axes(ax, size=(5.8, 5.4))
    longest = min(28, max(6, int(axes_points(ax) / 8) - 17))  # so that the legend does not fill small axes
    ax.plot([0, 1], [0, 1], color=gray(0.6), linestyle=":", linewidth=1.2, label="chance: area 0.5", zorder=1)
    # From the largest area to the smallest, so that the worst are on top.
    ranked = sorted(curves, key=lambda label: -curves[label][1])
    colored = list(curves) if len(curves) <= _FEW else sorted(ranked[-_WORST:], key=ranked[::-1].index)
    _draw_others(ax, [curves[label] for label in ranked if label not in colored])
    for i, label in enumerate(colored):
        curve, area = curves[label]
        look: dict[str, Any] = {"color": CYCLE[i % len(CYCLE)], "linestyle": LINE_STYLES[i % len(LINE_STYLES)]}
        ax.plot(*curve[:2], label=f"{class_name(known[label], longest)}: area {area:.3f}", zorder=3, **look)
    mean = f"; mean area {np.mean([area for _, area in curves.values()]):.3f}" if len(curves) > 1 else ""
    ax.set_title(f"ROC curve{'s' * bool(mean)}{mean}")
    ax.set(xlabel="share of other rows mistaken for it", ylabel="share of the class found", aspect="equal")
    ax.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    handles, texts = ax.get_legend_handles_labels()
    legend_below(ax, [*handles[1:], handles[0]], [*texts[1:], texts[0]], fontsize=9)
    return ax


def _curves(indices: np.ndarray, p: np.ndarray) -> dict[int, tuple[RocCurve, float]]:
    """The curve and the area of each class that has rows and is not all of them."""
    found = {}
    for label in [1] if p.shape[1] == 2 else range(p.shape[1]):
        inside, score = indices == label, p[:, label]
        curve = roc_curve(inside, score)
        if inside.any() and not inside.all():
            found[label] = curve, area_under_curve(inside, np.column_stack([-score, score]))
    return found


def _draw_others(ax: Axes, curves: Sequence[tuple[RocCurve, float]]) -> None:
    if curves:
        areas = [area for _, area in curves]
        label: str | None = f"{len(curves)} others: area {min(areas):.3f} to {max(areas):.3f}"
        for curve, _ in curves:
            ax.plot(*curve[:2], color=gray(0.27), linewidth=0.9, label=label, zorder=2)
            label = None
