"""``learning_rate_factor`` of layers: which parameters it reaches, and what it does to a training."""

import json

import numpy as np
import pytest

from lamina import Adam, AdamW, BatchNorm, Dense, PReLU, Sequential, Trainer, explain_step
from lamina.errors import InvalidSettingError, LaminaError
from lamina.layers import Add, Input, LayerNorm, layer_from_dict
from lamina.network import Graph, network_from_dict
from lamina.training import Callback, TrainerSettings

RNG = np.random.default_rng(2)
X = RNG.normal(size=(60, 6)).astype(np.float32)
Y = np.tanh(X[:, 0] - X[:, 1]).astype(np.float32)


def network(**first):
    return Sequential(
        [Dense(8, activation="tanh", name="h", **first), BatchNorm(name="norm"), Dense(1, name="out")], input_width=6
    )


def factors(net):
    return {parameter.name: parameter.learning_rate_factor for parameter in net.parameters}


def test_a_number_is_for_all_parameters_of_the_layer():
    found = factors(network(learning_rate_factor=0.5))
    assert {name: factor for name, factor in found.items() if factor != 1} == {"h.weight": 0.5, "h.bias": 0.5}


def test_a_dict_is_for_those_it_names():
    found = factors(network(learning_rate_factor={"bias": 0.1}))
    assert {name: factor for name, factor in found.items() if factor != 1} == {"h.bias": 0.1}


@pytest.mark.parametrize(
    ("layer", "name"),
    [(Dense(2, learning_rate_factor=2), "bias"), (BatchNorm(learning_rate_factor={"gamma": 6}), "gamma"),
     (LayerNorm(learning_rate_factor={"beta": 2}), "beta"), (PReLU(learning_rate_factor={"slope": 3}), "slope")],
)  # fmt: skip
def test_every_layer_with_parameters_has_it(layer, name):
    found = factors(Sequential([layer], input_width=3))
    assert found[f"{layer.kind}_1.{name}"] > 1
    assert layer_from_dict(json.loads(json.dumps(layer.to_dict()))) == layer


def test_names_of_the_parameters_are_those_of_the_network():
    for layer in (Dense(2), BatchNorm(), LayerNorm(), PReLU()):
        own = [name.split(".")[1] for name in factors(Sequential([layer], input_width=3))]
        assert own == list(layer.parameter_names)


@pytest.mark.parametrize("factor", [0, -1, float("nan"), "fast", {"bias": 0}, {"bias": "fast"}, [1.0]])
def test_what_is_no_factor_is_refused(factor):
    with pytest.raises(InvalidSettingError, match="learning_rate_factor must be a number > 0, or a dict"):
        Dense(2, learning_rate_factor=factor)


def test_a_factor_of_no_parameter_is_refused_with_the_nearest():
    with pytest.raises(InvalidSettingError, match=r"must be one of bias, weight, got 'wieght'\. Did you mean 'weight'"):
        Dense(2, learning_rate_factor={"wieght": 2.0})


def test_settings_with_a_dict_can_be_hashed_copied_and_described():
    given = {"bias": 0.1}
    net = network(learning_rate_factor=given)
    given["bias"] = 5.0
    assert factors(net)["h.bias"] == 0.1
    settings = Trainer(net, "squared_error").settings
    assert hash(settings) == hash(TrainerSettings.from_settings(json.loads(json.dumps(settings.to_dict()))))
    assert network_from_dict(json.loads(json.dumps(net.to_dict()))) == net


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_a_factor_of_all_layers_is_a_factor_of_the_learning_rate(engine):
    def trained(factor, rate):
        layers = [Dense(8, activation="tanh", learning_rate_factor=factor), Dense(1, learning_rate_factor=factor)]
        trainer = Trainer(Sequential(layers, input_width=6), "squared_error", AdamW(rate, weight_decay=0.1), engine=engine)
        trainer.fit(X, Y, max_epochs=3)
        return trainer.weights

    by_factor, by_rate = trained(4.0, 0.001), trained(1.0, 0.004)
    for name, array in by_factor.items():
        np.testing.assert_allclose(array, by_rate[name], rtol=1e-5, atol=1e-7)


def test_a_small_factor_moves_a_layer_little():
    trainer = Trainer(network(learning_rate_factor=1e-3), "squared_error", Adam(0.01))
    before = trainer.weights.copy()
    trainer.fit(X, Y, max_epochs=5)
    moved = {name: np.abs(array - before[name]).max() for name, array in trainer.weights.items()}
    assert moved["h.weight"] < 1e-3
    assert moved["out.weight"] > 1e-2


def test_uses_of_one_layer_share_its_factor():
    x, layer = Input(6), Dense(6, name="shared", learning_rate_factor=3.0)
    assert factors(Graph(x, Dense(1)(Add()([layer(x), layer(layer(x))]))))["shared.weight"] == 3.0


def test_lbfgs_which_has_no_learning_rate_refuses_it():
    with pytest.raises(InvalidSettingError, match=r"the learning_rate_factor of 'h\.bias' must be 1 with L-BFGS"):
        Trainer(network(learning_rate_factor={"bias": 0.1}), "squared_error", "lbfgs").fit(X, Y)


def test_a_step_that_is_explained_has_it():
    plain, fast = (
        explain_step(Sequential([Dense(1, learning_rate_factor=factor, name="h")]), [1.0, 2.0], 0.5, "squared_error")
        for factor in (1.0, 3.0)
    )
    for one, other in zip(plain["h"].weights, fast["h"].weights, strict=True):
        np.testing.assert_allclose(other.change, 3.0 * one.change)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Dense(4, use_bias=False, learning_rate_factor={"bias": 2}), "must be one of weight, got 'bias'"),
        (lambda: BatchNorm(affine=False, learning_rate_factor={"gamma": 2}), "layer, which has none, got 'gamma'"),
    ],
)
def test_a_factor_of_a_parameter_that_the_settings_leave_out_is_refused(make, sentence):
    with pytest.raises(InvalidSettingError, match=sentence):
        make()


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_factors_set_between_epochs_and_fits_are_those_of_a_network_that_has_them(engine):
    class Slower(Callback):
        def on_epoch_end(self, trainer, record):
            if trainer.epoch == 2:
                trainer.set_learning_rate_factors({"h": 0.1, "norm": {"gamma": 3.0}})

    settings = {"dtype": "float64", "engine": engine, "seed": 1}
    between = Trainer(network(), "squared_error", AdamW(0.01), **settings)
    between.fit(X, Y, max_epochs=2)
    between.set_learning_rate_factors({"h": 0.1, "norm": {"gamma": 3.0}}).fit(X, Y, max_epochs=2)
    within = Trainer(network(), "squared_error", AdamW(0.01), callbacks=[Slower()], **settings)
    within.fit(X, Y, max_epochs=4)
    plain = Trainer(network(), "squared_error", AdamW(0.01), **settings)
    plain.fit(X, Y, max_epochs=4)
    assert between.weights == within.weights != plain.weights
    start = Trainer(network().with_learning_rate_factors({"h": 0.5}), "squared_error", **settings)
    assert start.network == network(learning_rate_factor=0.5)


def test_factors_of_what_is_not_there_are_refused_and_nothing_changes():
    trainer = Trainer(network(), "squared_error")
    for given, rule in (
        ({"hh": 0.1}, "Did you mean 'h'"),
        ({"h": 0}, "learning_rate_factor must be a number > 0"),
        ({"h": {"slope": 2.0}}, "a parameter that has a learning_rate_factor"),
        ([0.1], "factors must be a dict"),
    ):
        with pytest.raises(LaminaError, match=rule):
            trainer.set_learning_rate_factors(given)
    descent = Trainer(network(), "squared_error", "lbfgs", batch_size=None)
    with pytest.raises(InvalidSettingError, match="must be 1 with L-BFGS"):
        descent.set_learning_rate_factors({"h": 0.1})
    assert factors(trainer.network) == factors(descent.network) == factors(network())
