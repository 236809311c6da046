"""Conversion of a fitted estimator to arrays and JSON, and back; without pickle, so that reading runs no code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lamina.activations import Activation, get_activation
from lamina.errors import InvalidSettingError, phrase
from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.estimators.fitted_state import FittedState, fitted_state, load_fitted_state
from lamina.estimators.fitting import checked_parameters
from lamina.estimators.target import kind_of_target
from lamina.initializers import canonical_initializer, get_initializer
from lamina.losses import canonical_loss, get_loss
from lamina.model.model_form import check_arrays, check_classes, check_estimator, check_target, check_widths
from lamina.model.monitor_file import describe_record, is_of_record, restore_record
from lamina.network import network_from_dict
from lamina.optimizers import get_optimizer
from lamina.schedules import get_schedule
from lamina.training import StopReason
from lamina.training.history import without_durations

__all__ = ["ESTIMATORS", "describe_estimator", "restore_estimator"]

ESTIMATORS: dict[str, type[MLPClassifier] | type[MLPRegressor]] = {cls.__name__: cls for cls in (MLPClassifier, MLPRegressor)}
"""The estimators that a model file may hold, by name."""

# These belong to a run or a machine, not to a model; the loaded estimator has the defaults.
_LEFT_OUT = ("callbacks", "n_threads", "device", "precision", "verbose", "validation_split")
# Parameters that may be objects, and the function that restores each from its description.
_READERS: dict[str, Callable[[Any], Any]] = {
    "solver": get_optimizer,
    "optimizer": get_optimizer,
    "learning_rate": get_schedule,
    "dropout_schedule": get_schedule,
    "weight_decay_schedule": get_schedule,
    "weight_init": get_initializer,
    "bias_init": get_initializer,
    "network": network_from_dict,
    "loss": get_loss,
}
# Parameters whose names may be aliases.
_CANONICAL: dict[str, Callable[[Any], Any]] = {
    "weight_init": canonical_initializer,
    "bias_init": canonical_initializer,
    "loss": canonical_loss,
}


def describe_estimator(estimator: MLPClassifier | MLPRegressor) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays of a fitted estimator, and the rest of its state as JSON-serializable values.

    Raises
    ------
    InvalidSettingError
        If a parameter is invalid or a function (which only a pickle could store), or a weight or the classes cannot be stored.
    """
    parameters = {
        name: _to_plain(name, value)
        for name, value in estimator.get_params(deep=False).items()
        if name not in _LEFT_OUT and not isinstance(value, np.random.RandomState)
    }
    if parameters["engine"] == "torch":
        parameters["engine"] = "auto"  # where the model is loaded, there need be no torch
    checked_parameters(estimator)
    check_classes(np.asarray(getattr(estimator, "classes_", ())))
    fitted = fitted_state(estimator)
    check_arrays({"parameters": fitted.parameters, "state": fitted.state}, fitted.network, fitted.parameters.dtype)
    of_record, record = describe_record(fitted.monitor)
    description = {
        "estimator": type(estimator).__name__,
        "parameters": parameters,
        "network": fitted.network.to_dict(),
        "dtype": fitted.parameters.dtype.name,
        "target": fitted.target,
        "fitted": fitted.attributes,
        "feature_names_in": fitted.feature_names,
        "epoch": fitted.epoch,
        "step": fitted.step,
        "history": without_durations(fitted.history),
        "stop_reason": [fitted.stop_reason.code, fitted.stop_reason.text],
        **record,
    }
    check_target(description)
    return {"parameters": fitted.parameters, "state": fitted.state, **of_record}, description


def restore_estimator(arrays: Mapping[str, np.ndarray], description: Mapping[str, Any]) -> MLPClassifier | MLPRegressor:
    """Restore the estimator described by :func:`describe_estimator`; its predictions are bit-for-bit the same.

    Raises
    ------
    LaminaError
        If the description or the arrays are not those of a fitted estimator. This is checked before anything large is allocated.
    """
    check_estimator(description)
    network = network_from_dict(description["network"])
    of_record = {name: array for name, array in arrays.items() if is_of_record(name)}
    arrays = {name: array for name, array in arrays.items() if name not in of_record}
    check_arrays(arrays, network, np.dtype(description["dtype"]))
    parameters = {name: _from_plain(name, value) for name, value in description["parameters"].items()}
    estimator = ESTIMATORS[description["estimator"]](**parameters)
    known = checked_parameters(estimator)
    target = kind_of_target(known).from_state(description["target"], known)
    check_widths(network, description["fitted"]["n_features_in_"], target.num_outputs)
    fitted = FittedState(
        network,
        arrays["parameters"],
        arrays["state"],
        description["target"],
        description["fitted"],
        description["feature_names_in"],
        description["epoch"],
        description["step"],
        description["history"],
        StopReason(*description["stop_reason"]),
        restore_record(of_record, description.get("monitor")),
    )
    load_fitted_state(estimator, known, target, fitted)
    return estimator


def _to_plain(name: str, value: Any) -> Any:
    """A parameter as a JSON-serializable value: objects become ``{"$object": description}``, dicts become lists of pairs.

    What has several names gets its own.
    """
    if name in _CANONICAL:
        value = _CANONICAL[name](value)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Activation):
        return {"$activation": [value.name, dict(value.settings)]}
    if hasattr(value, "to_dict"):
        return {"$object": value.to_dict()}
    if isinstance(value, Mapping):
        return {"$pairs": [[_to_plain(name, key), _to_plain(name, item)] for key, item in value.items()]}
    if isinstance(value, Sequence | np.ndarray):
        return [_to_plain(name, item) for item in value]
    repair = "Use one that has a name, or pickle the estimator."
    raise InvalidSettingError(phrase(name, "must be describable in JSON to be stored in a model file", value, repair=repair))


def _from_plain(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_from_plain(name, item) for item in value)
    if not isinstance(value, dict):
        return value
    (kind, content), *_ = value.items()
    if kind == "$activation":
        return get_activation(content[0], **content[1])
    if kind == "$pairs":
        return {key: _from_plain(name, item) for key, item in content}
    return _READERS[name](content)
