"""The course of a training: its history, and what is known of its end, read from whatever holds it.

What is not of the lower parts is told by its attributes, because the modules of estimators and models take long to import.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lamina.errors import DataError, DataTypeError, phrase
from lamina.training import History, StopReason, Trainer
from lamina.training.kept_epoch import early_stopping_of, kept_epoch

__all__ = ["Course", "course_of"]

_STOPS_FOR_PATIENCE = ("no_improvement", "converged")


@dataclass(frozen=True, slots=True)
class Course:
    """The history of a training, and what is known of its end.

    Attributes
    ----------
    history : History
        With at least one epoch.
    kept : int, optional
        The epoch whose weights were kept; 0: those before the first. None: the last one's, or it is not known.
    waited : int, optional
        How many epochs without improvement ended the training; None if something else did, or it is not known.
    """

    history: History
    kept: int | None = None
    waited: int | None = None


def course_of(given: Any, *, owner: str) -> Course:
    """The course that a History, a Trainer, a fitted estimator, or a model from a file holds.

    Raises
    ------
    DataError
        If there was no epoch yet; DataTypeError if it is something else.

    Examples
    --------
    >>> course_of(History([{"epoch": 1, "loss": 0.5}]), owner="example").kept is None
    True
    """
    course = _course(given)
    if course is None and hasattr(given, "fit"):
        raise DataError(phrase("the estimator", "must be fitted", given, repair="Call fit first.", owner=owner))
    if course is None:
        rule = "must be a History, or a Trainer, an estimator or a model that has one"
        raise DataTypeError(phrase("what is plotted", rule, given, owner=owner))
    if not len(course.history):
        raise DataError(phrase("the history", "must hold at least one epoch", "none", owner=owner))
    return course


def _course(given: Any) -> Course | None:
    if isinstance(given, History):
        return Course(given)
    if isinstance(given, Trainer):
        return _of_trainer(given)
    given = getattr(given, "model_", given)  # an estimator of tables
    if hasattr(given, "summary") and hasattr(given, "estimator"):
        return _of_table_model(given)
    if hasattr(given, "network_"):
        return _of_estimator(given)
    history = getattr(given, "history_", getattr(given, "history", None))  # of a perceptron, or of a network's model
    return Course(history) if isinstance(history, History) else None


def _of_trainer(trainer: Trainer) -> Course:
    stopping = early_stopping_of(trainer)
    waited = None if stopping is None else _waited(trainer.stop_reason, max(1, stopping.patience))
    return Course(trainer.history, kept_epoch(trainer), waited)


def _of_estimator(estimator: Any) -> Course:
    from lamina.estimators.fitted import fit_of
    from lamina.estimators.fitting.kept_epoch import kept_epoch_of

    fit = fit_of(estimator)
    if fit.curves.best_validation_score_ is None:
        return _of_trainer(fit.trainer)
    return Course(fit.trainer.history, kept_epoch_of(fit), _waited(fit.stop_reason, fit.curves.no_improvement_count))


def _of_table_model(model: Any) -> Course:
    patience = model.summary.get("settings", {}).get("patience")
    waited = None if patience is None else _waited(model.estimator.stop_reason_, max(1, patience))
    return Course(model.estimator.history_, model.kept_epoch, waited)


def _waited(reason: StopReason | None, epochs: int) -> int | None:
    return epochs if reason is not None and reason.code in _STOPS_FOR_PATIENCE else None
