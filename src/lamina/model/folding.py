"""Batch normalization folded into the Dense layers of whatever was trained: an estimator, a trainer, a model of a file."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import singledispatch
from typing import TypeVar, cast

from sklearn.utils.validation import check_is_fitted

from lamina.caller import warn_caller
from lamina.errors import InvalidSettingError, phrase
from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.estimators.fitted import adopt, fit_of
from lamina.model.network_model import NetworkModel
from lamina.model.table_model import TableModel
from lamina.model.tabular_classifier import TabularClassifier
from lamina.model.tabular_regressor import TabularRegressor
from lamina.network import FoldedNetwork, Network
from lamina.training import History, Trainer

__all__ = ["fold_batch_norm"]

_Model = TypeVar("_Model")
_Estimator = TypeVar("_Estimator", MLPClassifier, MLPRegressor)
_Tabular = TypeVar("_Tabular", TabularClassifier, TabularRegressor)


def fold_batch_norm(model: _Model) -> _Model:
    """A copy of a trained model that predicts the same, up to rounding, with its batch normalizations folded into Dense layers.

    At prediction a batch normalization is an affine map, and so is a Dense layer: one of them can do the work of both. See
    :meth:`lamina.network.Network.fold`. Where a normalization cannot be folded, because no Dense layer is next to it, it stays,
    and a warning says why.

    Parameters
    ----------
    model : MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor, TableModel, NetworkModel or Trainer
        Fitted, or read by :func:`lamina.load_model`. It does not change.

    Returns
    -------
    model : of the same kind
        For predictions, and for :func:`lamina.save_model`. An estimator keeps its parameters: fitted anew, it has its
        normalizations again. A trainer keeps its history and counters; its optimizer and schedule begin anew.

    Raises
    ------
    InvalidSettingError
        If ``model`` is something else.
    NotFittedError
        If an estimator is not fitted.

    Warns
    -----
    UserWarning
        If a normalization could not be folded.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import MLPClassifier, fold_batch_norm
    >>> X = np.random.default_rng(0).normal(size=(200, 4))
    >>> model = MLPClassifier(hidden_layer_sizes=8, batch_norm=True, early_stopping=True, random_state=0).fit(X, X[:, 0] > 0)
    >>> folded = fold_batch_norm(model)
    >>> model.network_, folded.network_
    (<Sequential 4 → 1: 4 layers, depth 2, 65 parameters>, <Sequential 4 → 1: 3 layers, depth 2, 49 parameters>)
    >>> bool(np.allclose(folded.predict_proba(X), model.predict_proba(X), atol=1e-6))
    True
    """
    return cast(_Model, _folded(model))


@singledispatch
def _folded(model: object) -> object:
    repair = "Call network.fold(parameters, state)." if isinstance(model, Network) else ""
    rule = "must be a fitted estimator, a Trainer, or a model that load_model returns"
    raise InvalidSettingError(phrase("model", rule, model, repair=repair, owner="fold_batch_norm"))


@_folded.register
def _(model: Trainer) -> Trainer:
    return _folded_trainer(copy.deepcopy(model))


@_folded.register
def _(model: NetworkModel) -> NetworkModel:
    folded = _told(model.network.fold(model.parameters, model.state))
    return replace(model, network=folded.network, parameters=folded.parameters, state=folded.state)


@_folded.register
def _(model: TableModel) -> TableModel:
    return replace(model, estimator=fold_batch_norm(model.estimator))


@_folded.register(MLPClassifier)
@_folded.register(MLPRegressor)
def _(model: _Estimator) -> _Estimator:
    check_is_fitted(model)
    twin = copy.copy(model)  # shares nothing learned
    fit = fit_of(twin)
    adopt(twin, replace(fit, trainer=_folded_trainer(fit.trainer)))
    return twin


@_folded.register(TabularClassifier)
@_folded.register(TabularRegressor)
def _(model: _Tabular) -> _Tabular:
    check_is_fitted(model)
    twin = copy.copy(model)
    twin.model_ = fold_batch_norm(model.model_)
    return twin


def _folded_trainer(trainer: Trainer) -> Trainer:
    """A trainer that takes over history and counters, callbacks and metrics."""
    folded = _told(trainer.network.fold(*trainer.executor.snapshot()[:2]))
    settings = replace(trainer.settings, network=folded.network)
    weights = (folded.parameters, folded.state)
    twin = Trainer.from_settings(settings, callbacks=trainer.callbacks, metrics=trainer.metrics, initial_weights=weights)
    twin.history = History(trainer.history)
    twin.epoch, twin.step, twin.stop_reason = trainer.epoch, trainer.step, trainer.stop_reason
    return twin


def _told(folded: FoldedNetwork[Network]) -> FoldedNetwork[Network]:
    """What was folded; a warning says what was not."""
    for name, why in folded.kept.items():
        warn_caller(f"fold_batch_norm: {name!r} stays: {why}.", UserWarning)
    return folded
