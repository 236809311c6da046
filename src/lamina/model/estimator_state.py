"""A fitted estimator as arrays and JSON, and back: no pickle, so that reading runs no code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lamina.activations import Activation, get_activation
from lamina.errors import InvalidSettingError, phrase
from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.estimators.decision import choose_decision
from lamina.estimators.labels import LabelEncoding
from lamina.initializers import get_initializer
from lamina.losses import get_loss
from lamina.network import network_from_dict
from lamina.optimizers import get_optimizer
from lamina.schedules import get_schedule
from lamina.training import History, StopReason

__all__ = ["ESTIMATORS", "describe_estimator", "restore_estimator"]

ESTIMATORS: dict[str, type[MLPClassifier] | type[MLPRegressor]] = {cls.__name__: cls for cls in (MLPClassifier, MLPRegressor)}
"""The estimators that a model file may hold, by name."""

# What belongs to a session, not to a model; the loaded estimator has the defaults.
_LEFT_OUT = ("callbacks", "verbose", "validation_split")
# Parameters that may be described objects, and what makes the object of a description.
_READERS: dict[str, Callable[[Any], Any]] = {
    "solver": get_optimizer,
    "optimizer": get_optimizer,
    "learning_rate": get_schedule,
    "weight_init": get_initializer,
    "bias_init": get_initializer,
    "network": network_from_dict,
    "loss": get_loss,
}
_FITTED = (
    "n_features_in_",
    "n_iter_",
    "t_",
    "n_outputs_",
    "out_activation_",
    "loss_",
    "best_loss_",
    "loss_curve_",
    "validation_scores_",
    "best_validation_score_",
    "validation_loss_curve_",
)


def describe_estimator(estimator: MLPClassifier | MLPRegressor) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays of a fitted estimator, and the rest of it as JSON can hold it.

    Raises
    ------
    InvalidSettingError
        If a parameter is a function, which only a pickle could store.
    """
    trainer = estimator._trainer
    parameters = {
        name: _to_plain(name, value)
        for name, value in estimator.get_params(deep=False).items()
        if name not in _LEFT_OUT and not isinstance(value, np.random.RandomState)
    }
    description = {
        "estimator": type(estimator).__name__,
        "parameters": parameters,
        "network": trainer.network.to_dict(),
        "dtype": trainer.dtype.name,
        "target": _describe_target(estimator),
        "fitted": {name: getattr(estimator, name) for name in _FITTED if hasattr(estimator, name)},
        "feature_names_in": getattr(estimator, "feature_names_in_", np.array([])).tolist(),
        "epoch": trainer.epoch,
        "step": trainer.step,
        "history": trainer.history.to_list(),
        "stop_reason": [estimator.stop_reason_.code, estimator.stop_reason_.text],
    }
    arrays = {"parameters": trainer.executor.parameters, "state": trainer.executor.state}
    return {name: np.array(array) for name, array in arrays.items()}, description


def restore_estimator(arrays: Mapping[str, np.ndarray], description: Mapping[str, Any]) -> MLPClassifier | MLPRegressor:
    """The estimator that :func:`describe_estimator` described; it predicts the same bits."""
    parameters = {name: _from_plain(name, value) for name, value in description["parameters"].items()}
    estimator = ESTIMATORS[description["estimator"]](**parameters)
    estimator._begin()
    for name, value in description["fitted"].items():
        setattr(estimator, name, value)
    if description["feature_names_in"]:
        estimator.feature_names_in_ = np.array(description["feature_names_in"], dtype=object)
    _restore_target(estimator, description["target"])
    estimator.stop_reason_ = StopReason(*description["stop_reason"])
    network = network_from_dict(description["network"])
    # Rows of an epoch; at least a batch, which would be clipped with a warning otherwise.
    num_rows = max(estimator.t_ // max(len(estimator.loss_curve_), 1), _whole(estimator.batch_size))
    trainer = estimator._new_trainer(network, (arrays["parameters"], arrays["state"]), num_rows)
    trainer.history = History(description["history"])
    trainer.epoch, trainer.step = description["epoch"], description["step"]
    trainer.stop_reason = estimator.stop_reason_
    estimator._trainer = trainer
    return estimator


def _describe_target(estimator: MLPClassifier | MLPRegressor) -> dict[str, Any]:
    if isinstance(estimator, MLPRegressor):
        return {"num_targets": estimator._num_targets}
    encoding = estimator._encoding
    classes = {"dtype": encoding.classes.dtype.str, "values": encoding.classes.tolist()}
    return {"classes": classes, "kind": encoding.kind, "sparse_output": encoding.sparse_output}


def _restore_target(estimator: MLPClassifier | MLPRegressor, target: Mapping[str, Any]) -> None:
    if isinstance(estimator, MLPRegressor):
        estimator._num_targets = target["num_targets"]
        estimator._loss = get_loss(estimator.loss)
        return
    classes = np.array(target["classes"]["values"], dtype=np.dtype(target["classes"]["dtype"]))
    estimator._encoding = LabelEncoding(classes, target["kind"], target["sparse_output"])
    estimator.classes_ = classes
    estimator._decision = choose_decision(estimator.loss, estimator._encoding, estimator.label_smoothing)


def _to_plain(name: str, value: Any) -> Any:
    """A parameter as JSON can hold it; described objects as ``{"$object": description}``, dicts as lists of pairs."""
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
    repair = "Use a named one, or pickle the estimator."
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


def _whole(batch_size: int | str) -> int:
    return batch_size if isinstance(batch_size, int) else 1
