"""A calibration in a model file: its arrays beside the weights, and the rest in the header of the table's model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina.errors import InvalidSettingError, ShapeError, phrase
from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.forms import ANYTHING, REAL, ArrayOf, Entries, Form, Maybe, check_form
from lamina.model.class_calibration import ClassCalibration
from lamina.model.difficulty import Difficulty
from lamina.model.estimator_state import describe_estimator, restore_estimator
from lamina.model.number_calibration import NumberCalibration
from lamina.validation import choice

__all__ = ["describe_calibration", "is_of_calibration", "restore_calibration"]

_PREFIX = "calibration."
_OF_NETWORK = f"{_PREFIX}difficulty."
_SCORES = f"{_PREFIX}scores"
_PER_TARGET = ("scale", "low", "high", "slope")
_DIFFICULTY: Form = {"network": Entries(ANYTHING), **{name: [REAL] for name in _PER_TARGET}}
_FORMS: dict[str, Form] = {
    ClassCalibration.kind: {"kind": choice((ClassCalibration.kind,)), "temperature": REAL},
    NumberCalibration.kind: {"kind": choice((NumberCalibration.kind,)), "difficulty": Maybe(_DIFFICULTY)},
}


def describe_calibration(
    calibration: ClassCalibration | NumberCalibration | None,
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays by their names in a file, and an entry for the table's description; nothing without a calibration."""
    if calibration is None:
        return {}, {}
    arrays = {_SCORES: calibration.scores}
    described: dict[str, Any] = {"kind": calibration.kind}
    if isinstance(calibration, ClassCalibration):
        described["temperature"] = calibration.temperature
    elif (difficulty := calibration.difficulty) is None:
        described["difficulty"] = None
    else:
        of_network, network = describe_estimator(difficulty.network)
        arrays |= {f"{_OF_NETWORK}{name}": array for name, array in of_network.items()}
        described["difficulty"] = {"network": network, **{name: getattr(difficulty, name).tolist() for name in _PER_TARGET}}
    return arrays, {"calibration": described}


def is_of_calibration(name: str) -> bool:
    """Whether an array of a file belongs to a calibration."""
    return name.startswith(_PREFIX)


def restore_calibration(
    arrays: Mapping[str, np.ndarray], described: Any, estimator: MLPClassifier | MLPRegressor, num_targets: int
) -> ClassCalibration | NumberCalibration | None:
    """The calibration of :func:`describe_calibration`; None if there is none, as in files of earlier versions.

    Raises
    ------
    LaminaError
        If it is not the description of a calibration, or not one of a model with this estimator.
    """
    if described is None:
        check_form(arrays, {}, "the arrays of the calibration")
        return None
    of_classes = isinstance(estimator, MLPClassifier)
    check_form(described, _FORMS[ClassCalibration.kind if of_classes else NumberCalibration.kind], "the calibration")
    scores, rest = arrays.get(_SCORES), {name: array for name, array in arrays.items() if name != _SCORES}
    check_form(scores, ArrayOf((None,) if of_classes else (None, num_targets), np.dtype(np.float64)), "the scores")
    assert scores is not None
    if isinstance(estimator, MLPClassifier):
        check_form(rest, {}, "the arrays of the calibration")
        return ClassCalibration(described["temperature"], scores)
    return NumberCalibration(scores, _difficulty(rest, described["difficulty"], estimator, num_targets))


def _difficulty(
    arrays: Mapping[str, np.ndarray], described: Mapping[str, Any] | None, estimator: MLPRegressor, num_targets: int
) -> Difficulty | None:
    if described is None:
        check_form(arrays, {}, "the arrays of the calibration")
        return None
    of_network = {name.removeprefix(_OF_NETWORK): array for name, array in arrays.items()}
    network = restore_estimator(of_network, described["network"])
    if not isinstance(network, MLPRegressor):
        raise InvalidSettingError(phrase("the difficulty's network", "must be an MLPRegressor", type(network).__name__))
    widths, expected = (network.n_features_in_, network.n_outputs_), (estimator.n_features_in_ + num_targets, num_targets)
    if widths != expected:
        raise ShapeError(phrase("the difficulty's network", f"must have {expected[0]} → {expected[1]} columns", widths))
    return Difficulty(network, *(np.array(described[name], dtype=np.float64) for name in _PER_TARGET))
