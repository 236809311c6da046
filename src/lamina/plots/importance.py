"""Plot of the importance of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.analysis import PermutationImportance
from lamina.plots.given import is_a
from lamina.plots.style import COLORS, ink, make_axes, shortened, styled, verbatim
from lamina.validation import check_parameters, integer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_importance"]

_LONGEST = 32  # characters of a name


@styled
def plot_importance(importance: PermutationImportance, *, ax: Axes | None = None, top: int = 20) -> Axes:
    """Plot how much worse the score gets when a column is shuffled: the mean and the standard deviation over shuffles.

    Parameters
    ----------
    importance : PermutationImportance
    ax : Axes, optional
    top : int, default=20
        How many columns to draw, from the most important.

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If ``importance`` is something else.
    InvalidSettingError
        If ``top`` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.analysis import PermutationImportance
    >>> importance = PermutationImportance(("age", "height"), np.array([[0.1, 0.2], [0.0, 0.0]]), "accuracy", 0.9)
    >>> [name.get_text() for name in plot_importance(importance).get_yticklabels()]
    ['age', 'height']
    """
    is_a(PermutationImportance, "importance", owner="plot_importance", repair="Measure it with lamina.permutation_importance.")(
        importance
    )
    check_parameters({"top": top}, {"top": integer(1)}, owner="plot_importance")
    chosen = importance.order[:top]
    count, rows = len(importance.names), len(chosen)
    ax = make_axes(ax, size=(6.4, max(2.2, 0.27 * rows + 1.3)))
    means, deviations = importance.means[chosen], importance.deviations[chosen]
    ax.barh(range(rows), means, color=COLORS["sky"], height=0.7)
    ax.errorbar(means, range(rows), xerr=deviations, color=ink(), fmt="o", markersize=3, linewidth=1.2, capsize=2)
    ax.axvline(0, color=ink(), linewidth=1)
    names = [verbatim(shortened(importance.names[i], _LONGEST)) for i in chosen]
    ax.set_yticks(range(rows), names, fontsize=9)
    ax.set_ylim(rows - 0.4, -0.6)
    ax.grid(False, axis="y")
    score = verbatim(shortened(importance.score.replace("_", " "), _LONGEST))
    ax.set_xlabel(f"{importance.change} of {score}")
    ax.set_title(f"{rows} most important of {count} columns" if rows < count else "Importance of columns")
    return ax
