"""Facts about a training before its first step."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import sparse

from lamina import (
    PBLD,
    Activation,
    Add,
    BatchNorm,
    Concat,
    Dense,
    Dropout,
    Graph,
    Input,
    LayerNorm,
    Multiply,
    PiecewiseLinear,
    PReLU,
    Scale,
    Sequential,
    Trainer,
)
from lamina.doctor.probes.beginning import beginning_of
from lamina.doctor.probes.first_step_facts import first_step_facts
from lamina.doctor.probes.layer_facts import layer_facts
from lamina.doctor.probes.network_facts import network_facts
from lamina.doctor.probes.one_batch_facts import one_batch_facts
from lamina.doctor.probes.output_facts import OutputFacts, output_facts
from lamina.doctor.probes.pace_facts import pace_facts
from lamina.doctor.probes.start_facts import start_facts
from lamina.engine.plan import Batches
from lamina.initializers import Constant
from lamina.losses import LOSSES, CustomLoss
from lamina.optimizers import LBFGS, GradientDescent, Momentum, Nesterov, PerturbAll, PerturbOne

X = np.random.default_rng(0).normal(size=(300, 4))
NUMBERS = X[:, :1] * X[:, 1:2] + X[:, 2:3]
YES_OR_NO = (NUMBERS > 0).astype(float)
CLASSES = np.digitize(NUMBERS, [-0.5, 0.5]).astype(float)


def rows(target: np.ndarray = NUMBERS) -> Batches:
    return Batches([X], [target])


def dense(*layers: Dense) -> Sequential:
    return Sequential(list(layers), input_width=4)


def output(network: Sequential, loss: object, target: np.ndarray) -> OutputFacts:
    return output_facts(beginning_of(Trainer(network, loss), rows(target)))[0]


# Outputs


def test_logits_of_zero_cost_the_logarithm_of_the_number_of_classes():
    facts = output(dense(Dense(3, weight_init="zeros")), "softmax_cross_entropy", CLASSES)
    assert facts.loss_at_start == facts.loss_at_zero == pytest.approx(math.log(3))


def test_the_best_constant_of_cross_entropy_is_the_entropy_of_the_classes():
    shares = np.bincount(CLASSES.astype(int).ravel()) / len(CLASSES)
    facts = output(dense(Dense(3)), "softmax_cross_entropy", CLASSES)
    assert facts.loss_of_constant == pytest.approx(-np.sum(shares * np.log(shares)), rel=1e-6)


def test_the_best_constant_of_the_squared_error_is_the_mean():
    facts = output(dense(Dense(1)), "squared_error", 1000 + 50 * NUMBERS)
    assert facts.loss_of_constant == pytest.approx(0.5 * (50 * NUMBERS).var(), rel=1e-9)


@pytest.mark.parametrize(
    ("activation", "loss", "target", "reaches"),
    [
        ("relu", "squared_error", NUMBERS, False),
        ("relu", "squared_error", NUMBERS - NUMBERS.min(), True),
        ("sigmoid", "squared_error", NUMBERS - NUMBERS.min(), False),
        ("sigmoid", "squared_error", YES_OR_NO, True),
        ("tanh", "squared_error", 2 * YES_OR_NO - 1, True),
        ("softmax", "squared_error", YES_OR_NO, False),
        ("relu", "sigmoid_cross_entropy", YES_OR_NO, False),
        ("relu", "poisson", NUMBERS - NUMBERS.min() + 1.0, True),
        ("relu", "poisson", 0.1 * (NUMBERS - NUMBERS.min()), False),
        ("tanh", "hinge", 2 * YES_OR_NO - 1, True),
        (None, "squared_error", NUMBERS, True),
    ],
)
def test_an_output_reaches_the_least_loss_if_its_range_holds_the_targets(activation, loss, target, reaches):
    facts = output(dense(Dense(1, activation=activation)), loss, target)
    assert (facts.least_loss <= facts.least_loss_without_range + 1e-9) == reaches


def test_dropout_after_the_last_activation_hides_no_range():
    facts = output(Sequential([Dense(1, activation="sigmoid"), Dropout(0.5)], input_width=4), "squared_error", NUMBERS)
    assert facts.activation == "sigmoid"
    assert facts.range == (0.0, 1.0)


def test_a_wrong_gradient_of_a_custom_loss_is_measured():
    def right(z, t):
        return ((z - t) ** 2).sum(axis=1), 2 * (z - t)

    def wrong(z, t):
        return ((z - t) ** 2).sum(axis=1), 2 * (t - z)

    assert output(dense(Dense(1)), CustomLoss(right), NUMBERS).gradient_error < 1e-6
    assert output(dense(Dense(1)), CustomLoss(wrong), NUMBERS).gradient_error == pytest.approx(2.0, rel=1e-6)


# Layers


def test_equal_units_with_equal_readers_stay_equal():
    constant = Constant(0.1)
    network = dense(Dense(5, activation="tanh", weight_init=constant), Dense(1, weight_init=constant))
    assert layer_facts(beginning_of(Trainer(network, "squared_error"), rows()))[0].distinct_after_step == 1


def test_equal_units_with_different_readers_become_different():
    network = dense(Dense(5, activation="tanh", weight_init="zeros"), Dense(1, weight_init="normal"))
    hidden = layer_facts(beginning_of(Trainer(network, "squared_error"), rows()))[0]
    assert (hidden.distinct, hidden.distinct_after_step) == (1, 5)


def test_xavier_keeps_what_small_weights_lose():
    def kept(weight_init):
        layers = [Dense(64, activation="tanh", weight_init=weight_init) for _ in range(6)]
        facts = layer_facts(beginning_of(Trainer(dense(*layers, Dense(1)), "squared_error"), rows()))
        return facts[4].variance / facts[0].variance

    assert kept("xavier") > 0.1
    assert kept("normal") < 0.1


# Network


@pytest.mark.parametrize(
    ("network", "is_linear"),
    [
        (dense(Dense(8), Dense(1)), True),
        (dense(Dense(8, activation="identity"), Dense(1, activation="sigmoid")), True),
        (Sequential([Dense(8), BatchNorm(), Dropout(0.2), Dense(1)], input_width=4), True),
        (dense(Dense(1)), False),
        (dense(Dense(8, activation="relu"), Dense(1)), False),
        (Sequential([Dense(8), PReLU(), Dense(1)], input_width=4), False),
        (Sequential([Scale(), Dense(8), Scale(), Dense(1)], input_width=4), True),
        (Sequential([PBLD(), Dense(8), Dense(1)], input_width=4), False),
        (Sequential([PiecewiseLinear([[0, 1, 2]] * 4), Dense(8), Dense(1)], input_width=4), False),
        (Sequential([Dense(8), LayerNorm(), Dense(1)], input_width=4), False),
    ],
)
def test_a_network_is_linear_if_nothing_bends_between_its_dense_layers(network, is_linear):
    assert network_facts(network, 100).is_linear == is_linear


def test_a_product_of_two_layers_is_not_linear():
    x = Input(4)
    network = Graph(x, Multiply()([Dense(1)(x), Dense(1)(Dense(3)(x))]))
    assert not network_facts(network, 100).is_linear


def test_layers_below_a_step_get_no_gradient():
    facts = network_facts(dense(Dense(8, activation="tanh"), Dense(8, activation="step"), Dense(1)), 100)
    assert facts.blocked_layers == ("dense_1", "dense_2")
    assert facts.flat_activations == ("step",)


def test_dropout_before_batch_norm_is_seen_through_a_layer():
    network = Sequential([Dropout(0.5), Dense(8), BatchNorm(), Dense(1)], input_width=4)
    assert network_facts(network, 100).dropout_before_batch_norm == ("batch_norm_1",)
    network = Sequential([Dense(8), BatchNorm(), Dropout(0.5), Dense(1)], input_width=4)
    assert network_facts(network, 100).dropout_before_batch_norm == ()


# The first step


@pytest.mark.parametrize(("optimizer", "bound"), [(GradientDescent, 2.0), (Momentum, 3.8), (Nesterov, 3.8 / 2.8)])
def test_rates_below_the_stable_rate_converge_and_above_it_run_away(optimizer, bound):
    data = Batches([np.full((64, 1), 3.0)], [np.ones((64, 1))])
    trainer = Trainer(Sequential([Dense(1)]), "squared_error", optimizer(0.01), batch_size=None)
    stable = first_step_facts(beginning_of(trainer, data)).stable_rate
    assert stable == pytest.approx(bound / 10.0, rel=1e-3)
    for factor, converges in ((0.95, True), (1.05, False)):
        run = Trainer(Sequential([Dense(1)]), "squared_error", optimizer(factor * stable), batch_size=None, dtype="float64")
        losses = run.fit(data.inputs[0], data.targets[0], max_epochs=300)[:, "loss"]
        assert (losses[-1] < losses[0]) == converges


def test_adams_first_step_moves_each_weight_by_the_rate():
    facts = first_step_facts(beginning_of(Trainer(dense(Dense(1, weight_init=Constant(0.1))), "squared_error"), rows()))
    assert facts.update_ratio == pytest.approx(0.01, rel=1e-3)
    assert math.isnan(facts.stable_rate)


def test_a_rate_that_is_too_high_raises_the_loss_in_the_first_step():
    data = Batches([100 * X], [NUMBERS])
    facts = first_step_facts(beginning_of(Trainer(dense(Dense(1)), "squared_error", GradientDescent(0.1)), data))
    assert facts.learning_rate > 10 * facts.stable_rate
    assert facts.loss_after > facts.loss_before


# One batch and the pace


def test_a_network_that_cannot_tell_rows_apart_cannot_learn_one_batch():
    facts = one_batch_facts(
        beginning_of(Trainer(dense(Dense(8, activation="relu", weight_init="zeros"), Dense(1)), "squared_error"), rows())
    )
    assert facts.good_loss > 0.5 * facts.loss_at_start
    facts = one_batch_facts(beginning_of(Trainer(dense(Dense(64, activation="relu"), Dense(1)), "squared_error"), rows()))
    assert facts.good_loss < 0.01 * facts.loss_at_start


def test_the_pace_follows_from_rows_batches_and_epochs():
    trainer = Trainer(dense(Dense(1)), "squared_error", batch_size=64, schedule="cosine")
    facts = pace_facts(beginning_of(trainer, rows()), epochs=10)
    assert (facts.steps_per_epoch, facts.steps, facts.smallest_batch) == (5, 50, 300 - 4 * 64)
    assert facts.first_rate == facts.largest_rate > facts.last_rate


# Every form of network, loss and optimizer


def residual() -> Graph:
    x = Input(4)
    h = Dense(8, activation="relu")(x)
    return Graph(x, Dense(1)(Concat()([Add()([h, Dense(8, activation="tanh")(h)]), x])))


def two_outputs() -> Graph:
    x = Input(4)
    h = Dense(8, activation="relu")(x)
    return Graph(x, [Dense(1, name="number")(h), Dense(3, name="class")(h)])


def two_inputs() -> Graph:
    a, b = Input(4, name="a"), Input(4, name="b")
    return Graph([a, b], Dense(1)(Multiply()([Dense(5, activation="tanh")(a), Dense(5)(b)])))


NETWORKS = {
    "residual": residual(),
    "batch norm": Sequential([BatchNorm(), Dense(8), BatchNorm(), Activation("relu"), Dropout(0.3), Dense(1)]),
    "layer norm": Sequential([Dense(8), LayerNorm(), PReLU(), Dense(1)]),
    "one layer": Sequential([Dense(1)]),
    "step": Sequential([Dense(8, activation="step"), Dense(1)]),
    "zeros": Sequential([Dense(8, activation="relu", weight_init="zeros"), Dense(1, weight_init="zeros")]),
    "softmax inside": Sequential([Dense(8, activation="softmax"), Dense(1)]),
    "nothing to learn": Sequential([Dropout(0.5), Dense(1, activation="step")]),
}


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize(
    "optimizer", ["adam", "gradient_descent", LBFGS(), PerturbOne(), PerturbAll()], ids=lambda given: str(given).partition("(")[0]
)
def test_facts_of_every_network_and_optimizer(network, optimizer):
    facts = start_facts(Trainer(network, "squared_error", optimizer), rows(), epochs=3)
    assert len(facts.outputs) == 1
    assert str(facts) == str(start_facts(Trainer(network, "squared_error", optimizer), rows(), epochs=3))


def test_facts_of_several_outputs_and_inputs():
    trainer = Trainer(two_outputs(), ["squared_error", "softmax_cross_entropy"])
    assert [facts.name for facts in start_facts(trainer, Batches([X], [NUMBERS, CLASSES])).outputs] == ["number", "class"]
    assert start_facts(Trainer(two_inputs(), "squared_error"), Batches([X, X[::-1]], [NUMBERS])).network.depth == 2


@pytest.mark.parametrize("name", [*LOSSES])
def test_facts_of_every_loss(name):
    loss = LOSSES[name]() if name != "external" else CustomLoss(lambda z, t: ((z - t) ** 2).sum(axis=1))
    width = max(2, loss.min_width)
    domain = loss.domain(width)
    candidates = [np.abs(NUMBERS) + 0.1, YES_OR_NO, 2 * YES_OR_NO - 1]
    target = next(array for array in candidates if domain.holds is None or domain.holds(array).all())
    target = np.repeat(target, loss.target_width(width), axis=1)
    facts = start_facts(Trainer(dense(Dense(6, activation="relu"), Dense(width)), loss), rows(target)).outputs[0]
    assert facts.loss_of_constant <= facts.loss_at_zero + 1e-9


def test_facts_of_values_that_overflow():
    facts = start_facts(Trainer(dense(Dense(1)), "poisson"), Batches([1e6 * X], [np.abs(NUMBERS)]))
    assert math.isnan(facts.first_step.sharpness)


def test_facts_of_sparse_rows_and_of_few_rows():
    assert start_facts(Trainer(dense(Dense(1)), "squared_error"), Batches([sparse.csr_matrix(X)], [NUMBERS])).layers
    assert start_facts(Trainer(dense(Dense(1)), "squared_error"), Batches([X[:1]], [NUMBERS[:1]])).pace.batch_size == 1


def test_a_trained_trainer_is_measured_where_it_began():
    trainer = Trainer(dense(Dense(6, activation="relu"), Dense(1)), "squared_error", dtype="float64")
    before = start_facts(trainer, rows())
    trainer.fit(X, NUMBERS, max_epochs=3)
    assert str(start_facts(trainer, rows())) == str(before)
