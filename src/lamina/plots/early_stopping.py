"""Plot of early stopping: the training loss keeps falling while the validation loss turns up."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lamina.errors import DataError, InvalidSettingError, phrase
from lamina.plots.course import Course, course_of
from lamina.plots.given import check_above_zero
from lamina.plots.legends import legend_below
from lamina.plots.style import COLORS, gray, ink, make_axes, marks, start_at_zero, styled
from lamina.plots.texts import say_if_empty
from lamina.plots.ticks import round_log_axis, whole_ticks
from lamina.training import History
from lamina.validation import check_parameters, integer, one_of, value

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_early_stopping"]

_OWNER = "plot_early_stopping"


@styled
def plot_early_stopping(
    training: Any,
    best_epoch: int | None = None,
    stopped_at: int | None = None,
    *,
    patience: int | None = None,
    label: str = "loss",
    log: bool = False,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot both losses over the epochs, the epoch whose weights are kept, and the epochs without improvement before the stop.

    Parameters
    ----------
    training : History, Trainer, fitted estimator or model
        Its history must have ``loss`` and ``validation_loss``. All but a History also know which epoch was kept, and whether
        patience ended the training. Losses after ``stopped_at`` are dashed.
    best_epoch : int, optional
        The epoch whose weights are kept, counted from 1, as ``EarlyStopping.best_epoch``. Default: what ``training`` knows;
        if that is nothing, the epoch of the lowest validation loss is marked as such.
    stopped_at : int, optional
        The last epoch of the run that stopped early; default: the last epoch of the history.
    patience : int, optional
        How many epochs without improvement ended the training, which are shaded. Default: what ``training`` knows.
    label : str, default="loss"
        Label of the vertical axis, such as "loss (nats per example)".
    log : bool, default=False
        Whether the losses have a logarithmic axis.
    title : str, optional
        By default it names the marked epoch.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If the history is empty or has no validation loss, there is no history, or ``log`` is set and losses are not above 0.
    InvalidSettingError
        If ``best_epoch`` or ``stopped_at`` is no epoch of the history, or ``patience`` is no integer >= 0.

    Examples
    --------
    >>> history = History([{"epoch": e, "loss": 1 / e, "validation_loss": 1 / e + e / 20} for e in range(1, 11)])
    >>> ax = plot_early_stopping(history)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['training', 'validation', 'lowest: epoch 4']
    """
    course = course_of(training, owner=_OWNER)
    history = course.history
    _check(history, {"best_epoch": best_epoch, "stopped_at": stopped_at})
    check_parameters({"patience": patience}, {"patience": one_of(value(None), integer(0))}, owner=_OWNER)
    for key in ("loss", "validation_loss") if log else ():
        check_above_zero(history[:, key], f"{key!r} of the history", owner=_OWNER)
    epochs = history[:, "epoch"]
    end = epochs[-1] if stopped_at is None else stopped_at
    marked, word = _marked(course, best_epoch)
    ax = make_axes(ax)
    _draw_losses(ax, history, end)
    if marked is not None and marked > 0:
        lowest = history[epochs.index(marked), "validation_loss"]
        ax.plot(marked, lowest, "o", color=ink(), markersize=8, label=f"{word}: epoch {marked}", zorder=3)
    if waited := course.waited if patience is None else patience:
        ax.axvspan(end - waited, end, color="#999999", alpha=0.2, linewidth=0, label=f"{waited} epochs without improvement")
    if end < epochs[-1]:
        ax.axvline(end, color=gray(0.6), linestyle=":", linewidth=1.5, label=f"stopped: epoch {end} (dashed: if continued)")
    ax.set(xlabel="epoch", ylabel=label, yscale="log" if log else "linear")
    ax.set_title(_title(marked, word) if title is None else title)
    round_log_axis(ax)
    whole_ticks(ax)
    say_if_empty(ax, "no loss is finite")
    if not log:
        start_at_zero(ax)
    legend_below(ax)
    return ax


def _check(history: History, epochs: dict[str, int | None]) -> None:
    if "validation_loss" not in history.keys:
        repair = "Give fit validation rows."
        raise DataError(phrase("the history", "must hold validation_loss", history.keys, repair=repair, owner=_OWNER))
    known = history[:, "epoch"]
    for name, epoch in epochs.items():
        if epoch is not None and epoch not in known:
            rule = f"must be an epoch of the history, {known[0]} to {known[-1]}"
            raise InvalidSettingError(phrase(name, rule, epoch, owner=_OWNER))


def _marked(course: Course, best_epoch: int | None) -> tuple[int | None, str]:
    """The epoch to mark, and what it is."""
    if best_epoch is not None or course.kept is not None:
        return course.kept if best_epoch is None else best_epoch, "kept"
    losses = {record["epoch"]: record.get("validation_loss", math.nan) for record in course.history}
    finite = {epoch: loss for epoch, loss in losses.items() if math.isfinite(loss)}
    return min(finite, key=finite.__getitem__, default=None), "lowest"


def _title(marked: int | None, word: str) -> str:
    if marked is None:
        return "No validation loss was finite"
    if word == "lowest":
        return f"The validation loss is lowest in epoch {marked}"
    return f"The weights of epoch {marked} are kept" if marked else "The weights from before the first epoch are kept"


def _draw_losses(ax: Axes, history: History, end: int) -> None:
    """Draw both losses, dashed after the epoch ``end``."""
    epochs = history[:, "epoch"]
    kept = [epoch <= end for epoch in epochs].count(True)
    for key, label, color in (("loss", "training", COLORS["blue"]), ("validation_loss", "validation", COLORS["vermillion"])):
        losses = history[:, key]
        ax.plot(epochs[:kept], losses[:kept], color=color, label=label, **marks(losses[:kept]))
        if kept < len(epochs):
            ax.plot(epochs[kept - 1 :], losses[kept - 1 :], color=color, linestyle=(0, (2, 2)), linewidth=1.2, alpha=0.8)
