"""Losses of one's own beside built-in ones, for several outputs."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from lamina.errors import InvalidSettingError, NonFiniteError
from lamina.layers import Dense
from lamina.network import Graph, Input
from lamina.optimizers import LBFGS, AdamW, PerturbAll, PerturbOne
from lamina.training import Trainer


def two_outputs():
    x = Input(5, name="x")
    h = Dense(6, activation="tanh", l2=0.01)(x)
    return Graph(x, [Dense(2, name="classes")(h), Dense(2, name="numbers")(h)])


def half_square(logits, targets):
    return 0.5 * ((targets - logits) ** 2).sum(axis=1), logits - targets


@pytest.mark.parametrize("optimizer", [AdamW(0.01), PerturbOne(0.1), PerturbAll(0.1)], ids=lambda optimizer: optimizer.kind)
@pytest.mark.parametrize("engine", ["native", "reference"])
def test_a_loss_of_ones_own_beside_a_built_in_one_trains_as_two_built_in_ones(table, engine, optimizer):
    X, y = table[0], [(table[0][:, 0] > 0).astype(int), table[0][:, :2]]
    settings = {"batch_size": 16, "dtype": "float64", "loss_weights": [2.0, 0.5], "engine": engine}
    runs = []
    for second in ("squared_error", half_square):
        trainer = Trainer(two_outputs(), ["softmax_cross_entropy", second], optimizer, **settings)
        trainer.fit(X, y, sample_weight=np.linspace(0.5, 2.0, 60), validation_data=(X, y), max_epochs=2)
        runs.append(trainer)
    built_in, mixed = runs
    assert built_in.history.keys == mixed.history.keys
    for key in ("loss", "classes_loss", "numbers_loss", "validation_classes_loss", "validation_numbers_loss"):
        np.testing.assert_allclose(mixed.history[:, key], built_in.history[:, key], rtol=1e-10)
    for name, array in mixed.weights.items():
        np.testing.assert_allclose(array, built_in.weights[name], rtol=1e-8, atol=1e-10)
    for ours, theirs in zip(mixed.predict(X), built_in.predict(X), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-8)


def test_a_trainer_with_both_kinds_of_losses_goes_on_from_a_checkpoint(table, tmp_path):
    X, y = table[0], [(table[0][:, 0] > 0).astype(int), table[0][:, :2]]

    def trainer():
        return Trainer(two_outputs(), {"numbers": half_square, "classes": "log_loss"}, batch_size=16)

    whole, half = trainer(), trainer()
    whole.fit(X, y, max_epochs=4)
    half.fit(X, y, max_epochs=2)
    half.save_checkpoint(tmp_path / "run")
    resumed = trainer().load_checkpoint(tmp_path / "run")
    resumed.fit(X, y, max_epochs=2)
    assert resumed.weights == whole.weights
    copied = pickle.loads(pickle.dumps(half))
    copied.fit(X, y, max_epochs=2)
    assert copied.weights == whole.weights


def test_a_loss_of_ones_own_that_is_not_finite_is_named_and_not_the_one_beside_it(table):
    def infinite(logits, targets):
        return np.full(len(logits), np.inf), np.zeros_like(logits)

    trainer = Trainer(two_outputs(), ["softmax_cross_entropy", infinite])
    with pytest.raises(NonFiniteError, match="infinite"):
        trainer.fit(table[0], [np.zeros(60, int), table[0][:, :2]], max_epochs=1)
    assert "'infinite'" in trainer.stop_reason.text


def test_l_bfgs_refuses_the_loss_of_ones_own_by_name(table):
    trainer = Trainer(two_outputs(), ["softmax_cross_entropy", half_square], LBFGS(), batch_size=None)
    with pytest.raises(InvalidSettingError, match=r"must be a built-in loss with L-BFGS, got \['half_square'\]"):
        trainer.fit(table[0], [np.zeros(60, int), table[0][:, :2]], max_epochs=1)
