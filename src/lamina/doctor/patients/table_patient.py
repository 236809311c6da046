"""A table estimator as a patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from lamina.data.encoder import TableEncoder
from lamina.data.learn_column import ColumnKind
from lamina.doctor.cures.cure import spelled
from lamina.doctor.patients.parameters import companions, copied, differing, longer, silent_copies
from lamina.doctor.patients.parameters_patient import ParametersPatient
from lamina.doctor.patients.reading import read_numbers, read_once
from lamina.losses import Loss, get_loss
from lamina.model import TableSettings, TabularClassifier, TabularRegressor
from lamina.model.named_settings import read_named
from lamina.model.table_settings import LEFT_OPEN
from lamina.training import Callback

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
    "shuffle": "shuffle",
}


_VALIDATION = 0.1  # the share of the rows that Tabular holds out by default


class TablePatient(ParametersPatient):
    """A table estimator; it scales inputs and targets itself, and draws the rows that it holds out at random.

    Parameters
    ----------
    estimator : TabularClassifier or TabularRegressor
    kinds : dict of str to str, optional
        What is trained with in place of the estimator's kinds: those of a table that was read.
    """

    def __init__(self, estimator: TabularClassifier | TabularRegressor, kinds: Mapping[str, ColumnKind] | None = None) -> None:
        # what a preset leaves open is what a cure may change
        filled = TableSettings.of(estimator.get_params(deep=False)).filled().by_name()
        self.estimator = copied(estimator, **{name: filled[name] for name in LEFT_OPEN})
        self.kinds = kinds
        self.learns_labels = isinstance(estimator, TabularClassifier)

    @property
    def words(self) -> frozenset[str]:
        return frozenset({word for word, name in _PARAMETERS.items() if hasattr(self.estimator, name)} | {"early_stopping"})

    def spelled(self, changes: Mapping[str, Any]) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self.differences(changes).items()) or spelled(changes)

    def differences(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters of the estimator that changes set, and that are not so yet."""
        given, wanted = self.estimator.get_params(deep=False), self.changed(changes).estimator.get_params(deep=False)
        return {name: wanted[name] for name in differing(given, wanted)}

    def changed(self, changes: Mapping[str, Any]) -> Self:
        self.check_words(changes, owner=type(self.estimator).__name__)
        estimator = copied(self.estimator)
        for word, value in changes.items():
            if word == "early_stopping":
                estimator.set_params(validation=(estimator.validation or _VALIDATION) if value else 0.0)
            else:
                estimator.set_params(**companions(word, value, estimator), **{_PARAMETERS[word]: value})
        return type(self)(estimator, self.kinds)

    def seeded(self, seed: int) -> Self:
        return type(self)(copied(self.estimator, random_state=seed), self.kinds)

    def prolonged(self, times: float) -> Self:
        estimator = copied(self.estimator, **longer(self.estimator, times, "max_epochs", "patience"))
        return type(self)(estimator, self.kinds)

    def as_read(self, X: Any, y: np.ndarray) -> tuple[Self, Any, np.ndarray]:
        settings, owner = TableSettings.of(self.estimator.get_params(deep=False)), type(self.estimator).__name__
        table, kinds = read_once(X, settings, owner=owner)
        return type(self)(self.estimator, kinds), table, y if self.learns_labels else read_numbers(y, settings, owner=owner)

    def model(self) -> Any:
        return copied(self.estimator)

    def inputs(self, model: Any, X: Any, train: tuple[Any, np.ndarray]) -> Any:
        encoder = TableEncoder(kinds=self.kinds).fit(*train) if model is None else model.model_.encoder
        return encoder.transform(X)

    def names(self, model: Any, X: Any) -> Sequence[Any] | None:
        return None if model is None else list(model.model_.encoder.get_feature_names_out())

    @property
    def loss(self) -> Loss | None:
        made = read_named(self.estimator.loss, get_loss)
        return made if isinstance(made, Loss) else None

    @property
    def max_epochs(self) -> int:
        return int(self.estimator.max_epochs)

    @property
    def batch_size(self) -> int | None:
        given = self.estimator.batch_size
        return given if isinstance(given, int) else None

    @property
    def validation_fraction(self) -> float:
        return float(self.estimator.validation or 0.0)

    @property
    def patience(self) -> float | None:
        return float(self.estimator.patience)

    @property
    def stops_on_validation(self) -> bool:
        return bool(self.estimator.validation)

    def _train(self, X: Any, y: Any, watcher: Callback) -> Any:
        callbacks = [*silent_copies(self.estimator.callbacks), watcher]
        own = {} if self.kinds is None else {"kinds": self.kinds}
        settings = {"callbacks": callbacks, "n_restarts": 1, "verbose": False, "on_interrupt": "raise"}
        return copied(self.estimator, **settings, **own).fit(X, y)
