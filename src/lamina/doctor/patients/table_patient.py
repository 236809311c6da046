"""A table estimator as a patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Self

import numpy as np

from lamina.data.encoder import TableEncoder
from lamina.doctor.patients.patient import Patient
from lamina.errors import InvalidSettingError, phrase
from lamina.model import TabularClassifier, TabularRegressor
from lamina.training import Callback
from lamina.training.callbacks.callback import list_of_callbacks

__all__ = ["TablePatient"]

_PARAMETERS = {
    "learning_rate": "learning_rate",
    "optimizer": "optimizer",
    "schedule": "schedule",
    "batch_size": "batch_size",
    "epochs": "max_epochs",
    "activation": "activation",
    "weight_init": "weight_init",
    "widths": "hidden",
    "batch_norm": "batch_norm",
    "dropout": "dropout",
    "l2": "alpha",
    "clip_norm": "clip_norm",
    "loss": "loss",
    "class_weight": "class_weight",
    "patience": "patience",
}


class TablePatient(Patient):
    """A table estimator; it scales inputs and targets itself, and always stops by held-out rows."""

    def __init__(self, estimator: TabularClassifier | TabularRegressor) -> None:
        self.estimator = _copy(estimator)
        self.learns_labels = isinstance(estimator, TabularClassifier)

    def changed(self, changes: Mapping[str, Any]) -> Self:
        estimator = _copy(self.estimator)
        for word, value in changes.items():
            if word not in _PARAMETERS or not hasattr(estimator, _PARAMETERS[word]):
                owner = type(estimator).__name__
                raise InvalidSettingError(
                    phrase("a change", "must be one that the estimator has a parameter for", word, owner=owner)
                )
            setattr(estimator, _PARAMETERS[word], value)
        return type(self)(estimator)

    def seeded(self, seed: int) -> Self:
        return type(self)(_copy(self.estimator, random_state=seed))

    def model(self) -> Any:
        return _copy(self.estimator)

    def predict(self, model: Any, X: Any) -> np.ndarray:
        return np.asarray(model.predict(X))

    def inputs(self, model: Any, X: Any, train: tuple[Any, np.ndarray]) -> Any:
        encoder = TableEncoder().fit(*train) if model is None else model.model_.encoder
        return encoder.transform(X)

    @property
    def max_epochs(self) -> int:
        return int(self.estimator.max_epochs)

    @property
    def patience(self) -> float | None:
        return float(self.estimator.patience)

    @property
    def stops_on_validation(self) -> bool:
        return bool(self.estimator.validation)

    def _train(self, X: Any, y: Any, watcher: Callback) -> Any:
        callbacks = [*list_of_callbacks(self.estimator.callbacks), watcher]
        return _copy(self.estimator, callbacks=callbacks, n_restarts=1).fit(X, y)


def _copy(estimator: TabularClassifier | TabularRegressor, **settings: Any) -> Any:
    """An estimator that was not trained, with the same parameters and these."""
    given = {field.name: getattr(estimator, field.name) for field in fields(estimator)}
    return type(estimator)(**given | settings)
