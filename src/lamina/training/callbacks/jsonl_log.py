"""A log file with one line of JSON an epoch."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, TextIO

from lamina import validation
from lamina.errors import FileError
from lamina.files.atomic import check_writable
from lamina.training.callbacks.callback import Callback, Run
from lamina.training.history import Record
from lamina.validation import check_parameters

__all__ = ["JsonlLog"]


class JsonlLog(Callback):
    """Appends each epoch's record to a file as one line of JSON, written through at once so that it can be followed.

    Parameters
    ----------
    path : str or path
        The file; a training that begins at epoch 0 starts it anew, one that goes on appends.

    Raises
    ------
    FileError
        If the file cannot be opened.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> log = JsonlLog(pathlib.Path(tempfile.mkdtemp()) / "run.jsonl")
    """

    runs_last = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        check_parameters({"path": path}, {"path": validation.path()}, owner="JsonlLog")
        self.path = os.fspath(path)
        self._file: TextIO | None = None

    def __getstate__(self) -> dict[str, Any]:
        """For a pickle: the open file stays behind."""
        return vars(self) | {"_file": None}

    def on_fit_begin(self, trainer: Run) -> None:
        check_writable(self.path)
        try:
            self._file = Path(self.path).open("a" if trainer.epoch else "w", encoding="utf-8")  # noqa: SIM115, closed at the end of fit
        except OSError as error:
            raise FileError(f"cannot write {self.path!r}: {error.strerror}. Name another file.") from error

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        if self._file is not None:
            self._file.write(json.dumps(record, default=_plain) + "\n")
            self._file.flush()

    def on_fit_end(self, trainer: Run) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays as JSON knows them."""
    return value.tolist()
