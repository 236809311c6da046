"""The gradient of a batch by parameter name, and weights taken over by name and shape."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.errors import DataError, InvalidSettingError, ShapeError
from lamina.layers import BatchNorm, Dense, Dropout, Input
from lamina.network import Graph, Sequential
from lamina.optimizers import GradientDescent
from lamina.training import Callback, Trainer

RNG = np.random.default_rng(0)
X, Y, WEIGHT = RNG.normal(size=(20, 4)), RNG.normal(size=(20, 2)), RNG.uniform(0.5, 2.0, size=20)


def half_square(logits, targets):
    return 0.5 * ((targets - logits) ** 2).sum(axis=1), logits - targets


def network(**settings):
    return Sequential(
        [Dense(5, activation="tanh", l2=0.1, l1=0.02, **settings), BatchNorm(), Dropout(0.3), Dense(2, l2=0.3)], input_width=4
    )


@pytest.mark.parametrize("loss", ["squared_error", half_square], ids=["built-in", "own"])
@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("per_row", [False, True])
def test_a_step_of_gradient_descent_follows_it(loss, engine, per_row):
    plain = Sequential([Dense(5, activation="tanh", l2=0.1), BatchNorm(), Dropout(0.3), Dense(2, l2=0.3)], input_width=4)
    settings = {"batch_size": None, "dtype": "float64", "engine": engine, "penalty_per_row": per_row, "shuffle": False}
    trainer = Trainer(plain, loss, GradientDescent(0.5), **settings)
    trainer.fit(X, Y, sample_weight=WEIGHT, max_epochs=2)
    before, statistics = trainer.weights.copy(), trainer.running_statistics.copy()
    value, gradients = trainer.loss_and_gradients(X, Y, WEIGHT)
    assert trainer.weights == before
    assert trainer.running_statistics == statistics
    trainer.fit(X, Y, sample_weight=WEIGHT, max_epochs=1)
    assert trainer.history[-1, "loss"] == pytest.approx(value)
    for name, array in trainer.weights.items():
        np.testing.assert_allclose(array, before[name] - 0.5 * gradients[name], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("loss", ["squared_error", half_square], ids=["built-in", "own"])
@pytest.mark.parametrize("training", [True, False])
def test_it_is_the_slope_of_the_loss(loss, training):
    trainer = Trainer(network(), loss, dtype="float64")
    trainer.fit(X, Y, max_epochs=1)
    _, gradients = trainer.loss_and_gradients(X, Y, WEIGHT, training=training)
    start, h = trainer.weights.copy(), 1e-5
    direction = {name: RNG.normal(size=array.shape) for name, array in start.items()}
    values = []
    for sign in (1, -1):
        trainer.weights = {name: array + sign * h * direction[name] for name, array in start.items()}
        values.append(trainer.loss_and_gradients(X, Y, WEIGHT, training=training)[0])
    expected = sum(float(np.sum(gradients[name] * direction[name])) for name in start)
    assert (values[0] - values[1]) / (2 * h) == pytest.approx(expected, rel=1e-6)


def test_frozen_parameters_have_none_and_others_have_theirs():
    trainer = Trainer(network(trainable=False), "squared_error")
    _, gradients = trainer.loss_and_gradients(X, Y)
    assert list(gradients) == ["batch_norm_1.gamma", "batch_norm_1.beta", "dense_2.weight", "dense_2.bias"]
    _, all_of_them = trainer.unfreeze().loss_and_gradients(X, Y)
    assert all_of_them.keys() == trainer.weights.keys()


def test_several_outputs_add_up():
    x = Input(4)
    h = Dense(3)(x)
    trainer = Trainer(Graph(x, [Dense(1, name="a")(h), Dense(2, name="b")(h)]), ["squared_error", half_square], dtype="float64")
    loss, gradients = trainer.loss_and_gradients(X, [Y[:, 0], Y])
    assert loss == pytest.approx(trainer.evaluate(X, [Y[:, 0], Y])["loss"])
    np.testing.assert_allclose(gradients["b.bias"], np.mean(trainer.predict(X)[1] - Y, axis=0))


def test_a_callback_may_ask_for_it_within_a_fit_and_changes_nothing():
    class Norms(Callback):
        def __init__(self):
            self.norms = []

        def on_epoch_end(self, trainer, record):
            self.norms.append(sum(float(np.sum(g**2)) for g in trainer.loss_and_gradients(X, Y)[1].values()))

    norms, runs = Norms(), []
    for callbacks in ([], [norms]):
        trainer = Trainer(network(), "squared_error", batch_size=8, callbacks=callbacks)
        trainer.fit(X, Y, max_epochs=3)
        runs.append(trainer.weights.copy())
    assert all(np.array_equal(runs[0][name], runs[1][name]) for name in runs[0])
    assert len(norms.norms) == 3


def test_wrong_rows_are_refused():
    trainer = Trainer(network(), "squared_error")
    with pytest.raises(ShapeError, match="y must have shape"):
        trainer.loss_and_gradients(X, Y[:, :1])
    with pytest.raises(InvalidSettingError, match="training must be"):
        trainer.loss_and_gradients(X, Y, training="yes")


def wide():
    layers = [Dense(8, activation="tanh"), BatchNorm(), Dropout(0.3), Dense(2), Dense(2, name="more")]
    return Trainer(Sequential(layers, input_width=4), "squared_error", seed=1)


def test_a_wider_and_deeper_network_takes_over_what_fits_and_says_so():
    small, large = Trainer(network(), "squared_error"), wide()
    drawn = large.weights.copy()
    report = large.weights.load(small.weights)
    assert report.whole == ("dense_2.bias",)
    assert report.other_shapes["dense_1.weight"] == ((4, 5), (4, 8))
    assert report.missing == ("more.weight", "more.bias")
    assert report.corners == {} and report.unknown == ()
    assert np.array_equal(large.weights["dense_1.weight"], drawn["dense_1.weight"])


def test_corners_of_larger_arrays_take_what_was_learned():
    small, large = Trainer(network(), "squared_error"), wide()
    drawn = large.weights.copy()
    report = large.weights.load({**small.weights, "other.bias": np.ones(3)}, corners=True)
    assert report.corners["dense_2.weight"] == ((5, 2), (8, 2))
    assert report.unknown == ("other.bias",)
    assert np.array_equal(large.weights["dense_1.weight"][:, :5], small.weights["dense_1.weight"])
    assert np.array_equal(large.weights["dense_1.weight"][:, 5:], drawn["dense_1.weight"][:, 5:])
    assert str(report).splitlines()[-1] == "unknown here: other.bias"
    statistics = large.running_statistics.load(small.running_statistics, corners=True)
    assert set(statistics.corners) == set(small.running_statistics)
    narrow = small.weights.load(large.weights, corners=True)
    assert "dense_1.weight" in narrow.other_shapes  # no larger array fits into a smaller one


def test_what_cannot_be_loaded_leaves_all_weights_as_they_were():
    large = wide()
    drawn = large.weights.copy()
    with pytest.raises(DataError, match=r"dense_2.bias must hold finite numbers"):
        large.weights.load({"more.bias": np.ones(2), "dense_2.bias": [np.nan, 1.0]})
    with pytest.raises(DataError, match=r"dense_1.weight must be an array of numbers, got 'list'"):
        large.weights.load({"dense_1.weight": [["a"], [1, 2]]}, corners=True)
    with pytest.raises(InvalidSettingError, match="what is loaded must be a mapping"):
        large.weights.load([np.ones(2)])
    assert large.weights == drawn
