"""One training of a trial, here or in a worker of joblib."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

from lamina.errors import LaminaError
from lamina.model.table_fit import judged_by, train
from lamina.model.table_model import TableModel
from lamina.model.table_rows import Prepared
from lamina.model.table_settings import TableSettings
from lamina.model.target_scale import TargetScale
from lamina.search.trials import Trial, Try

__all__ = ["Outcome", "Task", "settings_of_trial", "train_trial"]

_LEAST_S = 1e-3


class Task(NamedTuple):
    """A training of a trial.

    Attributes
    ----------
    trial : Trial
    most_epochs : int
        0 for a whole training.
    """

    trial: Trial
    most_epochs: int


class Outcome(NamedTuple):
    """What came of a training.

    Attributes
    ----------
    task : Task
    done : Try
    model : TableModel or None
        Of a whole training, and of one that was ended before its time.
    is_ended : bool
        Whether Ctrl-C or the time limit ended it before its time.
    is_interrupted : bool
        Whether that was Ctrl-C.
    """

    task: Task
    done: Try
    model: TableModel | None
    is_ended: bool = False
    is_interrupted: bool = False


def settings_of_trial(settings: TableSettings, changes: Mapping[str, Any]) -> TableSettings:
    """The settings of a search with those that a trial changes."""
    return TableSettings.of({**settings.by_name(), **changes}) if changes else settings


def train_trial(
    begun: tuple[Task, float | None], prepared: Prepared, settings: TableSettings, scale: TargetScale | None
) -> Outcome:
    """Train, and judge on the validation rows.

    Parameters
    ----------
    begun : Task and float or None
        The training, and the seconds that are left for it.
    prepared : Prepared
        Encoded rows, none of them to test on.
    settings : TableSettings
        Of trial 1.
    scale : TargetScale or None

    Raises
    ------
    LaminaError
        If trial 1 cannot be trained whole, nor can any other then.
    """
    began = time.monotonic()
    task, max_time = begun
    chosen = settings_of_trial(settings, task.trial.changes)
    limits: dict[str, Any] = {"max_time": None if max_time is None else max(max_time, _LEAST_S)}
    if task.most_epochs:
        limits |= {"max_epochs": task.most_epochs, "monitor": False, "calibration": False}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trained = train(prepared, settings_of_trial(chosen, limits), began=began, scale=scale)
    except LaminaError as error:
        if not task.trial.changes:
            raise
        return Outcome(task, Try(task.most_epochs, float("nan"), 0, time.monotonic() - began, str(error)), None)
    model, reason = trained.result.model, trained.result.stop_reason
    assert prepared.validation is not None
    score = judged_by(model, prepared.validation, chosen.stopping.eval_metric)
    done = Try(task.most_epochs, score, len(model.estimator.history_), time.monotonic() - began)
    is_ended = trained.is_interrupted or reason.code == "time_limit"
    return Outcome(task, done, model if is_ended or not task.most_epochs else None, is_ended, trained.is_interrupted)
