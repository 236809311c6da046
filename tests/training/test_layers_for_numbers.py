"""Layers for tables of numbers, in whole networks: all that works with other layers works with these."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from lamina import check_gradients, load_model, plots, save_model
from lamina.engine import native_available
from lamina.layers import PBLD, PLR, BatchNorm, Concat, Dense, Input, ParametricActivation, PiecewiseLinear, Scale
from lamina.network import Ensemble, Graph, Sequential, network_from_dict
from lamina.optimizers import AdamW, PerturbAll
from lamina.training import Monitor, Trainer

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 4))
Y = np.sin(3 * X[:, 0]) + X[:, 1] ** 2 + 0.1 * RNG.normal(size=90)
ENGINES = [pytest.param("native", marks=pytest.mark.skipif(not native_available(), reason="no extension")), "reference"]


def beside(layer) -> Graph:
    """A network that reads the numbers themselves and what the layer makes of them."""
    x = Input(4, name="x")
    return Graph(x, Dense(1)(Dense(8, activation="relu")(Concat()([x, layer(x)]))))


BINS = PiecewiseLinear.from_data(X, bins=6, y=Y)

NETWORKS = {
    "scale": Sequential([Scale(), Dense(8, activation="relu"), Scale(), BatchNorm(), Dense(1)], input_width=4),
    "parametric activation": Sequential([Dense(8), ParametricActivation("selu"), Dense(1)], input_width=4),
    "plr": Sequential([PLR(4, 6, 0.5), Dense(8, activation="relu"), Dense(1)], input_width=4),
    "plr above weights": Sequential([Scale(), PLR(3, 5, 0.3, "identity"), Dense(8, activation="tanh"), Dense(1)], input_width=4),
    "pbld": Sequential([PBLD(), Dense(8, activation="relu"), Dense(1)], input_width=4),
    "pbld above weights": Sequential([Scale(), PBLD(), Dense(8, activation="relu"), Dense(1)], input_width=4),
    "piecewise linear": Sequential([BINS, Dense(8, activation="relu"), Dense(1)], input_width=4),
    "piecewise linear above weights": Sequential([Scale(), BINS, Dense(8, activation="relu"), Dense(1)], input_width=4),
    "piecewise linear beside the numbers": beside(PiecewiseLinear.from_data(X, bins=6)),
}


@pytest.fixture(params=NETWORKS)
def network(request: pytest.FixtureRequest) -> Sequential | Graph:
    return NETWORKS[request.param]


def trained(network: Sequential | Graph, epochs: int = 4, **settings) -> Trainer:
    settings = {"optimizer": AdamW(0.02), "batch_size": 16, "seed": 3} | settings
    trainer = Trainer(network, "squared_error", **settings)
    trainer.fit(X, Y, max_epochs=epochs)
    return trainer


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("engine", ENGINES)
def test_its_gradient_is_the_slope_of_the_loss(network, engine, dtype):
    check = check_gradients(Trainer(network, "squared_error", engine=engine, dtype=dtype, seed=5), X[:20], Y[:20])
    assert check.passed, str(check)


def test_training_lowers_the_loss_and_moves_every_parameter(network):
    trainer = trained(network, epochs=40)
    assert trainer.history[-1]["loss"] < 0.5 * trainer.history[0]["loss"]
    first = network.unflatten(network.initialize(3, "float32")[0])
    assert all((trainer.weights[name] != values).any() for name, values in first.items())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_both_engines_train_it_alike(network, dtype):
    if not native_available():
        pytest.skip("no extension")
    native, reference = (trained(network, dtype=dtype, engine=engine) for engine in ("native", "reference"))
    tol = 2e-3 if dtype == "float32" else 1e-8
    np.testing.assert_allclose(native.predict(X), reference.predict(X), rtol=tol, atol=tol)


def test_it_survives_json_and_pickle(network):
    assert network_from_dict(json.loads(json.dumps(network.to_dict()))) == network
    assert pickle.loads(pickle.dumps(network)) == network


def test_a_model_file_predicts_the_same_bits(network, tmp_path):
    trainer = trained(network)
    save_model(tmp_path / "net.lamina", trainer)
    assert load_model(tmp_path / "net.lamina").predict(X).tobytes() == trainer.predict(X).tobytes()


def test_a_resumed_run_equals_one_that_never_stopped(network, tmp_path):
    whole = trained(network, epochs=4)
    trained(network, epochs=3).save_checkpoint(tmp_path / "run.checkpoint")
    resumed = Trainer(network, "squared_error", AdamW(0.02), batch_size=16, seed=3)
    resumed.load_checkpoint(tmp_path / "run.checkpoint").fit(X, Y, max_epochs=1)
    assert resumed.predict(X).tobytes() == whole.predict(X).tobytes()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_monitor_sees_all_of_its_layers_and_changes_nothing(network, engine):
    monitor = Monitor(rows=20)
    watched, alone = (trained(network, engine=engine, callbacks=callbacks) for callbacks in ([monitor], []))
    assert watched.predict(X).tobytes() == alone.predict(X).tobytes()
    assert np.isfinite(monitor.record.probes.mean).all()
    assert not monitor.record.probes.non_finite.any()


def test_both_engines_probe_it_alike(network):
    if not native_available():
        pytest.skip("no extension")
    monitors = [Monitor(rows=20), Monitor(rows=20)]
    for monitor, engine in zip(monitors, ("native", "reference"), strict=True):
        trained(network, epochs=1, engine=engine, dtype="float64", callbacks=[monitor])
    for ours, theirs in zip(monitors[0].record.probes, monitors[1].record.probes, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)


def test_frozen_it_stands_still(network):
    layers = [node.layer for node in network.nodes if not isinstance(node.layer, Dense) and "trainable" in node.layer.to_dict()]
    if not layers:
        pytest.skip("nothing but Dense is trained")
    frozen = network.freeze(*(layer.name for layer in layers))
    trainers = [trained(frozen, engine=engine, dtype="float64") for engine in ("reference", *(["native"] * native_available()))]
    first = frozen.unflatten(frozen.initialize(3, "float64")[0])
    for name, values in first.items():
        still = name.split(".")[0] in {layer.name for layer in layers}
        assert all((trainer.weights[name] == values).all() == still for trainer in trainers)
    assert all(np.allclose(trainers[0].predict(X), trainer.predict(X), rtol=1e-8, atol=1e-8) for trainer in trainers[1:])


def test_an_ensemble_of_it_has_the_right_gradient(network):
    members = Ensemble(network, members=3)
    assert check_gradients(Trainer(members, "squared_error", dtype="float64", seed=5), X[:20], Y[:20]).passed


def test_perturbed_weights_train_it_too(network):
    assert np.isfinite(trained(network, optimizer=PerturbAll(1e-4)).history[-1]["loss"])


def test_the_picture_and_the_summary_name_it(network):
    labels = [text.get_text() for text in plots.plot_network(network).texts]
    for node in network.nodes:
        assert any(node.name in label for label in labels)
        assert node.layer.describe() in network.summary()


@pytest.mark.parametrize("seed", range(20))
def test_learned_factors_tell_the_columns_that_count(seed):
    x = np.random.default_rng(seed).normal(size=(1000, 20))
    y = np.abs(x[:, 0]) + x[:, 1]
    network = Sequential([Scale(learning_rate_factor=6.0), Dense(32, activation="relu"), Dense(1)])
    trainer = Trainer(network, "squared_error", "adam", seed=0, dtype="float64")
    trainer.fit(x, y, max_epochs=20)
    factors = np.abs(trainer.weights["scale_1.scale"])
    assert factors[:2].min() > 1.2
    assert factors[2:].max() < 0.8
