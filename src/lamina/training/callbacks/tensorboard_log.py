"""Logs a run for TensorBoard."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from lamina import validation
from lamina.extras import require
from lamina.training.callbacks.callback import Run
from lamina.training.callbacks.event_files import EventFile, hyperparameters, session_end, text_summary
from lamina.training.callbacks.tracker import HISTOGRAMS, Timed, Tracker, is_line, numbers_of
from lamina.training.run_parameters import Plain, run_parameters
from lamina.validation import Rule, check_parameters, one_of, value

__all__ = ["TensorBoardLog"]

_OWNER = "TensorBoardLog"


def _is_folder_name(given: object) -> bool:
    return is_line(given) and given not in (".", "..") and not set(str(given)) & {"/", "\\"}


_RULES = {
    "folder": validation.path(),
    # A run must not lie elsewhere than in the folder of all.
    "name": one_of(Rule("text in one line, without / and \\, that is neither '.' nor '..'", _is_folder_name), value(None)),
    "histograms": HISTOGRAMS,
}
_VALIDATION = "validation_"


class TensorBoardLog(Tracker):
    """Writes what ``tensorboard --logdir FOLDER`` shows: curves, histograms of weights, hyperparameters, the network as text.

    Each run has a folder of its own in ``folder``, with the parts ``train`` and ``validation``: a number that both have, such as
    ``loss``, has the same tag in both, so that the two curves share a chart. The x-axis is the epoch. Needs the extra
    ``tensorboard`` (tensorboardX, which writes the files); to look at them, install tensorboard.

    A resumed run, and a further ``fit`` of the same trainer, go on in their folder, where the epochs of a killed run that were
    not in its checkpoint are hidden. Any other ``fit`` begins a new one, as does each fit of a cross-validation.

    A disk that is full does not end the training: see :doc:`/how-to/trackers`.

    Parameters
    ----------
    folder : str or path, default="runs"
    name : str, optional
        The run's folder in ``folder``, a name without ``/`` and ``\\``; where that exists, ``-2``, ``-3``, … is appended.
        Default: the date and the time.
    histograms : int, optional
        Epochs between histograms of all parameters, >= 1, and one before the first epoch. None: none.

    Attributes
    ----------
    run : str or None
        The folder of the last run in ``folder``.

    Raises
    ------
    MissingPackageError
        When ``fit`` starts, if tensorboardX is not installed.
    FileError
        When ``fit`` starts, if no folder can be made or written in.
    TrainingWarning
        If later something cannot be written. The training goes on.

    Examples
    --------
    >>> TensorBoardLog("runs", "wide", histograms=10).histograms
    10
    """

    def __init__(self, folder: str | os.PathLike[str] = "runs", name: str | None = None, histograms: int | None = None) -> None:
        check_parameters({"folder": folder, "name": name, "histograms": histograms}, _RULES, owner=_OWNER)
        super().__init__(histograms)
        self.folder = os.fspath(folder)
        self.name = name

    def _open(self, trainer: Run, run: str | None, told: int) -> _Session:
        require("tensorboardX", owner=_OWNER)
        folder, goes_on = Path(self.folder), run is not None and Path(self.folder, run).is_dir()
        if run is None or not goes_on:
            run, told = _new_folder(folder, (self.name or time.strftime("%Y-%m-%d_%H-%M-%S")) + self._suffix), 0
        return _Session(folder, run, told, run_parameters(trainer), goes_on=goes_on)


class _Session:
    """The open files of a run: one for itself, one for each of its parts."""

    def __init__(self, folder: Path, run: str, told: int, parameters: Mapping[str, Plain], *, goes_on: bool) -> None:
        self.run, self.told, self.place = run, told, str(folder / run)
        self._folder, self._parameters = folder / run, parameters
        self._has_metrics = told > 0
        self._added = told
        self._hides_from = told + 1 if goes_on else None
        self._files = {part: EventFile(self._folder / part, self._hides_from) for part in ("", "train")}

    def begin(self, trainer: Run) -> None:
        """Say what the run is; one that goes on has said it."""
        if self._hides_from is not None:
            return
        network = trainer.settings.network.summary()
        self._files[""].add(text_summary("network", f"```\n{network}\n```"), 0, time.time())
        self._files[""].flush()

    def tell(self, epochs: Sequence[Timed]) -> None:
        # What was added before a flush failed waits in the files.
        for record, time_s in (each for each in epochs if each.record["epoch"] > self._added):
            parts = _by_part(numbers_of(record))
            if not self._has_metrics:
                names = [(part, tag) for part, numbers in parts.items() for tag in numbers]
                for summary in hyperparameters(self._parameters, names):
                    self._files[""].add(summary, 0, time_s)
                self._has_metrics = True
            for part, numbers in parts.items():
                if part not in self._files:
                    self._files[part] = EventFile(self._folder / part, self._hides_from)
                self._files[part].add_scalars(numbers, record["epoch"], time_s)
            self._added = record["epoch"]
        for file in self._files.values():
            file.flush()

    def show(self, epoch: int, weights: Mapping[str, np.ndarray]) -> None:
        for name, numbers in weights.items():
            if numbers.size:
                self._files["train"].add_histogram(name, numbers, epoch, time.time())

    def close(self, status: str, text: str) -> None:
        with ExitStack() as files:
            # Each is closed, even if another finds no room for what it still has to write.
            for file in self._files.values():
                files.callback(file.close)
            self._files[""].add(session_end(has_succeeded=status == "finished"), 0, time.time())
            self._files[""].add(text_summary("end", f"{status}: {text}"), 0, time.time())


def _new_folder(folder: Path, name: str) -> str:
    """Make a folder that nobody else has, and return its name."""
    for number in range(1, 1 << 20):
        numbered = name if number == 1 else f"{name}-{number}"
        try:
            (folder / numbered).mkdir(parents=True)
        except FileExistsError:
            continue
        return numbered
    raise FileExistsError(f"all names from {name!r} on are taken")


def _by_part(numbers: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """The numbers of the parts ``train`` and ``validation``, by tag."""
    # The number of steps is epochs times a constant, and no curve to look at.
    train = {key: number for key, number in numbers.items() if key != "step" and not key.startswith(_VALIDATION)}
    judged = {key.removeprefix(_VALIDATION): number for key, number in numbers.items() if key.startswith(_VALIDATION)}
    return {"train": train, "validation": judged} if judged else {"train": train}
