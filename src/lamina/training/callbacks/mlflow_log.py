"""Logs a run to MLflow."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lamina import validation
from lamina.extras import require
from lamina.training.callbacks.callback import Run
from lamina.training.callbacks.tracker import RUN_NAME, Timed, Tracker, numbers_of
from lamina.training.run_parameters import run_parameters
from lamina.validation import check_parameters, one_of, text, value

__all__ = ["MLflowLog"]

_OWNER = "MLflowLog"
_TEXT = one_of(text(), value(None))
_RULES = {"experiment": _TEXT, "name": RUN_NAME, "tracking_uri": _TEXT}
# What a server takes at once, and the longest value of a tag.
_MOST_METRICS, _MOST_PARAMETERS, _LONGEST_TAG = 1000, 100, 5000
_FORBIDDEN = re.compile(r"[^\w\-. /]")
_STATUS = {"finished": "FINISHED", "killed": "KILLED", "failed": "FAILED"}
_FIT = "lamina.fit"  # the tag of a run that a fit has logged to
_EPOCH = "epoch"  # the metric that says how many of them a run has
_PARENT = "mlflow.parentRunId"


class MLflowLog(Tracker):
    """Logs parameters, the metrics of each epoch and the end of a training to MLflow. Needs the extra ``mlflow``.

    Metrics have their names in the history, and their steps are the epochs. A run that is open (``mlflow.start_run``) is used,
    and stays open; where an earlier fit has logged to it, or for each of several restarts, there is a run within it. Without
    one, a run is opened, and ended as "FINISHED", "KILLED" after Ctrl-C, or "FAILED" after an error or a NaN.

    A resumed run, and a further ``fit`` of the same trainer, go on in their run, and no epoch is logged twice. Any other ``fit``
    begins a new one.

    A server that is lost does not end the training: see :doc:`/how-to/trackers`.

    Parameters
    ----------
    experiment : str, optional
        Of a run of its own; made if needed. Default: that of ``mlflow.set_experiment``.
    name : str, optional
        Of a run of its own, text in one line. Default: MLflow invents one.
    tracking_uri : str, optional
        Where runs are, such as ``"sqlite:///mlflow.db"`` or ``"http://localhost:5000"``; runs that are open are then not looked
        for. Default: that of ``mlflow.set_tracking_uri``.

    Attributes
    ----------
    run : str or None
        The id of the last run.

    Raises
    ------
    MissingPackageError
        When ``fit`` starts, if MLflow is not installed.
    FileError
        When ``fit`` starts, if no run can be opened.
    TrainingWarning
        If later something cannot be logged. The training goes on.

    Examples
    --------
    >>> MLflowLog("adult", name="wide").experiment
    'adult'
    """

    pause_s = 1.0

    def __init__(self, experiment: str | None = None, name: str | None = None, tracking_uri: str | None = None) -> None:
        given = {"experiment": experiment, "name": name, "tracking_uri": tracking_uri}
        check_parameters(given, _RULES, owner=_OWNER)
        super().__init__()
        self.experiment = experiment
        self.name = name
        self.tracking_uri = tracking_uri
        self._parent: str | None = None

    def log_artifact(self, path: str | os.PathLike[str]) -> None:
        """Add a file to the last run, such as a model that :func:`lamina.save_model` wrote.

        Raises
        ------
        InvalidSettingError
            If there was no run yet.
        FileError
            If the file is missing, cannot be read, or is a folder.
        """
        owner = f"{_OWNER}.log_artifact"
        check_parameters({"path": path}, {"path": validation.path()}, owner=owner)
        run = self._run_to_add_to(path, owner)
        self._client().log_artifact(run, os.fspath(path))

    def for_restart(self, number: int) -> None:
        super().for_restart(number)
        # Open runs are those of a thread, and restarts have threads of their own.
        self._parent = self._open_run()

    def _open(self, trainer: Run, run: str | None, told: int) -> _Session:
        client = self._client()
        chosen, is_own = self._choose(client, run, None if self._suffix else self._open_run())
        return _Session(client, chosen, is_own=is_own)

    def _choose(self, client: Any, run: str | None, opened: str | None) -> tuple[str, bool]:
        """The run to log to, and whether it is our own to end."""
        if opened is None:
            return run or self._new_run(client, self._parent), True
        if run is not None and (run == opened or client.get_run(run).data.tags.get(_PARENT) == opened):
            return run, run != opened
        if _FIT in client.get_run(opened).data.tags:
            return self._new_run(client, opened), True
        return opened, False

    def _client(self) -> Any:
        mlflow = require("mlflow", owner=_OWNER)
        return mlflow.MlflowClient(self.tracking_uri or mlflow.get_tracking_uri())

    def _open_run(self) -> str | None:
        """The id of the run that the user has opened, or that this process was started for."""
        if self.tracking_uri is not None:
            return None
        active = require("mlflow", owner=_OWNER).active_run()
        return os.environ.get("MLFLOW_RUN_ID") if active is None else str(active.info.run_id)

    def _new_run(self, client: Any, parent: str | None) -> str:
        """Make a run, within another one if there is a parent."""
        name = self._run_name(self.name)
        if parent is None and self.experiment is None and self.tracking_uri is None:
            # Which experiment is set, MLflow tells nobody; so the run is opened its way, and left open for the client.
            mlflow = require("mlflow", owner=_OWNER)
            run = mlflow.start_run(run_name=name, nested=True)
            mlflow.end_run("RUNNING")
            return str(run.info.run_id)
        tags = require("mlflow.tracking.context.registry", owner=_OWNER).resolve_tags({} if parent is None else {_PARENT: parent})
        experiment = self._experiment_id(client) if parent is None else client.get_run(parent).info.experiment_id
        return str(client.create_run(experiment, tags=tags, run_name=name).info.run_id)

    def _experiment_id(self, client: Any) -> str:
        """The id of the experiment, which is made if needed; MLflow's own is number 0."""
        if self.experiment is None:
            return "0"
        found = client.get_experiment_by_name(self.experiment)
        return str(client.create_experiment(self.experiment) if found is None else found.experiment_id)


class _Session:
    """An open run."""

    def __init__(self, client: Any, run: str, *, is_own: bool) -> None:
        self.run, self.place, self._client, self._is_own = run, f"MLflow's run {run}", client, is_own
        self._entities = require("mlflow.entities", owner=_OWNER)
        self._data = client.get_run(run).data
        self.told = int(self._data.metrics.get(_EPOCH, 0)) if _FIT in self._data.tags else 0

    def begin(self, trainer: Run) -> None:
        """Say what the run is; what it has already is left."""
        if self._is_own:
            self._client.update_run(self.run, status="RUNNING")
        settings = {_name(key): str(given) for key, given in run_parameters(trainer).items()}
        parameters = [self._entities.Param(key, given) for key, given in settings.items() if key not in self._data.params]
        for i in range(0, len(parameters), _MOST_PARAMETERS):
            self._client.log_batch(self.run, params=parameters[i : i + _MOST_PARAMETERS])
        self._client.set_tag(self.run, _FIT, time.strftime("%Y-%m-%d %H:%M:%S"))
        if "mlflow.note.content" not in self._data.tags:
            note = f"```\n{trainer.settings.network.summary()}"[: _LONGEST_TAG - 5]
            self._client.set_tag(self.run, "mlflow.note.content", f"{note}\n```")

    def tell(self, epochs: Sequence[Timed]) -> None:
        waiting: list[Any] = []
        for record, time_s in epochs:
            numbers = numbers_of(record) | {_EPOCH: float(record["epoch"])}
            step, moment = record["epoch"], int(1000 * time_s)
            metrics = [self._entities.Metric(_name(key), number, moment, step) for key, number in numbers.items()]
            if len(waiting) + len(metrics) > _MOST_METRICS:
                self._client.log_batch(self.run, metrics=waiting)
                waiting = []
            waiting += metrics
        self._client.log_batch(self.run, metrics=waiting)

    def show(self, epoch: int, weights: Mapping[str, np.ndarray]) -> None:
        """MLflow has no histograms."""

    def close(self, status: str, text: str) -> None:
        # Of a server that is lost, nothing is asked after the first question.
        if self._is_own:
            self._client.set_terminated(self.run, _STATUS[status])
        self._client.set_tag(self.run, "lamina.stop_reason", text)


def _name(key: str) -> str:
    """A name that MLflow takes."""
    return _FORBIDDEN.sub("_", key)
