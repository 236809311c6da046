"""A log file with one line of JSON per epoch."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

from lamina import validation
from lamina.caller import warn_caller
from lamina.errors import FileError, counted
from lamina.files.atomic import check_writable
from lamina.files.patient_file import PatientFile
from lamina.training.callbacks.callback import Callback, Run
from lamina.training.history import Record
from lamina.training.training_warning import TrainingWarning
from lamina.validation import check_parameters

__all__ = ["JsonlLog"]


class JsonlLog(Callback):
    """Appends each epoch's record to a file as one line of JSON, written without buffering so that it can be followed.

    A full disk does not end the training, nor what comes after it: lines that could not be written are kept and retried with the
    next one.

    Parameters
    ----------
    path : str or path
        The file; a run that starts at epoch 0 overwrites it, and one that continues appends to it.

    Raises
    ------
    FileError
        When ``fit`` starts, if the file cannot be opened.
    TrainingWarning
        If a line cannot be written and, when training is over, if some are still missing. The history has them.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> log = JsonlLog(pathlib.Path(tempfile.mkdtemp()) / "run.jsonl")
    """

    runs_last = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        check_parameters({"path": path}, {"path": validation.path()}, owner="JsonlLog")
        self.path = os.fspath(path)
        self._file: PatientFile | None = None
        self._has_failed = False
        self._last = 0  # the epoch of the last line

    def __getstate__(self) -> dict[str, Any]:
        """For a pickle: leave out the open file."""
        return vars(self) | {"_file": None}

    def on_fit_begin(self, trainer: Run) -> None:
        check_writable(self.path)
        self._has_failed, self._last = False, trainer.epoch
        try:
            if trainer.epoch:
                self._drop_later(trainer.epoch)
            self._file = PatientFile(self.path, "ab" if trainer.epoch else "wb")
        except OSError as error:
            raise FileError(f"cannot write {self.path!r}: {error.strerror}. Name another file.") from error

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        if self._file is None:
            return
        self._add(self._file, record)
        try:
            self._file.flush()
        except OSError as error:
            had_failed, self._has_failed = self._has_failed, True
            if not had_failed:
                self._warn(error, "Training goes on, and its lines wait for room.")

    def on_fit_end(self, trainer: Run) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        for record in trainer.history:
            if record["epoch"] > self._last:  # another callback raised before this one's turn
                self._add(file, record)
        try:
            file.close()
        except OSError as error:
            lines = counted(file.waiting.count(b"\n"), "line")
            self._warn(error, f"Its last {lines} are missing, but the history has them.")

    def _add(self, file: PatientFile, record: Record) -> None:
        file.add((json.dumps(record, default=_plain) + "\n").encode())
        self._last = record["epoch"]

    def _warn(self, error: OSError, consequence: str) -> None:
        reason = (error.strerror or str(error)).lower()
        warn_caller(f"JsonlLog: cannot write {self.path!r}: {reason}. {consequence}", TrainingWarning)

    def _drop_later(self, epoch: int) -> None:
        """Cut off the records after ``epoch``: a killed run wrote them, and the resumed run writes them again."""
        path = Path(self.path)
        if not path.is_file():
            return
        lines = path.read_bytes().splitlines(keepends=True)
        first = next((i for i, line in enumerate(lines) if _epoch_of(line) > epoch), len(lines))
        if first < len(lines):
            os.truncate(path, sum(map(len, lines[:first])))


def _epoch_of(line: bytes) -> float:
    """The epoch of a record; infinite for an incomplete line left by a kill."""
    try:
        return float(json.loads(line)["epoch"])
    except (ValueError, KeyError, TypeError):
        return math.inf


def _plain(value: Any) -> Any:
    """NumPy numbers and arrays as JSON types."""
    return value.tolist()
