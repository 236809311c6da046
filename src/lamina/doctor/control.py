"""The controls: how good plain models become on the same rows, by the recipes that an expert would try first."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lamina.doctor.setup import Setup
from lamina.estimators import MLPClassifier, MLPRegressor

__all__ = ["linear_model", "standard_networks", "train_quietly"]

_FEWEST_UNITS, _MOST_UNITS, _MOST_LAYERS = 32, 128, 3
_MOST_STEPS = 6000
_BATCH_SIZE = 32
_FEWEST_TO_STOP_BY, _ENOUGH_TO_STOP_BY = 200, 2000  # rows, a tenth of which is held out
_PATIENCE, _PATIENCE_IN_STEPS = 15, 400


def standard_networks(setup: Setup, num_rows: int, *, is_sparse: bool, weighs_classes: bool = False, seed: int) -> list[Any]:
    """Networks by the standard recipe, not trained: one that stops early and, of few rows, one with a penalty.

    Inputs and numbers to predict are centered and scaled; the hidden layers have the patient's widths, within 32 to 128 units and
    3 layers; relu with He's weights; Adam at 0.001 in batches of 32. A tenth of few rows, or of a rare class, does not tell when
    to stop: a small L2 penalty takes its place.
    """
    # The few rows of a rare class that could be held out do not tell when to stop.
    can_stop = num_rows >= _FEWEST_TO_STOP_BY and not weighs_classes
    can_tell = num_rows >= _ENOUGH_TO_STOP_BY
    return [
        _standard_network(setup, num_rows, stops=stops, is_sparse=is_sparse, weighs_classes=weighs_classes, seed=seed)
        for stops in ((True,) if can_stop and can_tell else (True, False) if can_stop else (False,))
    ]


def _standard_network(setup: Setup, num_rows: int, *, stops: bool, is_sparse: bool, weighs_classes: bool, seed: int) -> Any:
    widths = [min(max(width, _FEWEST_UNITS), _MOST_UNITS) for width in setup.hidden_widths[:_MOST_LAYERS]] or [_FEWEST_UNITS]
    batch_size = min(_BATCH_SIZE, num_rows)
    steps_per_epoch = -(-num_rows // batch_size)
    settings: dict[str, Any] = {
        "hidden_layer_sizes": tuple(widths),
        "activation": "relu",
        "weight_init": "he",
        "optimizer": "adam",
        "learning_rate_init": 0.001 if steps_per_epoch >= 20 else 0.003,
        "batch_size": batch_size,
        "max_iter": int(min(max(_MOST_STEPS // steps_per_epoch, 10), 300)),
        "early_stopping": stops,
        "n_iter_no_change": max(_PATIENCE, _PATIENCE_IN_STEPS // steps_per_epoch),
        "alpha": 1e-4 if stops else 1e-2,
        "random_state": seed,
    }
    scaler = StandardScaler(with_mean=not is_sparse)
    if setup.learns_labels:
        return make_pipeline(scaler, MLPClassifier(**settings, class_weight="balanced" if weighs_classes else None))
    return TransformedTargetRegressor(make_pipeline(scaler, MLPRegressor(**settings)), transformer=StandardScaler())


def linear_model(*, of_labels: bool, is_sparse: bool, weighs_classes: bool = False) -> Any:
    """Logistic or ridge regression on scaled inputs, not trained; a network that stays behind has learned noise, or nothing."""
    scaler = StandardScaler(with_mean=not is_sparse)
    if not of_labels:
        return make_pipeline(scaler, RidgeCV(np.logspace(-3, 3, 7)))
    return make_pipeline(scaler, LogisticRegression(max_iter=500, class_weight="balanced" if weighs_classes else None))


def train_quietly(model: Any, X: Any, y: np.ndarray) -> Any:
    """The trained model, without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y)
