"""However a training ends, it leaves finite weights, statistics and predictions, or says that it failed.

Random networks, optimizers, rates from 1e-10 to 1e38, and data from 1e-38 to 1e38. ``make fuzz-endings`` tries many more.
"""

from __future__ import annotations

import os
import warnings

import numpy as np
import pytest

from lamina.clipping import Clipping
from lamina.engine import native_available
from lamina.errors import NonFiniteError
from lamina.layers import BatchNorm, Dense, Dropout, LayerNorm
from lamina.losses import LABEL_LOSSES, NUMBER_LOSSES
from lamina.network import Sequential
from lamina.optimizers import LBFGS, PerturbAll, PerturbOne, get_optimizer
from lamina.training import EarlyStopping, Trainer, TrainingWarning

NUM_CASES = int(os.environ.get("LAMINA_CASES", "200"))
FIRST_CASE = int(os.environ.get("LAMINA_FIRST_CASE", "0"))
ENGINES = ("native", "reference") if native_available() else ("reference",)
STEPPING = ("gradient_descent", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw", "nadam")
REGRESSION = NUMBER_LOSSES
CLASSIFICATION = tuple(name for name in LABEL_LOSSES if name not in NUMBER_LOSSES)


def log_uniform(rng, low, high):
    return float(10.0 ** rng.uniform(low, high))


def some_network(rng, outputs, may_drop):
    layers = [Dropout(0.2)] if may_drop and rng.random() < 0.1 else []
    for _ in range(rng.integers(0, 3)):
        activation = str(rng.choice(["relu", "tanh", "identity", "softplus", "gelu", "exp", "sigmoid"]))
        layers.append(Dense(int(rng.integers(1, 9)), activation=activation, l2=float(rng.choice([0.0, 0.0, 1e-3, 1e30]))))
        if rng.random() < 0.25:
            layers.append(BatchNorm() if rng.random() < 0.6 else LayerNorm())
        if may_drop and rng.random() < 0.2:
            layers.append(Dropout(0.3))
    return Sequential([*layers, Dense(outputs)])


def some_optimizer(rng):
    kind = rng.random()
    if kind < 0.08:
        return LBFGS()
    if kind < 0.14:
        return PerturbOne(scale=log_uniform(rng, -3, 38)) if rng.random() < 0.5 else PerturbAll(log_uniform(rng, -6, 38))
    rate = log_uniform(rng, -10, 38) if rng.random() < 0.5 else log_uniform(rng, -3, 2)
    decay = log_uniform(rng, -4, 2) if rng.random() < 0.15 else 0.0
    return get_optimizer(str(rng.choice(STEPPING)), learning_rate=rate, weight_decay=decay)


def some_data(rng, loss, dtype):
    n, width = int(rng.integers(2, 40)), int(rng.integers(1, 6))
    scale = log_uniform(rng, -38, 38) if rng.random() < 0.5 else log_uniform(rng, -2, 2)
    X = np.clip(rng.normal(size=(n, width)), -3, 3) * scale
    if loss in ("softmax_cross_entropy", "categorical_hinge"):
        return X.astype(dtype), rng.integers(0, 3, n)
    if loss in CLASSIFICATION:
        low = 0 if loss in ("sigmoid_cross_entropy", "focal") else -1
        return X.astype(dtype), np.where(rng.random(n) < 0.5, low, 1)
    y_scale = log_uniform(rng, -38, 38) if rng.random() < 0.4 else log_uniform(rng, -2, 6)
    y = np.clip(rng.normal(size=n), -3, 3) * y_scale
    return X.astype(dtype), (np.abs(y) if loss in ("poisson", "gamma", "tweedie") else y).astype(dtype)


def some_trainer(seed, engine):
    rng = np.random.default_rng(seed)
    loss = str(rng.choice((*REGRESSION, *CLASSIFICATION)))
    dtype = str(rng.choice(["float32", "float64"]))
    optimizer = some_optimizer(rng)
    X, y = some_data(rng, loss, dtype)
    settings = {}
    if isinstance(optimizer, LBFGS | PerturbOne | PerturbAll):
        settings["batch_size"] = None
    else:
        settings["batch_size"] = None if rng.random() < 0.3 else int(rng.integers(2, 20))
        if rng.random() < 0.15:
            settings["clipping"] = Clipping(norm=log_uniform(rng, -2, 10))
    validation = (X[: len(X) // 2], y[: len(X) // 2]) if rng.random() < 0.3 and len(X) >= 4 else None
    stopping = EarlyStopping("validation_loss" if validation else "loss", patience=3) if rng.random() < 0.3 else None
    outputs = {"softmax_cross_entropy": 3, "categorical_hinge": 3, "gaussian_nll": 2}.get(loss, 1)
    network = some_network(rng, outputs, not isinstance(optimizer, PerturbOne | PerturbAll))
    callbacks = [stopping] if stopping else []
    trainer = Trainer(network, loss, optimizer, callbacks=callbacks, seed=seed, dtype=dtype, engine=engine, **settings)
    return trainer, X, y, validation, stopping, int(rng.integers(1, 8))


def check_end(seed, engine):
    trainer, X, y, validation, stopping, max_epochs = some_trainer(seed, engine)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            trainer.fit(X, y, validation_data=validation, max_epochs=max_epochs)
            failed = False
        except NonFiniteError:
            failed = True
    executor = trainer.executor
    assert (
        np.isfinite(executor.snapshot().parameters).all()
        and np.isfinite(executor.snapshot().state).all()
        and np.isfinite(executor.snapshot().slots).all()
    )
    categories = {warning.category for warning in caught}
    assert categories <= {TrainingWarning}, [str(warning.message) for warning in caught]
    if failed:
        assert trainer.stop_reason.code == "non_finite"
        return
    assert (trainer.stop_reason.code == "non_finite") == (TrainingWarning in categories)
    assert np.isfinite(trainer.predict_logits(X)).all()
    assert np.isfinite(trainer.predict(X)).all()
    if stopping and validation and trainer.epoch and trainer.stop_reason.code != "non_finite":
        assert trainer.evaluate(*validation)["loss"] == stopping.best


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("part", range(10))
def test_whatever_ends_a_training_what_it_leaves_is_finite(engine, part):
    for seed in range(FIRST_CASE + part, FIRST_CASE + NUM_CASES // len(ENGINES), 10):
        try:
            check_end(seed, engine)
        except Exception as error:
            error.add_note(f"case {seed}")
            raise
