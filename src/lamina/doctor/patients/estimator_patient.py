"""An estimator, or a pipeline that ends in one, as a patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from lamina.doctor.network_changes import NETWORK_WORDS, changed_network
from lamina.doctor.patients.patient import Patient
from lamina.errors import InvalidSettingError, phrase
from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.optimizers import Optimizer, StepOptimizer
from lamina.training import Callback
from lamina.training.callbacks.callback import list_of_callbacks

__all__ = ["EstimatorPatient"]

_PARAMETERS = {
    "learning_rate": "learning_rate_init",
    "optimizer": "optimizer",
    "schedule": "learning_rate",
    "batch_size": "batch_size",
    "epochs": "max_iter",
    "activation": "activation",
    "weight_init": "weight_init",
    "widths": "hidden_layer_sizes",
    "batch_norm": "batch_norm",
    "dropout": "dropout",
    "l2": "alpha",
    "clip_norm": "clip_norm",
    "loss": "loss",
    "class_weight": "class_weight",
    "early_stopping": "early_stopping",
    "patience": "n_iter_no_change",
}


class EstimatorPatient(Patient):
    """A classifier or a regressor, the steps before it, and whether its targets are scaled."""

    def __init__(
        self, estimator: MLPClassifier | MLPRegressor, steps: tuple[tuple[str, Any], ...] = (), scales_targets: bool = False
    ) -> None:
        # clone would copy the network and the callbacks, which nothing here changes
        self.estimator = type(estimator)(**estimator.get_params(deep=False))
        self.steps = steps
        self.scales_targets = scales_targets
        self.learns_labels = isinstance(estimator, MLPClassifier)

    def changed(self, changes: Mapping[str, Any]) -> Self:
        estimator = type(self.estimator)(**self.estimator.get_params(deep=False))
        steps, scales_targets = self.steps, self.scales_targets
        of_network: dict[str, Any] = {}
        for word, value in changes.items():
            if word == "scale_inputs":
                steps = self._scaled(value)
            elif word == "scale_targets" and not self.learns_labels:
                scales_targets = bool(value)
            elif word == "shuffle_split":
                estimator.set_params(validation_split=None)
            elif word == "optimizer":
                estimator.set_params(optimizer=value)
            elif estimator.network is not None and word in NETWORK_WORDS:
                of_network[word] = value
            elif (
                word in _PARAMETERS and (word != "widths" or estimator.network is None) and hasattr(estimator, _PARAMETERS[word])
            ):
                estimator.set_params(**{_PARAMETERS[word]: value})
            else:
                owner = type(estimator).__name__
                raise InvalidSettingError(
                    phrase("a change", "must be one that the estimator has a parameter for", word, owner=owner)
                )
        if "learning_rate" in changes:
            _set_rate(estimator, changes["learning_rate"])
        if of_network:
            estimator.set_params(network=changed_network(estimator.network, of_network))
        return type(self)(estimator, steps, scales_targets)

    def seeded(self, seed: int) -> Self:
        estimator = type(self.estimator)(**self.estimator.get_params(deep=False) | {"random_state": seed})
        return type(self)(estimator, self.steps, self.scales_targets)

    def model(self) -> Any:
        return self._assembled(self.estimator.callbacks)

    def on_rows(self, rows: np.ndarray) -> Self:
        split = self.estimator.validation_split
        if split is None or hasattr(split, "get_n_splits"):
            return self
        named = np.asarray(split)
        named = np.flatnonzero(named) if named.dtype == bool else named
        estimator = type(self.estimator)(**self.estimator.get_params(deep=False))
        estimator.set_params(validation_split=np.flatnonzero(np.isin(rows, named)))
        return type(self)(estimator, self.steps, self.scales_targets)

    def predict(self, model: Any, X: Any) -> np.ndarray:
        return np.asarray(model.predict(X))

    def inputs(self, model: Any, X: Any, train: tuple[Any, np.ndarray]) -> Any:
        if len(self.steps) < 2:
            return X
        if model is None:
            return self._before().fit(*train).transform(X)
        return getattr(model, "regressor_", model)[:-1].transform(X)

    @property
    def max_epochs(self) -> int:
        return int(self.estimator.max_iter)

    @property
    def patience(self) -> float | None:
        return float(self.estimator.n_iter_no_change)

    @property
    def stops_on_validation(self) -> bool:
        return bool(self.estimator.early_stopping)

    def _train(self, X: Any, y: Any, watcher: Callback) -> Any:
        return self._assembled([*list_of_callbacks(self.estimator.callbacks), watcher], n_restarts=1).fit(X, y)

    def _assembled(self, callbacks: Any, **settings: Any) -> Any:
        """A fresh estimator or pipeline; the callbacks are the given objects themselves."""
        last = type(self.estimator)(**self.estimator.get_params(deep=False) | {"callbacks": callbacks} | settings)
        if not self.steps:
            model: Any = last
        else:
            model = Pipeline([*self._before().steps, (self.steps[-1][0], last)])
        if self.scales_targets:
            model = TransformedTargetRegressor(model, transformer=StandardScaler())
        return model

    def _before(self) -> Pipeline:
        """The steps before the estimator, not fitted."""
        return Pipeline([(name, step if step in (None, "passthrough") else clone(step)) for name, step in self.steps[:-1]])

    def _scaled(self, wanted: bool) -> tuple[tuple[str, Any], ...]:
        if not wanted:
            return tuple(step for step in self.steps if not isinstance(step[1], StandardScaler))
        if not self.steps:
            return tuple(make_pipeline(StandardScaler(), self.estimator).steps)
        return (*self.steps[:-1], ("standardscaler", StandardScaler()), self.steps[-1])


def _set_rate(estimator: MLPClassifier | MLPRegressor, rate: float) -> None:
    """Set the rate where the estimator's rule takes it from."""
    for name in ("optimizer", "solver"):
        rule = getattr(estimator, name)
        if isinstance(rule, Optimizer):
            if isinstance(rule, StepOptimizer):
                estimator.set_params(**{name: replace(rule, learning_rate=rate)})  # type: ignore[type-var]
            return
