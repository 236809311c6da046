"""L17: recorded norms show layers near the input that hardly move, and updates that blow up."""

from __future__ import annotations

import numpy as np
import pytest

from lamina import LBFGS, Dense, Sequential, Trainer, UpdateRecord
from lamina.initializers import Normal
from lamina.optimizers import GradientDescent

X = np.random.default_rng(0).normal(size=(200, 8))
Y = X[:, 0]


def records(activation: str, optimizer: object = "gradient_descent", epochs: int = 3, init: object = "auto") -> Trainer:
    layers = [Dense(8, activation=activation, weight_init=init) for _ in range(6)]  # type: ignore[arg-type]
    trainer = Trainer(
        Sequential([*layers, Dense(1)], 8),
        "squared_error",
        optimizer,  # type: ignore[arg-type]
        callbacks=[UpdateRecord()],
        dtype="float64",
        batch_size=None if isinstance(optimizer, LBFGS) else 32,
    )
    trainer.fit(X, Y, max_epochs=epochs)
    return trainer


def test_the_ratio_is_the_way_over_the_weights_before() -> None:
    trainer = records("tanh", epochs=1)
    fresh = Trainer(trainer.network, "squared_error", dtype="float64")
    for layer in ("dense_1", "dense_7"):
        old = np.concatenate([fresh.weights[f"{layer}.{name}"].ravel() for name in ("weight", "bias")])
        new = np.concatenate([trainer.weights[f"{layer}.{name}"].ravel() for name in ("weight", "bias")])
        assert trainer.history[-1, f"{layer}_norm"] == pytest.approx(np.linalg.norm(new))
        assert trainer.history[-1, f"{layer}_update_ratio"] == pytest.approx(np.linalg.norm(new - old) / np.linalg.norm(old))


def test_vanishing_gradients_let_layers_near_the_input_stand_still() -> None:
    sigmoid, relu = (records(activation).history[0] for activation in ("sigmoid", "relu"))
    assert sigmoid["dense_1_update_ratio"] < 1e-3 * sigmoid["dense_7_update_ratio"]
    assert relu["dense_1_update_ratio"] > 1e-2 * relu["dense_7_update_ratio"]


def test_large_first_weights_blow_the_updates_up() -> None:
    slow = GradientDescent(1e-6)
    gentle, wild = (records("relu", slow, init=init).history[0] for init in ("he", Normal(1.5)))
    assert wild["dense_1_update_ratio"] > 100 * gentle["dense_1_update_ratio"]


def test_layers_that_begin_at_zero_have_their_way_itself() -> None:
    assert records("sigmoid", init="zeros", epochs=1).history[0, "dense_1_update_ratio"] >= 0


def test_it_works_with_l_bfgs_too() -> None:
    assert records("tanh", LBFGS()).history[-1, "dense_1_update_ratio"] > 0
