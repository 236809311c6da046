"""L1 makes weights exactly zero: useless inputs drop out, and a linear network is scikit-learn's lasso."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet

from lamina import CustomLoss, Dense, Sequential, Trainer, optimizers
from lamina.optimizers import LBFGS, StepOptimizer
from lamina.regularizers import L1, Elastic
from lamina.schedules import Cosine

#: Every optimizer that takes steps, with a rate that suits the problems below.
OPTIMIZERS = {
    "gradient_descent": optimizers.GradientDescent(0.05),
    "momentum": optimizers.Momentum(0.01),
    "nesterov": optimizers.Nesterov(0.01),
    "rmsprop": optimizers.RMSprop(0.01),
    "adagrad": optimizers.Adagrad(0.2),
    "adam": optimizers.Adam(0.02),
    "adamw": optimizers.AdamW(0.02, weight_decay=0.0),
    "nadam": optimizers.Nadam(0.02),
}
each_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)


def test_every_optimizer_that_takes_steps_is_tried():
    assert set(OPTIMIZERS) == {name for name, kind in optimizers.OPTIMIZERS.items() if issubclass(kind, StepOptimizer)}


def two_useful_inputs_of_twenty(seed, num_rows=1000):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(num_rows, 20))
    return X, 3 * np.tanh(X[:, 0]) - 2 * X[:, 1] + rng.normal(size=num_rows)


def fitted(X, y, optimizer, seed=0, epochs=400, **penalty):
    network = Sequential([Dense(8, activation="tanh", **penalty), Dense(1)], 20)
    trainer = Trainer(
        network, "squared_error", optimizer, batch_size=None, schedule=Cosine(epochs), seed=seed, dtype="float64", n_threads=1
    )
    trainer.fit(X, y, max_epochs=epochs)
    return trainer


@each_optimizer
@pytest.mark.parametrize("seed", range(5))
def test_nearly_all_weights_of_eighteen_useless_inputs_are_zero_and_predictions_are_better(optimizer, seed):
    X, y = two_useful_inputs_of_twenty(seed)
    with_l1, without = fitted(X, y, optimizer, seed, l1=0.2), fitted(X, y, optimizer, seed)
    weight = with_l1.weights["dense_1.weight"]
    assert np.count_nonzero(weight[2:]) <= 4  # of 144
    assert np.count_nonzero(weight[:2]) >= 4  # of 16
    assert np.count_nonzero(without.weights["dense_1.weight"] == 0) == 0
    new = two_useful_inputs_of_twenty(seed + 100)
    assert with_l1.evaluate(*new)["loss"] < without.evaluate(*new)["loss"]


@each_optimizer
@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_a_linear_network_ends_at_the_coefficients_of_scikit_learn(optimizer, ratio):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 20)) @ (np.eye(20) + 0.2 * rng.normal(size=(20, 20)))
    y = X[:, :5] @ [3.0, -2.0, 1.0, 0.5, -0.3] + rng.normal(size=200) + 1.0
    lasso = ElasticNet(alpha=0.2, l1_ratio=ratio, tol=1e-12, max_iter=100_000).fit(X, y)
    network = Sequential([Dense(1, regularizer=Elastic(0.2, ratio))], 20)
    faster = replace(optimizer, learning_rate=2.5 * optimizer.learning_rate)
    trainer = Trainer(network, "squared_error", faster, batch_size=None, schedule=Cosine(3000), dtype="float64", n_threads=1)
    trainer.fit(X, y, max_epochs=3000)
    coefficients = trainer.weights["dense_1.weight"].ravel()
    np.testing.assert_allclose(coefficients, lasso.coef_, atol=1e-6)
    np.testing.assert_array_equal(coefficients == 0, lasso.coef_ == 0)
    assert 5 < np.count_nonzero(coefficients == 0) < 20
    assert trainer.weights["dense_1.bias"] == pytest.approx([lasso.intercept_], abs=1e-6)


def test_weights_that_had_no_gradient_yet_do_not_fall_to_zero_at_once():
    X = np.zeros((1, 20))
    trainer = Trainer(Sequential([Dense(8, l1=1e-3)], 20), "squared_error", optimizers.Adam(0.001), dtype="float64")
    before = trainer.weights["dense_1.weight"].copy()
    trainer.fit(X, np.zeros((1, 8)), max_epochs=1)
    np.testing.assert_allclose(trainer.weights["dense_1.weight"], before, atol=0.0011)


@each_optimizer
def test_a_training_resumed_from_a_file_has_the_bits_of_an_uninterrupted_one(optimizer, tmp_path):
    X, y = two_useful_inputs_of_twenty(0, 100)
    network = Sequential([Dense(8, activation="tanh", l1=0.1), Dense(1)], 20)
    whole, first, second = (Trainer(network, "squared_error", optimizer, batch_size=32) for _ in range(3))
    whole.fit(X, y, max_epochs=6)
    first.fit(X, y, max_epochs=3)
    first.save_checkpoint(tmp_path / "half.checkpoint")
    second.load_checkpoint(tmp_path / "half.checkpoint").fit(X, y, max_epochs=3)
    for resumed, uninterrupted in zip(second.executor.snapshot(), whole.executor.snapshot(), strict=True):
        np.testing.assert_array_equal(resumed, uninterrupted)


@each_optimizer
def test_a_loss_of_the_users_own_takes_the_same_steps(optimizer):
    X, y = two_useful_inputs_of_twenty(0, 100)
    own = CustomLoss(lambda z, t: (0.5 * ((z - t) ** 2).sum(axis=1), z - t))
    trainers = [
        Trainer(Sequential([Dense(1, regularizer=L1(0.2))], 20), loss, optimizer, batch_size=32, dtype="float64")
        for loss in ("squared_error", own)
    ]
    histories = [trainer.fit(X, y, max_epochs=5) for trainer in trainers]
    weights, its_weights = (trainer.weights["dense_1.weight"] for trainer in trainers)
    np.testing.assert_allclose(its_weights, weights, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(histories[1][:, "loss"], histories[0][:, "loss"], rtol=1e-9)


def test_the_history_counts_l1_and_evaluation_does_not():
    X, y = two_useful_inputs_of_twenty(0, 100)
    trainer = Trainer(Sequential([Dense(1, l1=0.2)], 20), "squared_error", optimizers.GradientDescent(1e-12), batch_size=None,
                      dtype="float64")  # fmt: skip
    history = trainer.fit(X, y, max_epochs=1)
    penalty = 0.2 * np.abs(trainer.weights["dense_1.weight"]).sum()
    assert history[0, "loss"] == pytest.approx(trainer.evaluate(X, y)["loss"] + penalty)


def test_l_bfgs_makes_weights_small_and_not_zero():
    X, y = two_useful_inputs_of_twenty(0)
    trainer = Trainer(Sequential([Dense(1, l1=0.2)], 20), "squared_error", LBFGS(), batch_size=None, dtype="float64")
    trainer.fit(X, y, max_epochs=200)
    useless = trainer.weights["dense_1.weight"].ravel()[2:]
    assert np.count_nonzero(useless) == 18
    assert np.abs(useless).max() < 0.05
