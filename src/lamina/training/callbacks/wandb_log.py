"""Logs a run to Weights & Biases."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lamina import validation
from lamina.extras import require
from lamina.training.callbacks.callback import Run
from lamina.training.callbacks.tracker import HISTOGRAMS, RUN_NAME, Timed, Tracker, numbers_of
from lamina.training.run_parameters import run_parameters
from lamina.validation import check_parameters, choice, one_of, text, value

__all__ = ["WandbLog"]

_OWNER = "WandbLog"
_TEXT = one_of(text(), value(None))
_MODES = ("online", "offline", "disabled")
_RULES = {
    "project": _TEXT,
    "name": RUN_NAME,
    "group": _TEXT,
    "mode": one_of(choice(_MODES), value(None)),
    "folder": one_of(validation.path(), value(None)),
    "histograms": HISTOGRAMS,
}
_FIT = "lamina_fit"  # the entry of a run's config that says that a fit has logged to it
_EPOCH = "epoch"
_BUCKETS = 64
_EXIT_CODES = {"finished": 0, "killed": 255, "failed": 1}
_FORBIDDEN = re.compile(r"[^\w\-.]")


class WandbLog(Tracker):
    """Logs parameters, the metrics of each epoch, histograms of weights and the end of a training to Weights & Biases.

    Metrics have their names in the history, and ``epoch`` is their x-axis. Needs the extra ``wandb``. A run that is open
    (``wandb.init``) is used, and stays open; where an earlier fit has logged to it, or for each of several restarts, there is a
    new run in its group. Without one, a run is opened, and finished: as failed after an error or a NaN.

    A resumed run, and a further ``fit`` of the same trainer, go on in their run, where no epoch is logged twice. Offline, they
    have a folder of their own with the run's id. Any other ``fit`` begins a new one.

    A process or a server that is lost does not end the training: see :doc:`/how-to/trackers`, which also says what wandb itself
    sends.

    Parameters
    ----------
    project : str, optional
        Of a run of its own. Default: as ``wandb.init`` chooses.
    name : str, optional
        Of a run of its own, text in one line. Default: wandb invents one.
    group : str, optional
        Of a run of its own, such as all fits of a cross-validation.
    mode : {"online", "offline", "disabled"}, optional
        Of a run of its own. Offline, all is in ``folder``, until ``wandb sync`` sends it; disabled, nothing is logged. Default:
        the environment variable ``WANDB_MODE``, or online.
    folder : str or path, optional
        Where a run of its own keeps its files, in ``wandb``. Default: the present folder.
    histograms : int, optional
        Epochs between histograms of all parameters, >= 1, and one before the first epoch. None: none.

    Attributes
    ----------
    run : str or None
        The id of the last run.

    Raises
    ------
    MissingPackageError
        When ``fit`` starts, if wandb is not installed.
    FileError
        When ``fit`` starts, if no run can be opened.
    TrainingWarning
        If later something cannot be logged. The training goes on.

    Examples
    --------
    >>> WandbLog("adult", mode="offline").mode
    'offline'
    """

    def __init__(
        self,
        project: str | None = None,
        name: str | None = None,
        group: str | None = None,
        mode: str | None = None,
        folder: str | os.PathLike[str] | None = None,
        histograms: int | None = None,
    ) -> None:
        given = {"project": project, "name": name, "group": group, "mode": mode, "folder": folder, "histograms": histograms}
        check_parameters(given, _RULES, owner=_OWNER)
        super().__init__(histograms)
        self.project = project
        self.name = name
        self.group = group
        self.mode = mode
        self.folder = None if folder is None else os.fspath(folder)

    def log_artifact(self, path: str | os.PathLike[str], kind: str = "model") -> None:
        """Add a file to the last run as an artifact, such as a model that :func:`lamina.save_model` wrote.

        Raises
        ------
        InvalidSettingError
            If there was no run yet.
        FileError
            If the file is missing, cannot be read, or is a folder.
        """
        rules = {"path": validation.path(), "kind": text()}
        owner = f"{_OWNER}.log_artifact"
        check_parameters({"path": path, "kind": kind}, rules, owner=owner)
        last = self._run_to_add_to(path, owner)
        wandb = require("wandb", owner=_OWNER)
        artifact = wandb.Artifact(_FORBIDDEN.sub("_", Path(path).name), kind)
        artifact.add_file(os.fspath(path))
        if wandb.run is not None and wandb.run.id == last:
            wandb.run.log_artifact(artifact)
            return
        with self._init(last) as run:
            run.log_artifact(artifact)

    def _open(self, trainer: Run, run: str | None, told: int) -> _Session:
        opened = require("wandb", owner=_OWNER).run
        if opened is not None and opened.id == run:
            return _Session(opened, is_own=False, told=told)
        of_opened: dict[str, Any] = {}
        if opened is not None:
            if _FIT not in opened.config and not self._suffix and run is None:
                return _Session(opened, is_own=False, told=0)
            of_opened = {"project": opened.project, "entity": opened.entity, "group": opened.group or opened.id}
        return _Session(self._init(run, **of_opened), is_own=True, told=told if run is not None else 0)

    def _init(self, run: str | None, **settings: Any) -> Any:
        """A run of our own, beside whatever is open."""
        given = {
            "project": self.project,
            "name": self._run_name(self.name),
            "group": self.group,
            "mode": self.mode,
            "dir": self.folder,
        }
        if run is not None:
            settings |= {"id": run}
            if (self.mode or os.environ.get("WANDB_MODE", "online")) == "online":
                settings |= {"resume": "allow"}
        wandb = require("wandb", owner=_OWNER)
        return wandb.init(**{key: each for key, each in {**given, **settings}.items() if each is not None}, reinit="create_new")


class _Session:
    """An open run."""

    def __init__(self, run: Any, *, is_own: bool, told: int) -> None:
        self.run: str = run.id
        self.place, self._run, self._is_own = f"wandb's run {run.id}", run, is_own
        # What a killed run sent after its last checkpoint, only the server knows.
        sent = run.summary.get(_EPOCH, 0) if run.resumed else 0
        self.told = max(told, int(sent))
        self._defined: set[str] = set()

    def begin(self, trainer: Run) -> None:
        """Say what the run is; what its config has already is left."""
        given = {key.replace(".", "_"): number for key, number in run_parameters(trainer).items()} | {_FIT: True}
        self._run.config.update({key: each for key, each in given.items() if key not in self._run.config})
        if self._is_own and not self._run.notes:
            self._run.notes = f"```\n{trainer.settings.network.summary()}\n```"

    def tell(self, epochs: Sequence[Timed]) -> None:
        for record, _ in epochs:
            self._log(record["epoch"], numbers_of(record))

    def show(self, epoch: int, weights: Mapping[str, np.ndarray]) -> None:
        make = require("wandb", owner=_OWNER).Histogram
        found = {name: np.histogram(numbers, _BUCKETS) for name, numbers in weights.items() if numbers.size}
        self._log(epoch, {f"weights/{name}": make(np_histogram=each) for name, each in found.items()})

    def close(self, status: str, text: str) -> None:
        try:
            self._run.summary["stop_reason"] = text
        finally:
            if self._is_own:
                self._run.finish(exit_code=_EXIT_CODES[status])

    def _log(self, epoch: int, values: Mapping[str, Any]) -> None:
        """Log with the epoch as the x-axis, since the steps of a run of the user's are the user's."""
        for key in values.keys() - self._defined:
            self._run.define_metric(key, step_metric=_EPOCH)
            self._defined.add(key)
        self._run.log({_EPOCH: epoch, **values})
