"""A log file with one line of JSON per epoch."""

from __future__ import annotations

import json
import math
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from lamina import validation
from lamina.errors import FileError
from lamina.files.atomic import check_writable
from lamina.training.callbacks.callback import Callback, Run
from lamina.training.history import Record
from lamina.validation import check_parameters

__all__ = ["JsonlLog"]


class JsonlLog(Callback):
    """Appends each epoch's record to a file as one line of JSON, written without buffering so that it can be followed.

    A full disk does not end the training: lines that could not be written are kept and retried with the next one.

    Parameters
    ----------
    path : str or path
        The file; a run that starts at epoch 0 overwrites it, and one that continues appends to it.

    Raises
    ------
    FileError
        If the file cannot be opened or, when training is over, if some lines could not be written. The trainer then still
        has its weights and its whole history.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> log = JsonlLog(pathlib.Path(tempfile.mkdtemp()) / "run.jsonl")
    """

    runs_last = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        check_parameters({"path": path}, {"path": validation.path()}, owner="JsonlLog")
        self.path = os.fspath(path)
        self._file: BinaryIO | None = None
        self._waiting = b""

    def __getstate__(self) -> dict[str, Any]:
        """For a pickle: leave out the open file."""
        return vars(self) | {"_file": None}

    def on_fit_begin(self, trainer: Run) -> None:
        check_writable(self.path)
        self._waiting = b""
        try:
            if trainer.epoch:
                self._drop_later(trainer.epoch)
            # Unbuffered, so that after a failed write it is known to the byte what remains.
            self._file = Path(self.path).open("ab" if trainer.epoch else "wb", buffering=0)  # noqa: SIM115, closed at the end of fit
        except OSError as error:
            raise FileError(f"cannot write {self.path!r}: {error.strerror}. Name another file.") from error

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        if self._file is not None:
            self._waiting += (json.dumps(record, default=_plain) + "\n").encode()
            with suppress(OSError):
                self._write()

    def on_fit_end(self, trainer: Run) -> None:
        if self._file is None:
            return
        try:
            self._write()
        except OSError as error:
            lines = self._waiting.count(b"\n")
            raise FileError(
                f"cannot write {self.path!r}: {(error.strerror or str(error)).lower()}. Its last {lines} lines are missing, but "
                "they are in the trainer's history; nothing else was lost. Free some space or name another file."
            ) from error
        finally:
            file, self._file = self._file, None
            with suppress(OSError):
                file.close()

    def _drop_later(self, epoch: int) -> None:
        """Cut off the records after ``epoch``: a killed run wrote them, and the resumed run writes them again."""
        path = Path(self.path)
        if not path.is_file():
            return
        lines = path.read_bytes().splitlines(keepends=True)
        first = next((i for i, line in enumerate(lines) if _epoch_of(line) > epoch), len(lines))
        if first < len(lines):
            os.truncate(path, sum(map(len, lines[:first])))

    def _write(self) -> None:
        """Write the waiting lines, as far as possible."""
        while self._waiting and self._file is not None:
            self._waiting = self._waiting[self._file.write(self._waiting) :]


def _epoch_of(line: bytes) -> float:
    """The epoch of a record; infinite for an incomplete line left by a kill."""
    try:
        return float(json.loads(line)["epoch"])
    except (ValueError, KeyError, TypeError):
        return math.inf


def _plain(value: Any) -> Any:
    """NumPy numbers and arrays as JSON types."""
    return value.tolist()
