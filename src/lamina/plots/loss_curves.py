"""Plot of loss curves of several trainings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lamina.plots.style import LINE_STYLES, make_axes, marks, styled, verbatim
from lamina.training import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_loss_curves"]


@styled
def plot_loss_curves(
    histories: Mapping[str, History],
    key: str = "loss",
    *,
    label: str = "training loss",
    log: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Plot one line per history.

    Parameters
    ----------
    histories : dict of str to History
        By legend label.
    key : str, default="loss"
        Key of the records.
    label : str
        Label of the vertical axis.
    log : bool, default=False
        Whether the vertical axis is logarithmic.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> history = History([{"epoch": 1, "loss": 0.9}, {"epoch": 2, "loss": 0.5}])
    >>> plot_loss_curves({"Xavier": history}).get_ylabel()
    'training loss'
    """
    ax = make_axes(ax)
    for i, (name, history) in enumerate(histories.items()):
        style, values = LINE_STYLES[i % len(LINE_STYLES)], history[:, key]
        ax.plot(history[:, "epoch"], values, linestyle=style, label=verbatim(name), **marks(values))
    ax.set(xlabel="epoch", ylabel=label, yscale="log" if log else "linear")
    if not log:
        ax.set_ylim(bottom=0)
    ax.legend()
    return ax
