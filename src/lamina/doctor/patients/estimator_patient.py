"""An estimator, or a pipeline that ends in one, as a patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from lamina.doctor.cures.cure import spelled
from lamina.doctor.network_changes import NETWORK_WORDS, changed_network
from lamina.doctor.patients.input_scaler import RANKS, input_scaler
from lamina.doctor.patients.parameters import companions, copied, differing, longer, silent_copies
from lamina.doctor.patients.parameters_patient import ParametersPatient
from lamina.doctor.rows import column_names
from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.estimators.solver import is_stochastic
from lamina.optimizers import Optimizer, StepOptimizer
from lamina.training import Callback

__all__ = ["EstimatorPatient"]

_PARAMETERS = {
    "learning_rate": "learning_rate_init",
    "optimizer": "solver",
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
    "shuffle": "shuffle",
}

_AUTO = 200  # rows of a step, unless there are fewer
_AROUND = {
    "scale_inputs": "a StandardScaler before it, in a Pipeline",
    "scale_targets": "a TransformedTargetRegressor with a StandardScaler around it",
}


class EstimatorPatient(ParametersPatient):
    """A classifier or a regressor, the steps before it, and what scales its targets."""

    def __init__(
        self,
        estimator: MLPClassifier | MLPRegressor,
        steps: tuple[tuple[str, Any], ...] = (),
        around: TransformedTargetRegressor | None = None,
        inputs_are_sparse: bool = False,
    ) -> None:
        # clone would copy the network and the callbacks, which nothing here changes
        self.estimator = copied(estimator)
        self.steps = steps
        self.around = around
        self.inputs_are_sparse = inputs_are_sparse
        self.learns_labels = isinstance(estimator, MLPClassifier)

    @property
    def words(self) -> frozenset[str]:
        of_network = self.estimator.network is not None
        holds_codes = of_network and self.estimator.network.reads_codes
        parameters = {word for word, name in _PARAMETERS.items() if hasattr(self.estimator, name)}
        around = (set() if holds_codes else {"scale_inputs"}) | (set() if self.learns_labels else {"scale_targets"})
        around |= set() if self.estimator.validation_split is None else {"shuffle_split"}
        return frozenset(parameters | around | (set(NETWORK_WORDS) if of_network else set()))

    def spelled(self, changes: Mapping[str, Any]) -> str:
        words = NETWORK_WORDS if self.estimator.network is not None else ()
        of_network = {word: value for word, value in changes.items() if word in words}
        of_estimator = {word: value for word, value in changes.items() if word not in words}
        given, wanted = (patient.estimator.get_params(deep=False) for patient in (self, self.changed(of_estimator)))
        parameters = [f"{name}={wanted[name]!r}" for name in differing(given, wanted) if name != "network"]
        around = [text for word, text in _AROUND.items() if changes.get(word)]
        if changes.get("scale_inputs") == "ranks":
            around = [text.replace("StandardScaler before", f"{RANKS} before") for text in around]
        if self.inputs_are_sparse:
            around = [text.replace("a StandardScaler before", "a StandardScaler(with_mean=False) before") for text in around]
        network = [spelled(of_network)] if of_network else []
        return ", ".join([*around, *parameters, *network]) or spelled(changes)

    def changed(self, changes: Mapping[str, Any]) -> Self:
        self.check_words(changes, owner=type(self.estimator).__name__)
        estimator, steps, around = copied(self.estimator), self.steps, self.around
        of_network: dict[str, Any] = {}
        for word, value in changes.items():
            if word == "scale_inputs":
                steps = self._scaled(value)
            elif word == "scale_targets":
                around = TransformedTargetRegressor(transformer=StandardScaler()) if value else None
            elif word == "shuffle_split":
                estimator.set_params(validation_split=None)
            elif estimator.network is not None and word in NETWORK_WORDS:
                of_network[word] = value
                if word == "l2":
                    estimator.set_params(weight_decay=0.0, weight_decay_schedule="constant")
                elif word == "dropout" and value == 0:
                    estimator.set_params(dropout_schedule="constant")
            else:
                estimator.set_params(**companions(word, value, estimator), **{_PARAMETERS[word]: value})
        _settle_rule(estimator, self.estimator, changes)
        if estimator.network is not None:
            estimator.set_params(network=changed_network(estimator.network, of_network))
        return type(self)(estimator, steps, around, self.inputs_are_sparse)

    def seeded(self, seed: int) -> Self:
        return type(self)(copied(self.estimator, random_state=seed), self.steps, self.around, self.inputs_are_sparse)

    def prolonged(self, times: float) -> Self:
        estimator = copied(self.estimator, **longer(self.estimator, times, "max_iter", "n_iter_no_change"))
        return type(self)(estimator, self.steps, self.around, self.inputs_are_sparse)

    def model(self) -> Any:
        return self._assembled()

    def on_rows(self, rows: np.ndarray) -> Self:
        split = self.estimator.validation_split
        if split is None or hasattr(split, "get_n_splits"):
            return self
        named = np.asarray(split)
        named = np.flatnonzero(named) if named.dtype == bool else named
        estimator = copied(self.estimator, validation_split=np.flatnonzero(np.isin(rows, named)))
        return type(self)(estimator, self.steps, self.around, self.inputs_are_sparse)

    def of_inputs(self, *, are_sparse: bool) -> Self:
        return type(self)(self.estimator, self.steps, self.around, are_sparse)

    def names(self, model: Any, X: Any) -> Sequence[Any] | None:
        if len(self.steps) < 2:
            return column_names(X)
        try:
            return list(getattr(model, "regressor_", model)[:-1].get_feature_names_out())
        except (AttributeError, TypeError, ValueError):  # a step that cannot name its columns, or a failed training
            return None

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
    def batch_size(self) -> int | None:
        given = self.estimator.batch_size
        return (_AUTO if isinstance(given, str) else given) if is_stochastic(self.estimator) else None

    @property
    def validation_fraction(self) -> float:
        return self.estimator.validation_fraction if self.estimator.early_stopping else 0.0

    @property
    def patience(self) -> float | None:
        return float(self.estimator.n_iter_no_change)

    @property
    def stops_on_validation(self) -> bool:
        return bool(self.estimator.early_stopping)

    def _train(self, X: Any, y: Any, watcher: Callback) -> Any:
        callbacks = [*silent_copies(self.estimator.callbacks), watcher]
        return self._assembled(callbacks=callbacks, n_restarts=1, verbose=False, on_interrupt="raise").fit(X, y)

    def _assembled(self, **settings: Any) -> Any:
        """A fresh estimator or pipeline; the callbacks are the given objects themselves."""
        last = copied(self.estimator, **settings)
        model: Any = Pipeline([*self._before().steps, (self.steps[-1][0], last)]) if self.steps else last
        return model if self.around is None else clone(self.around).set_params(regressor=model)

    def _before(self) -> Pipeline:
        """The steps before the estimator, not fitted."""
        return Pipeline([(name, step if step in (None, "passthrough") else clone(step)) for name, step in self.steps[:-1]])

    def _scaled(self, wanted: bool | str) -> tuple[tuple[str, Any], ...]:
        if not wanted:
            return tuple(step for step in self.steps if not isinstance(step[1], StandardScaler))
        scaler = input_scaler(wanted, is_sparse=self.inputs_are_sparse)
        if not self.steps:
            return tuple(make_pipeline(scaler, self.estimator).steps)
        if len(self.steps) > 1 and isinstance(self.steps[-2][1], type(scaler)):
            return self.steps
        names = {name for name, _ in self.steps}
        free = next(name for number in range(len(names) + 1) if (name := f"scale_inputs{number or ''}") not in names)
        return (*self.steps[:-1], (free, scaler), self.steps[-1])


def _settle_rule(
    estimator: MLPClassifier | MLPRegressor, before: MLPClassifier | MLPRegressor, changes: Mapping[str, Any]
) -> None:
    """Put the rate and the decay where the estimator's rule takes them from: a rule given as an object has its own."""
    rule = next((given for given in (before.optimizer, before.solver) if isinstance(given, Optimizer)), None)
    if "optimizer" in changes:
        rate = changes.get("learning_rate", getattr(rule, "learning_rate", before.learning_rate_init))
        schedule = before.weight_decay_schedule if estimator.weight_decay else "constant"
        estimator.set_params(optimizer=None, learning_rate_init=rate, weight_decay_schedule=schedule)
    elif isinstance(rule, StepOptimizer):
        decay = 0.0 if "l2" in changes else rule.weight_decay
        rule = replace(rule, learning_rate=changes.get("learning_rate", rule.learning_rate), weight_decay=decay)  # type: ignore[type-var]
        estimator.set_params(**{"solver" if before.optimizer is None else "optimizer": rule})
