"""A line of text for each epoch."""

from __future__ import annotations

from lamina.training.callbacks.callback import Callback, Run
from lamina.training.callbacks.progress import summary_of
from lamina.training.history import Record

__all__ = ["EpochLines"]


class EpochLines(Callback):
    """Prints a line after each epoch: ``verbose=2`` of :meth:`lamina.training.Trainer.fit`.

    >>> EpochLines().runs_last
    True
    """

    runs_last = True

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        print(f"epoch {trainer.epoch}/{trainer.last_epoch}  {summary_of(record)}")
