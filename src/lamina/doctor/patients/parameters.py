"""What the words of a cure mean as parameters that estimators of all kinds share."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np

from lamina.errors import InvalidSettingError, phrase
from lamina.training import Callback, Checkpoint, JsonlLog, Progress
from lamina.training.callbacks.callback import list_of_callbacks
from lamina.training.callbacks.tracker import Tracker

__all__ = ["companions", "copied", "differing", "longer", "silent_copies"]

_TOL = 1e-4  # the default of all estimators
_Estimator = TypeVar("_Estimator")


def copied(estimator: _Estimator, **settings: Any) -> _Estimator:
    """An estimator that was not trained, with the same parameters and these; a random state is copied, as a fit moves it on."""
    given = {field.name: getattr(estimator, field.name) for field in fields(estimator)} | settings  # type: ignore[arg-type]
    if isinstance(given["random_state"], np.random.RandomState):
        given["random_state"] = copy.deepcopy(given["random_state"])
    return type(estimator)(**given)


def differing(given: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """The names of the parameters that differ; one value for all layers is the same as a tuple of it.

    >>> differing({"a": 1, "b": (2,), "c": ("mish",)}, {"a": 1, "b": (3,), "c": "mish"})
    ['b']
    """
    return [name for name, value in wanted.items() if repr(_plain(value)) != repr(_plain(given[name]))]


def _plain(given: Any) -> Any:
    return given[0] if isinstance(given, tuple) and len(given) == 1 else given


def longer(estimator: Any, times: float, epochs: str, patience: str) -> dict[str, Any]:
    """The parameters for so many times the epochs, and the patience, by their names; what is endless stays so."""
    more = {epochs: math.ceil(times * getattr(estimator, epochs))}
    waits = times * getattr(estimator, patience)
    return more if math.isinf(waits) else more | {patience: round(waits)}


def silent_copies(callbacks: Callback | Sequence[Callback]) -> list[Callback]:
    """Copies of a user's callbacks for a training of the doctor's own, without those that write anywhere."""
    writing = Checkpoint | JsonlLog | Progress | Tracker
    return [_copy(each) for each in list_of_callbacks(callbacks) if not isinstance(each, writing)]


def _copy(callback: Callback) -> Callback:
    try:
        return copy.deepcopy(callback)
    except TypeError as error:  # as of a lock, or an open file
        repair = "Give it a __deepcopy__, or leave it out here."
        raise InvalidSettingError(
            phrase("a callback", f"must be one that can be copied ({error})", type(callback).__name__, repair=repair)
        ) from error


def companions(word: str, value: Any, estimator: Any) -> dict[str, Any]:
    """The parameters beside its own that a change sets, since they would be left to do what it takes away, or contradict it."""
    if word == "l2":
        return {"l1_ratio": 0.0, "weight_decay": 0.0, "weight_decay_schedule": "constant", "max_norm": None}
    if word == "weight_init":
        return {"bias_init": "auto"}
    if word == "dropout":
        schedule = estimator.dropout_schedule if value else "constant"
        return {"input_dropout": min(estimator.input_dropout, value), "dropout_schedule": schedule}
    if word == "clip_norm":
        return {"clip_value": None, "clip_layer_norm": None}
    if word == "batch_norm":
        keeps_other = estimator.layer_norm and not value
        return {"layer_norm": keeps_other, "norm_position": estimator.norm_position if value or keeps_other else "before"}
    if word == "patience":
        return {"tol": min(estimator.tol, _TOL)}
    if word == "widths":
        return {name: _of_first(getattr(estimator, name)) for name in ("activation", "dropout")}
    return {}


def _of_first(given: Any) -> Any:
    """One value for all layers, of whose number it then says nothing."""
    return given[0] if isinstance(given, list | tuple | np.ndarray) else given
