"""A trainer as a patient."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np

from lamina.clipping import Clipping
from lamina.doctor.network_changes import NETWORK_WORDS, changed_network
from lamina.doctor.patients.patient import Patient
from lamina.errors import InvalidSettingError, phrase
from lamina.losses import LABEL_LOSSES, NUMBER_LOSSES
from lamina.optimizers import StepOptimizer, get_optimizer
from lamina.training import Callback, EarlyStopping, Trainer, TrainerSettings

__all__ = ["TrainerPatient"]


class TrainerPatient(Patient):
    """The settings of a trainer, and what its ``fit`` is given."""

    def __init__(
        self, settings: TrainerSettings, callbacks: tuple[Callback, ...], metrics: Mapping[str, Any], fit: dict[str, Any]
    ) -> None:
        self.settings = settings
        self.callbacks = callbacks
        self.metrics = metrics
        self.fit = {"max_epochs": 100} | fit
        names = [loss.name for loss in settings.loss]  # type: ignore[union-attr, attr-defined]
        self.learns_labels = names[0] in LABEL_LOSSES and names[0] not in NUMBER_LOSSES

    @classmethod
    def of(cls, trainer: Trainer, fit: dict[str, Any]) -> Self:
        """A patient with the settings of a trainer, which stays as it is."""
        return cls(trainer.settings, tuple(trainer.callbacks), trainer.metrics, fit)

    def changed(self, changes: Mapping[str, Any]) -> Self:
        settings, fit, callbacks = self.settings, dict(self.fit), self.callbacks
        of_network: dict[str, Any] = {}
        for word, value in changes.items():
            if word in NETWORK_WORDS:
                of_network[word] = value
            elif word == "epochs":
                fit["max_epochs"] = int(value)
            elif word in ("batch_size", "schedule", "loss"):
                settings = replace(settings, **{word: value})
            elif word == "optimizer":
                settings = replace(settings, optimizer=get_optimizer(value))
            elif word == "clip_norm":
                settings = replace(settings, clipping=Clipping(norm=value))
            elif word == "patience":
                callbacks = tuple(_patient(callback, value) for callback in callbacks)
            elif word != "learning_rate":
                raise InvalidSettingError(
                    phrase("a change", "must be one that a Trainer has a setting for", word, owner="Trainer")
                )
        if "learning_rate" in changes:
            rule = settings.optimizer
            if not isinstance(rule, StepOptimizer):
                raise InvalidSettingError(phrase("a change", "must suit the optimizer", "learning_rate", owner=rule.kind))
            settings = replace(settings, optimizer=replace(rule, learning_rate=changes["learning_rate"]))  # type: ignore[type-var]
        if of_network:
            settings = replace(settings, network=changed_network(settings.network, of_network))
        return type(self)(settings, callbacks, self.metrics, fit)

    def seeded(self, seed: int) -> Self:
        return type(self)(replace(self.settings, seed=seed), self.callbacks, self.metrics, self.fit)

    def model(self) -> Trainer:
        return self._trainer()

    def predict(self, model: Trainer, X: Any) -> np.ndarray:
        predicted = np.asarray(model.predict(X))
        loss = model.losses[0]
        if not self.learns_labels:
            return predicted
        if loss.one_of_several:
            return predicted.argmax(axis=1)
        no, yes = loss.label_codes or (0.0, 1.0)
        return np.where(predicted > loss.threshold_of_predictions(predicted.shape[1]), yes, no)

    def inputs(self, model: Any, X: Any, train: tuple[Any, np.ndarray]) -> Any:
        return X

    @property
    def max_epochs(self) -> int:
        return int(self.fit["max_epochs"])

    @property
    def patience(self) -> float | None:
        rule = self._early_stopping
        return None if rule is None else float(rule.patience)

    @property
    def stops_on_validation(self) -> bool:
        rule = self._early_stopping
        return rule is not None and rule.monitor.startswith("validation_")

    @property
    def _early_stopping(self) -> EarlyStopping | None:
        return next((callback for callback in self.callbacks if isinstance(callback, EarlyStopping)), None)

    def _trainer(self, *watchers: Callback) -> Trainer:
        callbacks = [*copy.deepcopy(self.callbacks), *watchers]
        return Trainer.from_settings(self.settings, callbacks=callbacks, metrics=self.metrics)

    def _train(self, X: Any, y: Any, watcher: Callback) -> Trainer:
        trainer = self._trainer(watcher)
        trainer.fit(X, y, **self.fit)
        return trainer


def _patient(callback: Callback, patience: int) -> Callback:
    if not isinstance(callback, EarlyStopping):
        return callback
    changed = copy.deepcopy(callback)
    changed.patience = int(patience)
    return changed
