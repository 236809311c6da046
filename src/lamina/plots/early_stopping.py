"""Plot of early stopping: the training loss keeps falling while the validation loss turns up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.plots.style import COLORS, make_axes, marks, styled
from lamina.training import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_early_stopping"]


@styled
def plot_early_stopping(
    history: History, best_epoch: int, stopped_at: int | None = None, *, log: bool = False, ax: Axes | None = None
) -> Axes:
    """Plot both losses over the epochs, the epoch whose weights are kept, and the epoch at which training stopped.

    Parameters
    ----------
    history : History
        With ``loss`` and ``validation_loss``. Losses after ``stopped_at`` are dashed.
    best_epoch : int
        Counted from 1, as ``EarlyStopping.best_epoch``.
    stopped_at : int, optional
        The last epoch of the run that stopped early; default: the last epoch of the history.
    log : bool, default=False
        Whether the losses have a logarithmic axis.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> history = History([{"epoch": e, "loss": 1 / e, "validation_loss": 1 / e + e / 20} for e in range(1, 11)])
    >>> plot_early_stopping(history, best_epoch=4, stopped_at=8).get_xlabel()
    'epoch'
    """
    ax = make_axes(ax)
    epochs = history[:, "epoch"]
    end = epochs[-1] if stopped_at is None else stopped_at
    kept = [epoch <= end for epoch in epochs].count(True)
    for key, label, color in (("loss", "training", COLORS["blue"]), ("validation_loss", "validation", COLORS["vermillion"])):
        losses = history[:, key]
        ax.plot(epochs[:kept], losses[:kept], color=color, label=label, **marks(losses[:kept]))
        if kept < len(epochs):
            ax.plot(epochs[kept - 1 :], losses[kept - 1 :], color=color, linestyle=(0, (2, 2)), linewidth=1.2, alpha=0.8)
    lowest = history[best_epoch - 1, "validation_loss"]
    ax.plot(best_epoch, lowest, "o", color=COLORS["black"], markersize=8, label=f"kept: epoch {best_epoch}", zorder=3)
    if kept < len(epochs):
        ax.axvline(end, color="#666666", linestyle=":", linewidth=1.5, label=f"stopped: epoch {end} (dashed: if continued)")
    ax.set(xlabel="epoch", ylabel="loss", title="Early stopping", yscale="log" if log else "linear")
    if not log:
        ax.set_ylim(bottom=0)
    ax.legend()
    return ax
