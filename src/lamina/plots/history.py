"""Plot of a training's history: its losses over the epochs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

from lamina.errors import DataError, InvalidSettingError, phrase
from lamina.plots.course import course_of
from lamina.plots.given import check_above_zero
from lamina.plots.legends import legend_below
from lamina.plots.style import LINE_STYLES, cycle, ink, make_axes, marks, shortened, styled, verbatim
from lamina.plots.texts import say_if_empty
from lamina.plots.ticks import round_log_axis, whole_ticks
from lamina.training import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_history"]

_FEW, _LEGEND_ROWS = 8, 24  # lines with a legend below the axes; rows of a legend beside them
_LONGEST = 40  # characters in a label
_LOSSES = {"loss": "training", "validation_loss": "validation"}


@styled
def plot_history(training: Any, keys: str | Sequence[str] | None = None, *, log: bool = False, ax: Axes | None = None) -> Axes:
    """Plot one line per key over the epochs, with a dot at the epoch whose weights were kept, if that is known.

    It draws ``plot`` of a History, a Trainer, the estimators and the models.

    Parameters
    ----------
    training : History, Trainer, fitted estimator or model
        With at least one epoch. A History does not know which epoch was kept.
    keys : str or sequence of str, optional
        Keys of the records. By default the training loss, and the validation loss and the objective of perturbed weights
        if they were recorded.
    log : bool, default=False
        Whether the vertical axis is logarithmic.
    ax : Axes, optional

    Returns
    -------
    Axes

    Notes
    -----
    A key that is missing in some epochs is drawn as points joined by lines.

    Raises
    ------
    DataError
        If there is no history or it is empty, a key's values are not numbers, or ``log`` is set and they are not above 0.
    InvalidSettingError
        If ``keys`` is empty, or ``ax`` is not matplotlib's Axes.
    KeyError
        If no epoch has one of the keys; the message lists the known ones.

    Examples
    --------
    >>> history = History([{"epoch": e, "loss": 1 / e, "validation_loss": 2 / e} for e in (1, 2, 3)])
    >>> [line.get_label() for line in plot_history(history).lines]
    ['training', 'validation']
    """
    course = course_of(training, owner="plot_history")
    history = course.history
    if keys is None:
        keys = [key for key in (*_LOSSES, "objective") if key in history.keys]
    names = [keys] if isinstance(keys, str) else list(keys)
    if not names:
        repair = f"Give one or more of {', '.join(history.keys)}."
        raise InvalidSettingError(phrase("keys", "must name at least one key", keys, repair=repair, owner="plot_history"))
    are_losses = all(name in _LOSSES for name in names)
    curves = [_curve(history, name, log) for name in names]
    rows = min(len(names), _LEGEND_ROWS)
    ax = make_axes(
        ax, size=None if len(names) <= _FEW else (6.4 + 2.2 * -(-len(names) // _LEGEND_ROWS), max(4.2, 0.21 * rows + 0.6))
    )
    for i, (name, (epochs, values)) in enumerate(zip(names, curves, strict=True)):
        label = _LOSSES[name] if are_losses else _words(name)
        look = {"marker": "o"} if len(values) < len(history) else marks(values)
        style: dict[str, Any] = {"color": cycle(i), "linestyle": LINE_STYLES[i % len(LINE_STYLES)], **look}
        ax.plot(epochs, values, label=label, **style)
    one = "" if len(names) > 1 else _words(names[0])
    ax.set(xlabel="epoch", ylabel="loss" if are_losses else one, yscale="log" if log else "linear")
    round_log_axis(ax)
    whole_ticks(ax)
    say_if_empty(ax, "no value is finite")
    is_marked = course.kept is not None and _mark(ax, course.kept, curves)
    _legend(ax, are_losses or is_marked, len(names))
    return ax


def _words(name: str) -> str:
    return verbatim(shortened(name.replace("_", " "), _LONGEST))


def _curve(history: History, name: str, log: bool) -> tuple[list[float], list[float]]:
    """The epochs that have the key, and its values."""
    history[:, name]  # raises KeyError for an unknown key
    pairs = [(record.get("epoch", math.nan), record[name]) for record in history if name in record]
    for _, number in pairs:
        if not isinstance(number, Real):
            raise DataError(phrase(f"{name!r} of the history", "must be numbers to be plotted", number, owner="plot_history"))
    if log:
        check_above_zero((number for _, number in pairs), f"{name!r} of the history", owner="plot_history")
    return [float(epoch) for epoch, _ in pairs], [float(number) for _, number in pairs]


def _mark(ax: Axes, epoch: int, curves: Sequence[tuple[list[float], list[float]]]) -> bool:
    """Put a dot on every curve at the epoch, and return whether there is one."""
    values = [values[epochs.index(epoch)] for epochs, values in curves if epoch in epochs]
    if values:
        ax.scatter([epoch] * len(values), values, s=36, color=ink(), zorder=3, label=f"kept: epoch {epoch}")
    return bool(values)


def _legend(ax: Axes, is_needed: bool, count: int) -> None:
    """Put a short legend below the axes, a long one beside them; a single line has its name as the axis label instead."""
    if count > _FEW:
        columns = -(-count // _LEGEND_ROWS)
        ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize=8, ncols=columns, borderaxespad=0.0)
    elif is_needed or count > 1:
        legend_below(ax)
