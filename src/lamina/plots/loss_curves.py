"""Plot of loss curves of several trainings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lamina.plots.course import course_of
from lamina.plots.given import by_name, check_above_zero
from lamina.plots.legends import legend_below
from lamina.plots.style import LINE_STYLES, cycle, make_axes, marks, start_at_zero, styled, verbatim
from lamina.plots.texts import say_if_empty
from lamina.plots.ticks import round_log_axis, whole_ticks
from lamina.training import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_loss_curves"]

_OWNER = "plot_loss_curves"


@styled
def plot_loss_curves(
    trainings: Any | Mapping[str, Any],
    key: str = "loss",
    *,
    label: str = "",
    log: bool = False,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Plot one line per training over the epochs.

    Parameters
    ----------
    trainings : History, Trainer, fitted estimator or model, or dict of str to such
        A dict's names are the legend.
    key : str, default="loss"
        Key of the records.
    label : str, default=""
        Label of the vertical axis; empty: "training loss", "validation loss", or the key.
    log : bool, default=False
        Whether the vertical axis is logarithmic.
    title : str
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If a training had no epoch yet, something is no training, or ``log`` is set and values are not above 0.
    KeyError
        If no epoch of a training has the key; the message names the training and lists the known ones.

    Examples
    --------
    >>> from lamina import History
    >>> history = History([{"epoch": 1, "loss": 0.9}, {"epoch": 2, "loss": 0.5}])
    >>> plot_loss_curves(history).get_ylabel(), plot_loss_curves({"Xavier": history}).get_legend() is None
    ('training loss', False)
    """
    courses = by_name(trainings, lambda given: course_of(given, owner=_OWNER), what="trainings", owner=_OWNER)
    curves = {name: _curve(course.history, key, name, log) for name, course in courses.items()}
    ax = make_axes(ax)
    for i, (name, (epochs, values)) in enumerate(curves.items()):
        look: dict[str, Any] = {"color": cycle(i), "linestyle": LINE_STYLES[i % len(LINE_STYLES)], **marks(values)}
        ax.plot(epochs, values, label=verbatim(name), **look)
    words = "training loss" if key == "loss" else verbatim(key.replace("_", " "))
    ax.set(xlabel="epoch", ylabel=label or words, yscale="log" if log else "linear")
    round_log_axis(ax)
    whole_ticks(ax)
    say_if_empty(ax, "no value is finite")
    if not log:
        start_at_zero(ax)
    ax.set_title(title)
    if isinstance(trainings, Mapping):
        legend_below(ax)
    return ax


def _curve(history: History, key: str, name: str, log: bool) -> tuple[list[float], list[float]]:
    """The epochs and the values of the key."""
    of_training = f" of {name!r}" if name else ""
    try:
        values = history[:, key]
    except KeyError as error:
        raise KeyError(f"{_OWNER}{of_training}: {error.args[0]}") from None
    if log:
        check_above_zero(values, f"{key!r}{of_training}", owner=_OWNER)
    return history[:, "epoch"], values
