"""Findings that rest on what is known before the first step: the sick network that each must name, and its healthy twin."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.doctor.findings.given_case import given_case

from lamina import Activation, Add, BatchNorm, Concat, Dense, Dropout, Graph, Input, LayerNorm, PReLU, Sequential, Trainer
from lamina.doctor.beside import Beside
from lamina.doctor.case import Case
from lamina.doctor.finding import Finding
from lamina.doctor.findings import (
    batch_too_small_for_batch_norm,
    linear_network,
    poor_initial_variance,
    symmetric_units,
    wrong_loss,
    wrong_output_activation,
)
from lamina.doctor.findings.shortfall import falls_short
from lamina.doctor.outcome import Outcome
from lamina.doctor.probes.baselines import Baselines
from lamina.doctor.probes.start_facts import start_facts
from lamina.engine.plan import Batches
from lamina.initializers import Constant, Normal, Scaled
from lamina.losses import CustomLoss
from lamina.optimizers import Adam, GradientDescent, Momentum

FINDINGS = {
    module.__name__.rpartition(".")[2]: module.find
    for module in (
        batch_too_small_for_batch_norm,
        linear_network,
        poor_initial_variance,
        symmetric_units,
        wrong_loss,
        wrong_output_activation,
    )
}


def network(num_outputs: int, widths: tuple[int, ...] = (24, 24), **settings: Any) -> Sequential:
    end = settings.pop("end", None)
    settings = {"activation": "relu"} | settings
    first = {name: value for name, value in settings.items() if name != "activation"}
    return Sequential([*(Dense(width, **settings) for width in widths), Dense(num_outputs, activation=end, **first)])


def with_batch_norm(num_outputs: int) -> Sequential:
    hidden = [layer for _ in range(2) for layer in (Dense(24), BatchNorm(), Activation("relu"))]
    return Sequential([*hidden, Dense(num_outputs)])


def findings(case: Case) -> dict[str, Finding]:
    return {name: found for name, find in FINDINGS.items() if (found := find(case)) is not None}


def judge(data: tuple[np.ndarray, np.ndarray], net: Any, loss: Any, optimizer: Any = None, **settings: Any) -> dict[str, Finding]:
    epochs = settings.pop("epochs", 40)
    return findings(given_case(Trainer(net, loss, optimizer or Adam(0.003), **settings), *data, epochs=epochs))


def harmful(found: dict[str, Finding]) -> set[str]:
    return {name for name, finding in found.items() if finding.severity != "hint"}


# Healthy ones


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"activation": "tanh"},
        {"activation": "tanh", "widths": (20,) * 8},
        {"weight_init": "he", "widths": (24,) * 8},
        {"activation": "tanh", "weight_init": Scaled("xavier", gain=2.0), "widths": (24,)},
        {"weight_init": "orthogonal"},
        {"weight_init": Normal(0.1), "widths": (32,)},
    ],
    ids=str,
)
def test_sound_networks_have_none(settings, rings, wine, curve):
    for data, width, loss in (
        (rings, 1, "sigmoid_cross_entropy"),
        (wine, 3, "softmax_cross_entropy"),
        (curve, 1, "squared_error"),
    ):
        assert harmful(judge(data, network(width, **settings), loss)) == set()


def test_a_deep_sigmoid_network_that_learns_has_none(rings):
    settings = {"activation": "sigmoid", "weight_init": Scaled("xavier", gain=4.0), "widths": (20,) * 4}
    assert harmful(judge(rings, network(1, **settings), "sigmoid_cross_entropy", Adam(0.01), epochs=100)) == set()


@pytest.mark.parametrize(("optimizer", "epochs"), [(Adam(1e-5), 20), (Adam(1.0), 20), (Adam(0.001), 1), (Momentum(1e-4), 10)])
def test_a_wrong_rate_and_too_few_epochs_are_no_faults_of_the_start(optimizer, epochs, rings, curve):
    assert harmful(judge(rings, network(1), "sigmoid_cross_entropy", optimizer, epochs=epochs)) == set()
    assert harmful(judge(curve, network(1), "squared_error", optimizer, epochs=epochs)) == set()


# Linear network


@pytest.mark.parametrize("activation", [None, "identity"])
def test_layers_without_a_bend_are_named_where_the_problem_is_curved(activation, rings, curve):
    assert harmful(judge(rings, network(1, activation=activation), "sigmoid_cross_entropy")) == {"linear_network"}
    assert harmful(judge(curve, network(1, activation=activation), "squared_error")) == {"linear_network"}


def test_layers_without_a_bend_are_right_where_the_problem_is_linear(wine):
    assert harmful(judge(wine, network(3, activation=None), "softmax_cross_entropy")) == set()


def test_a_single_layer_is_named_where_the_problem_is_curved_and_has_another_cure(rings):
    found = judge(rings, network(1, ()), "sigmoid_cross_entropy")
    assert found["linear_network"].cures[0].changes == {"widths": (64,)}


def test_a_single_layer_that_is_slow_on_a_linear_problem_is_not_named(wine):
    assert "linear_network" not in judge(wine, network(3, ()), "softmax_cross_entropy", Adam(1e-4), epochs=5)


# Poor initial variance


@pytest.mark.parametrize(
    ("settings", "optimizer"),
    [
        ({"weight_init": Normal(0.01), "widths": (20,) * 6, "activation": "tanh"}, None),
        ({"weight_init": Normal(0.01), "widths": (20,) * 6}, None),
        ({"weight_init": Normal(0.03), "widths": (20,) * 5}, Momentum(0.02)),
        ({"weight_init": "zeros", "bias_init": Normal(0.1), "widths": (20,) * 3}, Momentum(0.02)),
    ],
)
def test_small_first_weights_of_deep_networks_are_named(settings, optimizer, rings):
    finding = judge(rings, network(1, **settings), "sigmoid_cross_entropy", optimizer)["poor_initial_variance"]
    assert "small" in finding.meaning
    assert not finding.evidence[0].is_above


@pytest.mark.parametrize("settings", [{"weight_init": Normal(5.0), "activation": "tanh"}, {"weight_init": Normal(2.0)}])
def test_large_first_weights_are_named(settings, wine):
    finding = judge(wine, network(3, **settings), "softmax_cross_entropy")["poor_initial_variance"]
    assert "large" in finding.meaning


def test_fading_signals_of_a_deep_sigmoid_network_are_named_with_usual_weights(rings):
    finding = judge(rings, network(1, (20,) * 8, activation="sigmoid"), "sigmoid_cross_entropy")["poor_initial_variance"]
    assert finding.cures[0].changes == {"weight_init": "glorot_uniform"}


def test_small_first_weights_do_no_harm_before_a_normalization(rings):
    layers = [layer for _ in range(4) for layer in (Dense(20, weight_init=Normal(0.01)), BatchNorm(), Activation("relu"))]
    assert harmful(judge(rings, Sequential([*layers, Dense(1)]), "sigmoid_cross_entropy")) == set()


# Symmetric units


@pytest.mark.parametrize("init", ["zeros", Constant(0.05), Constant(0.5)], ids=str)
def test_equal_units_are_named_alone(init, rings):
    found = judge(rings, network(1, weight_init=init), "sigmoid_cross_entropy")
    assert harmful(found) == {"symmetric_units"}
    assert found["symmetric_units"].severity == "certain harm"


def test_zeros_in_the_last_layer_do_no_harm(rings):
    net = Sequential([Dense(24, activation="relu"), Dense(24, activation="relu"), Dense(1, weight_init="zeros")])
    assert judge(rings, net, "sigmoid_cross_entropy") == {}


def test_equal_units_that_suffice_are_a_hint():
    X = np.random.default_rng(0).normal(size=(400, 3))
    net = network(1, weight_init=Constant(0.2), activation="identity")
    found = judge((X, X.sum(axis=1)), net, "squared_error", Adam(0.01), epochs=100)
    assert found["symmetric_units"].severity == "hint"


# Wrong output activation


@pytest.mark.parametrize("end", ["relu", "sigmoid", "tanh", "softplus"])
def test_a_range_that_leaves_targets_out_is_named(end, curve):
    assert harmful(judge(curve, network(1, end=end), "squared_error")) == {"wrong_output_activation"}


@pytest.mark.parametrize(("end", "low", "high"), [("sigmoid", 0.0, 1.0), ("softplus", 0.1, 3.0), (None, 0.0, 1.0)])
def test_a_range_that_holds_the_targets_is_right(end, low, high, curve):
    X, y = curve
    y = low + (high - low) * (y - y.min()) / (y.max() - y.min())
    assert harmful(judge((X, y), network(1, end=end), "squared_error", epochs=100)) == set()


@pytest.mark.parametrize("end", ["relu", "tanh", "softplus"])
def test_bounded_logits_of_a_yes_or_no_are_named_whatever_the_accuracy(end, rings):
    assert harmful(judge(rings, network(1, end=end), "sigmoid_cross_entropy")) == {"wrong_output_activation"}


def test_softmax_over_one_unit_says_the_same_of_every_row(rings):
    found = judge(rings, network(1, end="softmax"), "squared_error")
    assert found["wrong_output_activation"].severity == "certain harm"


def test_a_range_of_one_of_several_outputs_is_named(curve):
    X, y = curve
    x = Input(10)
    hidden = Dense(8, activation="relu")(x)
    graph = Graph(x, [Dense(1, name="right")(hidden), Dense(1, name="bounded", activation="relu")(hidden)])
    targets = [y.reshape(-1, 1)] * 2
    found = findings(bare_case(Trainer(graph, ["squared_error"] * 2), Batches([X], targets)))
    assert found["wrong_output_activation"].where.layer == "bounded"


def test_a_bound_that_noise_hides_is_not_named():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 4))
    y = 0.3 * X[:, 0] + rng.normal(scale=0.9, size=600)
    assert harmful(judge((X, y), network(1, (8,), end="tanh"), "squared_error", epochs=20)) == set()


# Wrong loss


def test_a_gradient_that_is_not_the_slope_is_named(curve):
    def upside_down(z, t):
        return ((z - t) ** 2).sum(axis=1), t - z

    def right(z, t):
        return ((z - t) ** 2).sum(axis=1), 2 * (z - t)

    assert judge(curve, network(1), CustomLoss(upside_down))["wrong_loss"].row == "L11"
    assert harmful(judge(curve, network(1), CustomLoss(right))) == set()


def test_softmax_of_labels_that_hold_at_once_is_named(wine):
    X, _ = wine
    data = Batches([X], [(X[:, :4] > 0).astype(float)])
    several = bare_case(Trainer(network(4), {"kind": "softmax_cross_entropy", "probabilities": True}), data)
    assert findings(several)["wrong_loss"].cures[0].changes == {"loss": "sigmoid_cross_entropy"}
    assert findings(bare_case(Trainer(network(4), "sigmoid_cross_entropy"), data)) == {}


def test_classes_as_a_quantity_are_named_where_their_order_means_nothing():
    rng = np.random.default_rng(0)
    centers = rng.normal(scale=4.0, size=(8, 3))
    y = rng.integers(0, 8, size=800)
    X = centers[y] + rng.normal(size=(800, 3))
    assert "wrong_loss" in judge((X, y.astype(float)), network(1), "squared_error")
    assert harmful(judge((X, y), network(8), "softmax_cross_entropy")) == set()


def test_an_ordered_quantity_of_few_values_is_right(curve):
    X, y = curve
    assert harmful(judge((X, np.round(2 * y)), network(1), "squared_error")) == set()


def test_outliers_under_a_squared_error_are_named(curve):
    X, y = curve
    rng = np.random.default_rng(1)
    far = y + np.where(rng.random(len(y)) < 0.05, rng.choice([-20.0, 20.0], len(y)), 0.0)
    finding = judge((X, far), network(1), "squared_error")["wrong_loss"]
    assert finding.cures[0].changes == {"loss": "huber"}
    assert "wrong_loss" not in judge((X, far), network(1), "huber")
    assert "wrong_loss" not in judge((X, np.exp(y)), network(1), "squared_error")


def test_the_squared_error_of_a_sigmoid_is_named_where_it_hardly_learns(rings):
    case = given_case(Trainer(network(1, end="sigmoid"), "squared_error", GradientDescent(0.1)), *rings, epochs=15)
    assert case.is_behind
    assert findings(case)["wrong_loss"].cures[0].changes == {"loss": "log_loss", "output_activation": None}
    assert "wrong_loss" not in judge(rings, network(1, end="sigmoid"), "squared_error", Adam(0.01), epochs=100)


# Batch too small for batch norm


def test_batch_norm_of_two_rows_is_named(curve, rings):
    for data, loss in ((curve, "squared_error"), (rings, "sigmoid_cross_entropy")):
        found = judge(data, with_batch_norm(1), loss, Adam(0.01), batch_size=2, epochs=15)
        assert harmful(found) == {"batch_too_small_for_batch_norm"}
        assert harmful(judge(data, with_batch_norm(1), loss, Adam(0.01), batch_size=32)) == set()


def test_two_rows_without_batch_norm_are_no_fault_of_it(curve):
    assert "batch_too_small_for_batch_norm" not in judge(curve, network(1), "squared_error", batch_size=2, epochs=5)


# Falling short


@pytest.mark.parametrize(
    ("held_out", "train", "falls"), [(0.9, 0.9, True), (0.9, 1.0, False), (0.96, 0.9, False), (0.99, 0.99, False)]
)
def test_a_model_falls_short_if_it_is_worse_on_all_rows(held_out, train, falls):
    control = Outcome(0.99, 0.97, 0.5, np.zeros(10))
    own = Outcome(train, held_out, 0.5, np.zeros(10))
    case = Case(*[SimpleNamespace()] * 4, Beside(own, control))  # type: ignore[arg-type]
    assert not case.is_behind
    assert falls_short(case) == falls
    assert falls_short(case, on_training_rows=False) == (held_out == 0.9)


# Every form


def bare_case(trainer: Trainer, data: Batches) -> Case:
    """A case without an outcome to compare, as that of a network of several outputs."""
    start = start_facts(trainer, data, epochs=1)
    setup: Any = SimpleNamespace(learns_labels=False, dropout_rates=())
    run: Any = SimpleNamespace(trained_loss=float("nan"))
    outcome: Any = SimpleNamespace(held_out=float("nan"), learned=0.0, margin=0.0, is_behind=lambda other: True)
    nothing: Any = SimpleNamespace(baselines=Baselines(0, *[float("nan")] * 4))
    return Case(setup, nothing, start, run, Beside(outcome))


def forms() -> dict[str, Trainer]:
    x, other = Input(4), Input(4, name="other")
    h = Dense(8, activation="relu")(x)
    residual = Graph(x, Dense(1)(Concat()([Add()([h, Dense(8, activation="tanh")(h)]), x])))
    outputs = Graph(x, [Dense(1, name="number")(h), Dense(3, name="class")(h)])
    return {
        "residual": Trainer(residual, "squared_error"),
        "several outputs": Trainer(outputs, ["squared_error", "softmax_cross_entropy"]),
        "several inputs": Trainer(Graph([x, other], Dense(1)(Add()([h, Dense(8)(other)]))), "squared_error"),
        "normalized": Trainer(Sequential([BatchNorm(), Dense(8), LayerNorm(), PReLU(), Dropout(0.5), Dense(1)]), "squared_error"),
        "custom loss": Trainer(network(1), lambda z, t: ((z - t) ** 4).sum(axis=1)),
        "step": Trainer(network(1, activation="step"), "squared_error"),
        "softmax inside": Trainer(network(1, activation="softmax", end="softmax"), "squared_error"),
        "gaussian": Trainer(network(2), "gaussian_nll"),
        "perturbed": Trainer(network(1), "squared_error", "perturb-all"),
        "lbfgs": Trainer(network(1), "squared_error", "lbfgs"),
        "zeros": Trainer(network(1, weight_init="zeros"), "squared_error"),
    }


@pytest.mark.parametrize("form", forms())
@pytest.mark.parametrize("is_behind", [True, False])
def test_findings_take_every_form_of_network(form, is_behind):
    X = np.random.default_rng(0).normal(size=(60, 4))
    trainer = forms()[form]
    targets = [X[:, :1]] + ([np.digitize(X[:, 1:2], [-0.5, 0.5]).astype(float)] if form == "several outputs" else [])
    case = bare_case(trainer, Batches([X] * len(trainer.network.inputs), targets))
    if is_behind:
        control: Any = SimpleNamespace(held_out=1.0)
        case = dataclasses.replace(case, beside=Beside(case.outcome, control))
    for finding in findings(case).values():
        assert str(finding)
        assert finding.meaning.count(". ") >= 1
