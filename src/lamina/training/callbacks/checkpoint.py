"""Writes checkpoints during training."""

from __future__ import annotations

import os
import re
from pathlib import Path

from lamina import validation
from lamina.files.atomic import check_writable
from lamina.training.callbacks.callback import Callback, Run
from lamina.training.history import Record
from lamina.validation import boolean, check_parameters, integer

__all__ = ["Checkpoint"]


class Checkpoint(Callback):
    """Writes a checkpoint every ``every`` epochs, from which a killed run can continue as if nothing had happened.

    The file is replaced atomically, so a kill during writing leaves the earlier checkpoint intact. With ``resume=True`` the
    same ``fit`` in a new process continues from it; :meth:`lamina.training.Trainer.load_checkpoint` loads it manually.

    Parameters
    ----------
    path : str or path
        The file; ``{epoch}`` in it is replaced by the epoch number, so that all checkpoints are kept.
    every : int, default=1
        Epochs between checkpoints, >= 1.
    resume : bool, default=False
        Whether the first ``fit`` of a trainer, or any ``fit`` of an estimator, continues from the checkpoint at ``path`` if there
        is one; with ``{epoch}`` from the latest. Network, settings and data must be those of the run that wrote it, or an error
        is raised; the data are compared by a checksum of X, y, weights and validation rows. A run that had already finished ends
        at once. An estimator with several restarts has one file each, ``path`` with ``.restart1``, ``.restart2``, … appended.

    Raises
    ------
    FileError
        At the start of ``fit`` if ``path`` cannot be written; later if the disk is full. With ``resume=True`` if the file cannot
        be read, or was written by a run on other data.

    Examples
    --------
    >>> Checkpoint("run.checkpoint", every=5).every
    5
    """

    runs_last = True

    def __init__(self, path: str | os.PathLike[str], every: int = 1, resume: bool = False) -> None:
        rules = {"path": validation.path(), "every": integer(1), "resume": boolean()}
        check_parameters({"path": path, "every": every, "resume": resume}, rules, owner="Checkpoint")
        self.path = os.fspath(path)
        self.every = every
        self.resume = bool(resume)

    def on_fit_begin(self, trainer: Run) -> None:
        check_writable(self._path(trainer.epoch))

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        if trainer.epoch % self.every == 0:
            trainer.save_checkpoint(self._path(trainer.epoch))

    def resume_path(self) -> str | None:
        if not self.resume:
            return None
        if "{epoch}" not in self.path:
            return self.path if Path(self.path).exists() else None
        folder, name = os.path.split(self.path)
        pattern = re.compile(re.escape(name).replace(re.escape("{epoch}"), "([0-9]+)"))
        there = [path.name for path in Path(folder).iterdir()] if Path(folder).is_dir() else []
        found = [(int(match[1]), match.string) for match in map(pattern.fullmatch, there) if match]
        return str(Path(folder) / max(found)[1]) if found else None

    def for_restart(self, number: int) -> None:
        self.path = f"{self.path}.restart{number}"

    def _path(self, epoch: int) -> str:
        return self.path.replace("{epoch}", str(epoch))
