"""Admits what users train as a patient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline

from lamina.doctor.patients.estimator_patient import EstimatorPatient
from lamina.doctor.patients.patient import Patient
from lamina.doctor.patients.regimen import Regimen
from lamina.doctor.patients.table_patient import TablePatient
from lamina.doctor.patients.trainer_patient import TrainerPatient
from lamina.errors import InvalidSettingError, phrase
from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.model import TabularClassifier, TabularRegressor
from lamina.training import Trainer

__all__ = ["admit"]


def admit(model: Any, *, owner: str, fit: Mapping[str, Any] | None = None) -> Patient:
    """The patient for an estimator, a pipeline that ends in one, a table estimator or a trainer.

    Parameters
    ----------
    model : object
        Trained or not; it stays as it is.
    owner : str
        Name of the caller, for error messages.
    fit : mapping, optional
        What a trainer's ``fit`` is given beside the rows: ``max_epochs``, ``validation_data``.

    Raises
    ------
    InvalidSettingError
        If it is none of these.
    """
    if isinstance(model, Trainer | Regimen):
        return TrainerPatient.of(model, dict(fit or {}))
    if fit:
        repair = "An estimator has them among its parameters."
        raise InvalidSettingError(
            phrase("settings of fit", "must only be given with a Trainer", list(fit), repair=repair, owner=owner)
        )
    if isinstance(model, TabularClassifier | TabularRegressor):
        return TablePatient(model)
    around, inner = (model, model.regressor) if isinstance(model, TransformedTargetRegressor) else (None, model)
    steps = tuple(inner.steps) if isinstance(inner, Pipeline) else ()
    last = steps[-1][1] if steps else inner
    if isinstance(last, MLPClassifier | MLPRegressor):
        return EstimatorPatient(last, steps, around)
    rule = "must be an MLPClassifier or MLPRegressor, a Pipeline that ends in one, a table estimator or a Trainer"
    raise InvalidSettingError(f"{owner}: the model {rule}, got {_told(model, last)}")


def _told(model: Any, last: Any) -> str:
    """What was given instead, and what to do about it."""
    if isinstance(model, type):
        return f"the class {model.__name__}. Give an object: {model.__name__}()."
    if last is not model:
        return f"a {type(model).__name__} that ends in {_kind(last)}."
    name = type(model).__name__
    repair = f" Lamina's own takes the same parameters: lamina.{name}." if name in ("MLPClassifier", "MLPRegressor") else ""
    return f"{_kind(model)}.{repair}"


def _kind(given: Any) -> str:
    return (
        repr(given)
        if given is None or isinstance(given, str)
        else f"{type(given).__module__.split('.')[0]}'s {type(given).__name__}"
    )
