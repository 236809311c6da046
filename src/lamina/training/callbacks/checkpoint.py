"""Checkpoints while training."""

from __future__ import annotations

import os

from lamina import validation
from lamina.files.atomic import check_writable
from lamina.training.callbacks.callback import Callback, Run
from lamina.training.history import Record
from lamina.validation import check_parameters, integer

__all__ = ["Checkpoint"]


class Checkpoint(Callback):
    """Writes a checkpoint at the end of every so many epochs, from which a killed run goes on as if nothing had happened.

    The file is replaced all at once, so a kill in the midst of writing leaves the earlier checkpoint. Load it with
    :meth:`lamina.training.Trainer.load_checkpoint` and call ``fit`` with the same arguments again.

    Parameters
    ----------
    path : str or path
        The file; ``{epoch}`` in it is replaced by the number of the epoch, so that all checkpoints are kept.
    every : int, default=1
        Epochs between two checkpoints, >= 1.

    Raises
    ------
    FileError
        At the beginning of ``fit`` if ``path`` cannot be written, before any work is spent; later if the disk is full.

    Examples
    --------
    >>> Checkpoint("run.checkpoint", every=5).every
    5
    """

    runs_last = True

    def __init__(self, path: str | os.PathLike[str], every: int = 1) -> None:
        check_parameters({"path": path, "every": every}, {"path": validation.path(), "every": integer(1)}, owner="Checkpoint")
        self.path = os.fspath(path)
        self.every = every

    def on_fit_begin(self, trainer: Run) -> None:
        check_writable(self._path(trainer.epoch))

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        if trainer.epoch % self.every == 0:
            trainer.save_checkpoint(self._path(trainer.epoch))

    def _path(self, epoch: int) -> str:
        return self.path.replace("{epoch}", str(epoch))
