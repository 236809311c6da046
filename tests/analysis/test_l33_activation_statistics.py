"""L33: mean, variance and gradient variance, layer by layer, beside what the rule asks; L18: saturated and dead units."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest

from lamina import Activation, Add, BatchNorm, Dense, Dropout, Graph, Input, Sequential, Trainer, activation_statistics
from lamina.errors import DataError, InvalidSettingError, ShapeError
from lamina.initializers import Constant, Normal

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 30))
Y = RNG.normal(size=200)


def two_layers(activation: str = "tanh") -> Sequential:
    return Sequential([Dense(7, activation=activation, name="hidden"), Dense(1, name="out")], input_width=30)


def test_moments_and_gradients_equal_those_computed_by_hand() -> None:
    network = two_layers()
    weights, _ = network.initialize(3, "float64")
    w = network.unflatten(weights)
    statistics = activation_statistics(network, X, Y, "squared_error", weights=weights)
    sums = X @ w["hidden.weight"] + w["hidden.bias"]
    hidden = np.tanh(sums)
    out = hidden @ w["out.weight"] + w["out.bias"]
    d_out = out - Y[:, None]
    d_hidden = (1 - hidden**2) * (d_out @ w["out.weight"].T)
    row = statistics["hidden"]
    assert row.mean == pytest.approx(hidden.mean())
    assert row.variance == pytest.approx(hidden.var())
    assert row.sum_variance == pytest.approx(sums.var())
    assert row.variance_kept == pytest.approx(hidden.var() / X.var())
    assert row.gradient_variance == pytest.approx(d_hidden.var())
    assert row.gradient_kept == pytest.approx(d_hidden.var() / d_out.var())
    assert statistics["out"].gradient_variance == pytest.approx(d_out.var())
    assert np.isnan(statistics["out"].gradient_kept)


def test_without_targets_there_are_no_gradients() -> None:
    assert np.isnan(activation_statistics(two_layers(), X)["hidden"].gradient_variance)


@pytest.mark.parametrize(("bias", "share"), [(0.0, 0.0), (10.0, 1.0)])
def test_a_tanh_unit_far_out_counts_as_saturated_and_as_dead(bias: float, share: float) -> None:
    network = Sequential([Dense(5, activation="tanh", weight_init=Normal(0.01), bias_init=Constant(bias), name="hidden")], 30)
    row = activation_statistics(network, X)["hidden"]
    assert (row.saturated, row.dead) == (share, share)


def test_relu_units_that_never_fire_are_dead_and_relu_does_not_saturate() -> None:
    network = two_layers("relu")
    weights, _ = network.initialize(0, "float64")
    network.unflatten(weights)["hidden.bias"][:3] = -1e3
    row = activation_statistics(network, X, weights=weights)["hidden"]
    assert row.dead == pytest.approx(3 / 7)
    assert np.isnan(row.saturated)


def test_softmax_within_a_network_can_saturate() -> None:
    sharp = Sequential([Dense(3, weight_init=Normal(100.0), activation="softmax", name="soft")], 30)
    assert activation_statistics(sharp, X)["soft"].saturated > 0.9


def test_any_graph_has_statistics_and_a_fan_out_sums_its_gradients() -> None:
    x = Input(30, name="x")
    h = Dense(6, activation="relu", name="h")(x)
    g = BatchNorm(name="norm")(Dense(6, name="g")(h))
    network = Graph(x, Dense(1, name="out")(Dropout(0.5, name="drop")(Add(name="sum")([h, g]))))
    statistics = activation_statistics(network, X, Y, "squared_error")
    assert [row.layer for row in statistics.layers] == ["x", "h", "g", "norm", "sum", "drop", "out"]
    assert statistics["norm"].variance == pytest.approx(1.0, rel=1e-3)
    assert statistics["drop"].variance == statistics["sum"].variance
    assert all(row.gradient_variance > 0 for row in statistics.layers[1:])


def test_a_trainer_is_measured_at_its_present_weights_and_stays_as_it_is() -> None:
    trainer = Trainer(two_layers(), "squared_error", seed=2)
    before = activation_statistics(trainer, X, Y)
    trainer.fit(X, Y, max_epochs=3)
    weights = trainer.executor.snapshot().parameters
    after = activation_statistics(trainer, X, Y)
    assert before["hidden"].variance != after["hidden"].variance
    np.testing.assert_array_equal(weights, trainer.executor.snapshot().parameters)
    again = activation_statistics(trainer.network, X, Y, "squared_error", weights=weights)
    assert again == after or str(again) == str(after)


def test_a_loss_of_ones_own_has_gradients_too() -> None:
    def half_square(z: np.ndarray, t: np.ndarray) -> np.ndarray:
        return 0.5 * np.sum((z - t) ** 2, axis=1)

    own = activation_statistics(two_layers(), X, Y, half_square)["hidden"].gradient_variance
    assert own == pytest.approx(activation_statistics(two_layers(), X, Y, "squared_error")["hidden"].gradient_variance, rel=1e-6)


def test_the_table_names_every_layer_and_the_rule() -> None:
    text = str(activation_statistics(two_layers(), X, Y, "squared_error"))
    assert "hidden" in text
    assert "mean 0" in text
    assert len(activation_statistics(two_layers(), X).to_frame()) == 3


# L30 to L33: what first weights do to a deep net


def deep(weight_init: object, activation: str = "tanh", depth: int = 10) -> Sequential:
    layers = [Dense(100, activation=activation, weight_init=weight_init, name=f"h{i}") for i in range(1, depth + 1)]
    return Sequential([*layers, Dense(1, weight_init=weight_init, name="out")])


WIDE = np.random.default_rng(1).normal(size=(300, 100))
TARGETS = np.random.default_rng(2).normal(size=300)


def test_l30_a_small_sigma_makes_signals_and_gradients_vanish() -> None:
    statistics = activation_statistics(deep(Normal(0.01)), WIDE, TARGETS, "squared_error")
    assert statistics["h10"].variance < 1e-15
    assert statistics["h1"].gradient_variance < 1e-15
    assert statistics["h5"].variance_kept == pytest.approx(100 * 0.01**2, rel=0.2)


def test_l30_a_large_sigma_saturates_tanh() -> None:
    statistics = activation_statistics(deep(Normal(1.0)), WIDE, TARGETS, "squared_error")
    assert statistics["h10"].saturated > 0.7
    assert statistics["h1"].gradient_variance > 1e3 * statistics["h10"].gradient_variance


def test_l31_xavier_keeps_the_variance_of_tanh_layers_and_their_gradients() -> None:
    statistics = activation_statistics(deep("xavier"), WIDE, TARGETS, "squared_error")
    assert abs(statistics["h10"].mean) < 0.1
    assert 0.8 < statistics["h9"].variance_kept < 1.1
    assert 0.03 < statistics["h1"].gradient_variance / statistics["h10"].gradient_variance < 3.0


def test_l32_he_keeps_the_variance_of_relu_layers_where_xavier_halves_it() -> None:
    he = activation_statistics(deep("he", "relu"), WIDE)
    xavier = activation_statistics(deep("xavier", "relu"), WIDE)
    assert 0.3 < he["h10"].sum_variance / he["h1"].sum_variance < 3.0
    ratio = xavier["h10"].sum_variance / xavier["h1"].sum_variance
    assert ratio == pytest.approx(he["h10"].sum_variance / he["h1"].sum_variance * 2.0**-9, rel=1e-6)


def test_l17_vanishing_gradients_are_seen_with_sigmoid() -> None:
    statistics = activation_statistics(deep("xavier", "sigmoid"), WIDE, TARGETS, "squared_error")
    assert statistics["h1"].gradient_variance < 1e-8 * statistics["h10"].gradient_variance


# Layers that act on the units of another


def normalized(layers, count: int = 3) -> Sequential:
    return Sequential([*(layer for i in range(1, count + 1) for layer in layers(i)), Dense(1, name="out")])


def before(i: int, std: float = 0.01) -> list:
    return [Dense(50, weight_init=Normal(std), name=f"h{i}"), BatchNorm(name=f"n{i}"), Activation("relu", name=f"a{i}")]


def after(i: int, std: float = 0.01) -> list:
    return [Dense(50, activation="relu", weight_init=Normal(std), name=f"h{i}"), BatchNorm(name=f"n{i}")]


@pytest.mark.parametrize(("layers", "last"), [(before, "a"), (after, "n")])
@pytest.mark.parametrize("std", [0.01, 1.0, 30.0])
def test_under_batch_norm_the_size_of_the_weights_is_no_finding(layers, last: str, std: float) -> None:
    statistics = activation_statistics(normalized(lambda i: layers(i, std)), WIDE, TARGETS, "squared_error")
    for i in (2, 3):
        assert 0.9 < statistics[f"{last}{i}"].variance_kept < 1.1
    for i in (1, 2):
        assert 0.5 < statistics[f"{last}{i}"].gradient_kept < 2.0
    assert statistics[f"{last}2"].sum_variance == pytest.approx(1.0, rel=0.1)


@pytest.mark.parametrize(("layers", "last"), [(before, "a"), (after, "n")])
def test_layers_on_the_same_units_are_judged_in_the_row_of_the_last(layers, last: str) -> None:
    statistics = activation_statistics(normalized(layers), WIDE, TARGETS, "squared_error")
    assert [row.layer for row in statistics.judged] == ["input_1", f"{last}1", f"{last}2", f"{last}3", "out"]
    for row in statistics.layers[1:]:
        assert np.isnan(row.variance_kept) == (row not in statistics.judged)
    assert statistics["h2"].units_of == statistics[f"{last}2"].units_of == "h2"
    assert "judged together" in str(statistics)


def test_an_activation_of_its_own_reads_as_one_within_the_dense_layer() -> None:
    within = deep("he", "relu", depth=3)
    apart = Sequential(
        [
            *(
                layer
                for i in (1, 2, 3)
                for layer in (Dense(100, weight_init="he", name=f"h{i}"), Activation("relu", name=f"a{i}"))
            ),
            Dense(1, weight_init="he", name="out"),
        ]
    )
    ours, theirs = (activation_statistics(network, WIDE, TARGETS, "squared_error") for network in (apart, within))
    for mine, other in zip(ours.judged[1:], theirs.layers[1:], strict=True):
        np.testing.assert_array_equal(astuple(mine)[1:], astuple(other)[1:])


def test_what_somebody_else_reads_too_is_judged_by_itself() -> None:
    x = Input(30)
    h = Dense(6, name="h")(x)
    network = Graph(x, Add(name="sum")([h, BatchNorm(name="norm")(h)]))
    statistics = activation_statistics(network, X)
    assert statistics["norm"].units_of == "norm"
    assert statistics["h"].variance_kept == pytest.approx(statistics["h"].variance / X.var())
    assert statistics["norm"].variance_kept == pytest.approx(statistics["norm"].variance / statistics["h"].variance)


def test_dropout_belongs_to_the_units_and_its_row_tells_of_their_sums() -> None:
    network = Sequential([*before(1), Dropout(0.5, name="drop"), Dense(1, name="out")])
    statistics = activation_statistics(network, WIDE, TARGETS, "squared_error")
    assert statistics["drop"].units_of == "h1"
    assert statistics["drop"].gradient_variance == statistics["n1"].gradient_variance


# Bad input


def test_targets_without_a_loss_are_refused() -> None:
    with pytest.raises(DataError, match="a loss must be given"):
        activation_statistics(two_layers(), X, Y)


def test_weights_of_another_network_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"weights must have shape \(225,\)"):
        activation_statistics(two_layers(), X, weights=np.zeros(3))


def test_an_unknown_weight_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidSettingError, match=r"Did you mean 'hidden\.weight'"):
        activation_statistics(two_layers(), X, weights={"hiden.weight": np.zeros((30, 7))})


def test_something_that_is_no_network_is_refused() -> None:
    with pytest.raises(InvalidSettingError, match="network must be a Network or a Trainer"):
        activation_statistics("dense", X)  # type: ignore[arg-type]


def test_data_with_holes_are_refused() -> None:
    with pytest.raises(DataError):
        activation_statistics(two_layers(), np.full((3, 30), np.nan))
