"""A training's history: its losses over the epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lamina.errors import DataError, phrase
from lamina.plots.style import LINE_STYLES, make_axes, styled, verbatim
from lamina.training import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_history"]

_LOSSES = {"loss": "training", "validation_loss": "validation"}


@styled
def plot_history(history: History, keys: str | Sequence[str] | None = None, *, log: bool = False, ax: Axes | None = None) -> Axes:
    """One line a key, over the epochs.

    Parameters
    ----------
    history : History
        Of at least one epoch.
    keys : str or sequence of str, optional
        Keys of the records. By default the training loss, and the validation loss if there is one.
    log : bool, default=False
        Whether the vertical axis is logarithmic.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If there is no epoch yet.
    KeyError
        If no epoch has one of the keys; the known ones are named.

    Examples
    --------
    >>> history = History([{"epoch": e, "loss": 1 / e, "validation_loss": 2 / e} for e in (1, 2, 3)])
    >>> [line.get_label() for line in plot_history(history).lines]
    ['training', 'validation']
    """
    if not len(history):
        raise DataError(phrase("the history", "must hold at least one epoch", "none", owner="plot_history"))
    if keys is None:
        keys = [key for key in _LOSSES if key in history.keys]
    names = [keys] if isinstance(keys, str) else list(keys)
    are_losses = all(name in _LOSSES for name in names)
    curves = [history[:, name] for name in names]
    ax = make_axes(ax)
    for i, (name, curve) in enumerate(zip(names, curves, strict=True)):
        label = _LOSSES[name] if are_losses else verbatim(name.replace("_", " "))
        marker = "o" if len(history) == 1 else None
        ax.plot(history[:, "epoch"], curve, linestyle=LINE_STYLES[i % len(LINE_STYLES)], marker=marker, label=label)
    ax.set(xlabel="epoch", ylabel="loss" if are_losses else "", yscale="log" if log else "linear")
    ax.locator_params(axis="x", integer=True)
    ax.legend()
    return ax
