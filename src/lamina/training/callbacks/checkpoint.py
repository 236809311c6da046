"""Writes checkpoints during training."""

from __future__ import annotations

import math
import os
import re
import time
from pathlib import Path

from lamina import validation
from lamina.errors import InvalidSettingError, phrase
from lamina.files.atomic import check_writable
from lamina.training.callbacks.callback import Callback, Run
from lamina.training.history import Record
from lamina.validation import boolean, check_parameters, integer, number, one_of, value

__all__ = ["Checkpoint"]

_RULES = {
    "path": validation.path(),
    "every": integer(1),
    "resume": boolean(),
    "every_s": one_of(number(0, closed="neither"), value(None)),
}


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

    every_s : float, optional
        Seconds after which a checkpoint is written within a long epoch, too, > 0; between two calls of the engine, which take
        about half a second. Not with ``{epoch}`` in the path. None: at the end of epochs alone.

    Raises
    ------
    FileError
        At the start of ``fit`` if ``path`` cannot be written; later if the disk is full. With ``resume=True`` if the file cannot
        be read, or was written by a run on other data.
    InvalidSettingError
        If a setting is out of range, or ``every_s`` is given for a path with ``{epoch}``.

    Examples
    --------
    >>> Checkpoint("run.checkpoint", every=5).every
    5
    """

    runs_last = True

    def __init__(self, path: str | os.PathLike[str], every: int = 1, resume: bool = False, every_s: float | None = None) -> None:
        check_parameters({"path": path, "every": every, "resume": resume, "every_s": every_s}, _RULES, owner="Checkpoint")
        self.path = os.fspath(path)
        self.every = every
        self.resume = bool(resume)
        self.every_s = every_s
        self._next_s = math.inf
        if every_s is not None and "{epoch}" in self.path:
            rule, repair = "must be None with {epoch} in the path", "Leave out {epoch}: the one file is replaced."
            raise InvalidSettingError(phrase("every_s", rule, every_s, repair=repair, owner="Checkpoint"))

    def on_fit_begin(self, trainer: Run) -> None:
        check_writable(self._path(trainer.epoch))
        self._wait()

    def on_chunk_end(self, trainer: Run, steps_done: int) -> None:
        if time.monotonic() >= self._next_s and trainer.stop_reason is None:
            trainer.save_checkpoint(self.path)
            self._wait()

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        if trainer.epoch % self.every == 0:
            trainer.save_checkpoint(self._path(trainer.epoch))
            self._wait()

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

    def _wait(self) -> None:
        if self.every_s is not None:
            self._next_s = time.monotonic() + float(self.every_s)

    def _path(self, epoch: int) -> str:
        return self.path.replace("{epoch}", str(epoch))
