"""A trainer as a patient."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from lamina.clipping import Clipping
from lamina.doctor.cures.cure import spelled
from lamina.doctor.network_changes import NETWORK_WORDS, changed_network
from lamina.doctor.patients.input_scaler import RANKS
from lamina.doctor.patients.parameters import silent_copies
from lamina.doctor.patients.patient import Patient
from lamina.doctor.patients.regimen import Regimen
from lamina.doctor.rows import take_rows
from lamina.doctor.setup import learns_labels_by
from lamina.errors import InvalidSettingError, ShapeError, phrase, phrase_unknown
from lamina.losses import Loss
from lamina.optimizers import Optimizer, StepOptimizer, get_optimizer
from lamina.training import Callback, EarlyStopping, Trainer, TrainerSettings
from lamina.validation import check_parameters, integer

__all__ = ["TrainerPatient"]

_SETTINGS = ("batch_size", "schedule", "loss", "shuffle")
_OWN = (*_SETTINGS, "learning_rate", "optimizer", "epochs", "clip_norm", "early_stopping", "patience")
_AROUND = {
    "scale_inputs": "a StandardScaler for the inputs",
    "scale_targets": "a StandardScaler for the targets",
    "early_stopping": "an EarlyStopping among the callbacks",
    "shuffle_split": "validation_data drawn at random",
}
_FIT = ("sample_weight", "validation_data", "max_epochs", "final_check")
_VALIDATION, _PATIENCE, _TOL = 0.1, 10, 1e-4  # the estimators' validation_fraction, n_iter_no_change and tol


@dataclass(frozen=True, slots=True)
class _Around:
    """What a :class:`Regimen` does around a trainer's fit."""

    scale_inputs: bool | str = False
    scale_targets: bool = False
    class_weight: str | None = None
    validation_fraction: float = 0.0

    @classmethod
    def of(cls, regimen: Regimen) -> Self:
        return cls(regimen.scale_inputs, regimen.scale_targets, regimen.class_weight, regimen.validation_fraction)

    def regimen(self, trainer: Trainer) -> Regimen:
        return Regimen(trainer, self.scale_inputs, self.scale_targets, self.class_weight, self.validation_fraction)


class TrainerPatient(Patient):
    """The settings of a trainer, what its ``fit`` is given, and what is done around it."""

    def __init__(
        self,
        settings: TrainerSettings,
        callbacks: tuple[Callback, ...],
        metrics: Mapping[str, Any],
        fit: dict[str, Any],
        around: _Around = _Around(),
    ) -> None:
        self.settings = settings
        self.callbacks = callbacks
        self.metrics = metrics
        self.fit = {"max_epochs": 100} | fit
        self.around = around
        names = [loss.name for loss in settings.losses]
        self.learns_labels = learns_labels_by(names[0])

    @classmethod
    def of(cls, given: Trainer | Regimen, fit: dict[str, Any]) -> Self:
        """A patient with the settings of a trainer, or of a regimen with one, which stays as it is."""
        _check_fit(fit)
        trainer, around = (given.trainer, _Around.of(given)) if isinstance(given, Regimen) else (given, _Around())
        return cls(trainer.settings, tuple(trainer.callbacks), trainer.metrics, fit, around)

    @property
    def words(self) -> frozenset[str]:
        around = {"class_weight" if self.learns_labels else "scale_targets"}
        around |= set() if self.settings.network.reads_codes else {"scale_inputs"}
        around |= {"shuffle_split"} if "validation_data" in self.fit else set()
        return frozenset({*_OWN, *NETWORK_WORDS} | around)

    def spelled(self, changes: Mapping[str, Any]) -> str:
        stops_early = self.patience is not None or changes.get("early_stopping")
        told = {word: value for word, value in changes.items() if word != "patience" or stops_early}
        return ", ".join(_spelled(word, value) for word, value in told.items()) or "as it is"

    def changed(self, changes: Mapping[str, Any]) -> Self:
        self.check_words(changes, owner="Trainer")
        settings = _changed_settings(self.settings, changes)
        callbacks, fit, around = self.callbacks, dict(self.fit), self.around
        for word, value in changes.items():
            if word == "epochs":
                fit["max_epochs"] = int(value)
            elif word == "patience":
                callbacks = tuple(_with_patience(callback, value) for callback in callbacks)
            elif word == "early_stopping":
                callbacks = tuple(callback for callback in callbacks if not isinstance(callback, EarlyStopping))
                if value:
                    patience = int(changes.get("patience", self.patience or _PATIENCE))
                    callbacks = (*callbacks, EarlyStopping(patience=patience))
                    around = around if "validation_data" in fit else _holding_out(around)
            elif word == "shuffle_split":
                del fit["validation_data"]
                around = _holding_out(around)
            elif word in ("scale_inputs", "scale_targets", "class_weight"):
                around = replace(around, **{word: value})
        return type(self)(settings, callbacks, self.metrics, fit, around)

    def seeded(self, seed: int) -> Self:
        return self._with(settings=replace(self.settings, seed=seed))

    def prolonged(self, times: float) -> Self:
        callbacks = tuple(_prolonged(callback, times) for callback in self.callbacks)
        return self._with(fit=self.fit | {"max_epochs": math.ceil(times * self.max_epochs)}, callbacks=callbacks)

    def on_rows(self, rows: np.ndarray) -> Self:
        weight = self.fit.get("sample_weight")
        return self if weight is None else self._with(fit=self.fit | {"sample_weight": take_rows(weight, rows)})

    @property
    def num_outputs(self) -> int:
        return len(self.settings.losses)

    def check_rows(self, count: int, *, owner: str) -> None:
        weight = self.fit.get("sample_weight")
        if weight is not None and np.shape(weight)[:1] != (count,):
            rule = f"must have a number for each of the {count:,} rows"
            raise ShapeError(phrase("sample_weight", rule, np.shape(weight) or weight, owner=owner))

    def model(self) -> Trainer | Regimen:
        return self._assembled(list(self.callbacks))

    @property
    def fit_settings(self) -> dict[str, Any]:
        return dict(self.fit)

    def predict(self, model: Any, X: Any) -> np.ndarray:
        predicted = np.asarray(model.predict(X))
        loss = self.settings.losses[0]
        if not self.learns_labels:
            return loss.points_of(predicted)
        if loss.one_of_several:
            return np.asarray(predicted.argmax(axis=1))
        no, yes = loss.label_codes or (0.0, 1.0)
        return np.where(predicted > loss.threshold_of_predictions(predicted.shape[1]), yes, no)

    def probabilities(self, model: Any, X: Any) -> tuple[np.ndarray, np.ndarray] | None:
        loss = self.settings.losses[0]
        if not self.learns_labels or not loss.gives_probabilities:
            return None
        predicted = np.asarray(model.predict(X), dtype=float)
        if not loss.one_of_several and predicted.shape[1] > 1:
            return None
        predicted = predicted if loss.one_of_several else np.hstack([1 - predicted, predicted])
        return np.arange(predicted.shape[1]), predicted

    def inputs(self, model: Any, X: Any, train: tuple[Any, np.ndarray]) -> Any:
        return model.transform(X) if isinstance(model, Regimen) else X

    @property
    def loss(self) -> Loss | None:
        return self.settings.losses[0]

    @property
    def weighs_classes(self) -> bool:
        return self.around.class_weight is not None

    @property
    def max_epochs(self) -> int:
        return int(self.fit["max_epochs"])

    @property
    def batch_size(self) -> int | None:
        return self.settings.rows_a_step

    @property
    def validation_fraction(self) -> float:
        return self.around.validation_fraction

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

    def _with(self, **parts: Any) -> Self:
        own = {name: getattr(self, name) for name in ("settings", "callbacks", "metrics", "fit", "around")}
        return type(self)(**own | parts)

    def _train(self, X: Any, y: Any, watcher: Callback) -> Trainer | Regimen:
        settings = replace(self.settings, on_interrupt="raise")
        model = self._with(settings=settings)._assembled([*silent_copies(self.callbacks), watcher])
        model.fit(X, y, **self.fit)
        return model

    def _assembled(self, callbacks: list[Callback]) -> Trainer | Regimen:
        trainer = Trainer.from_settings(self.settings, callbacks=callbacks, metrics=self.metrics)
        return trainer if self.around == _Around() else self.around.regimen(trainer)


def _spelled(word: str, value: Any) -> str:
    """A change as it is made by the user of a trainer, around it or in its ``fit``."""
    if word == "scale_inputs" and value == "ranks":
        return f"a {RANKS} for the inputs"
    if value is True and word in _AROUND:
        return _AROUND[word]
    if word == "class_weight" and value == "balanced":
        return "sample_weight by which all classes weigh the same"
    if word == "epochs":
        return f"max_epochs={value!r}"
    if word == "clip_norm" and value is not None:
        return f"clipping=Clipping(norm={value!r})"
    return f"patience={value!r} of the EarlyStopping" if word == "patience" else spelled({word: value})


def _check_fit(fit: Mapping[str, Any]) -> None:
    for name in fit:
        if name not in _FIT:
            raise InvalidSettingError(phrase_unknown("settings of fit", name, _FIT, owner="Trainer"))
    check_parameters({"max_epochs": fit.get("max_epochs", 1)}, {"max_epochs": integer(1)}, owner="Trainer.fit")


def _changed_settings(settings: TrainerSettings, changes: Mapping[str, Any]) -> TrainerSettings:
    of_network = {word: value for word, value in changes.items() if word in NETWORK_WORDS}
    if of_network:
        settings = replace(settings, network=changed_network(settings.network, of_network))
    plain: dict[str, Any] = {word: changes[word] for word in _SETTINGS if word in changes}
    if "clip_norm" in changes:
        plain["clipping"] = Clipping(norm=changes["clip_norm"])
    if changes.get("dropout") == 0:
        plain["dropout_schedule"] = None
    rule = _changed_rule(settings.optimizer, changes)
    if changes.keys() & {"l2", "optimizer"} and not getattr(rule, "weight_decay", 0.0):
        plain["weight_decay_schedule"] = None
    return replace(settings, optimizer=rule, **plain)


def _changed_rule(rule: Optimizer, changes: Mapping[str, Any]) -> Optimizer:
    """The update rule; another one keeps the rate, unless that changes too."""
    rate = changes.get("learning_rate", getattr(rule, "learning_rate", None))
    if "optimizer" in changes:
        rule = get_optimizer(changes["optimizer"])
    if isinstance(rule, StepOptimizer):
        decay = 0.0 if "l2" in changes else rule.weight_decay
        return replace(rule, learning_rate=rule.learning_rate if rate is None else rate, weight_decay=decay)  # type: ignore[type-var]
    if "learning_rate" in changes:
        repair = "Change the optimizer, too."
        raise InvalidSettingError(
            phrase("learning_rate", "must be of an optimizer that has one", rule.kind, repair=repair, owner="Trainer")
        )
    return rule


def _holding_out(around: _Around) -> _Around:
    return replace(around, validation_fraction=around.validation_fraction or _VALIDATION)


def _with_patience(callback: Callback, patience: int) -> Callback:
    if not isinstance(callback, EarlyStopping):
        return callback
    changed = copy.deepcopy(callback)
    changed.patience, changed.tol = int(patience), min(callback.tol, _TOL)
    return changed


def _prolonged(callback: Callback, times: float) -> Callback:
    """The rule for epochs that are shorter."""
    if not isinstance(callback, EarlyStopping):
        return callback
    changed = copy.deepcopy(callback)
    changed.patience = round(times * callback.patience)
    return changed
