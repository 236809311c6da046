"""Plot of activation functions and their derivatives, one panel each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.errors import InvalidSettingError, ShapeError, phrase
from lamina.plots.legends import legend_below
from lamina.plots.style import COLORS, axes_grid, given_axes, styled, verbatim

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_activation_functions"]

_OWNER = "plot_activation_functions"
_NUM_COLUMNS = 3
_CAPTION_LINE = 11  # points


@styled
def plot_activation_functions(
    x: np.ndarray,
    values: Mapping[str, np.ndarray],
    derivatives: Mapping[str, np.ndarray],
    *,
    captions: Mapping[str, str] | None = None,
    axes: Sequence[Axes] | None = None,
) -> list[Axes]:
    """Plot one panel per function: f(x) as a solid line, f'(x) as a dashed one.

    Parameters
    ----------
    x : array-like of shape (k,)
    values, derivatives : dict of str to array-like of shape (k,)
        By function name, which is the panel's title; a NaN at a jump leaves a gap.
    captions : dict of str to str, optional
        One or two lines by function name, which stand between the title and the panel.
    axes : sequence of Axes, optional
        One per function.

    Returns
    -------
    list of Axes
        Without empty ones.

    Raises
    ------
    InvalidSettingError
        If there are too few axes, there is no function, or one has no derivative.
    ShapeError
        If values or derivatives do not have the shape of ``x``.

    Examples
    --------
    >>> x = np.linspace(-2, 2, 5)
    >>> axes = plot_activation_functions(x, {"tanh": np.tanh(x)}, {"tanh": 1 - np.tanh(x) ** 2})
    >>> axes[0].get_title(loc="left")
    'tanh'
    """
    _check(x, values, derivatives)
    num_columns = min(_NUM_COLUMNS, len(values))
    num_rows = -(-len(values) // num_columns)
    if axes is None:
        axes = axes_grid(
            num_rows,
            num_columns,
            size=((3.3 if captions else 3.1) * num_columns, (2.8 if captions else 2.5) * num_rows),
            share_x=True,
            share_y=True,
        )
    else:
        axes = given_axes(axes)
        if len(axes) < len(values):
            raise InvalidSettingError(phrase("axes", f"must be {len(values)} axes, one per function", len(axes)))
    for ax, (name, value) in zip(axes, values.items(), strict=False):
        ax.axhline(0, color="#999999", linewidth=0.8)
        ax.axvline(0, color="#999999", linewidth=0.8)
        ax.plot(x, value, color=COLORS["blue"], label="f(x)")
        ax.plot(x, derivatives[name], color=COLORS["vermillion"], linestyle="--", label="f'(x)")
        caption = (captions or {}).get(name, "")
        ax.set_title(verbatim(name), pad=6 + _CAPTION_LINE * len(caption.splitlines()))
        note = ax.annotate(
            verbatim(caption), (0, 1), xytext=(0, 4), xycoords="axes fraction", textcoords="offset points", fontsize=8
        )
        note.set_in_layout(False)  # else a long one would shrink the panels
    for i, ax in enumerate(axes):
        ax.set_visible(i < len(values))
        if i % num_columns == 0:
            ax.set_ylabel("f(x) and f'(x)")
        if i + num_columns >= len(values):
            ax.set_xlabel("x")
            ax.tick_params(labelbottom=True)
    legend_below(axes[num_columns * (num_rows - 1)])
    return list(axes[: len(values)])


def _check(x: Any, values: Mapping[str, Any], derivatives: Mapping[str, Any]) -> None:
    if not values or set(values) - set(derivatives):
        rule = "must be one or more functions, with a derivative each"
        raise InvalidSettingError(phrase("values", rule, [*values], owner=_OWNER))
    for name in values:
        for each in (values[name], derivatives[name]):
            if np.shape(each) != np.shape(x):
                raise ShapeError(phrase(f"{name!r}", f"must have the shape of x, {np.shape(x)}", np.shape(each), owner=_OWNER))
