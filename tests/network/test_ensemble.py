"""Ensembles: the program of one network, for members that share its weights."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest

from lamina import Activation, Add, BatchNorm, Concat, Dense, Dropout, Graph, Input, LayerNorm, Multiply, PReLU, Sequential
from lamina.engine import make_executor
from lamina.engine.layer_buffers import unit_layers
from lamina.engine.plan import Batches
from lamina.errors import InvalidSettingError, ShapeError
from lamina.initializers import Constant, Normal
from lamina.network import Ensemble, Network, network_from_dict

RNG = np.random.default_rng(8)
X = RNG.normal(size=(30, 5))
SHARING = ["full", "mini"]


def mixed() -> Graph:
    """Every kind of layer; columns that are common to all members meet columns that are not."""
    x = Input(5)
    hidden = Dense(6, activation="relu")(x)
    gated = Multiply()([hidden, Activation("softmax")(hidden)])
    z = BatchNorm()(Dense(4)(Concat()([x, gated])))
    return Graph(x, Dense(2)(Dropout(0.3)(LayerNorm()(PReLU()(z)))))


NETWORKS = {
    "a perceptron": lambda: Sequential([Dense(2)], input_width=5),
    "a chain": lambda: Sequential([Dense(7, activation="tanh"), Dense(6, activation="relu"), Dense(2)], input_width=5),
    "layers before the first Dense": lambda: Sequential([BatchNorm(), Dropout(0.1), Dense(4), PReLU(), Dense(2)], input_width=5),
    "all kinds of layers": mixed,
}


def of_member(ensemble: Ensemble, weights: dict[str, np.ndarray], member: int) -> dict[str, np.ndarray]:
    """The weights of a member as those of the network alone: its factors multiplied into the shared matrices."""
    own = {}
    plain = Graph._assembled(ensemble.inputs, ensemble.nodes, ensemble.output_names)
    for parameter in (*plain.program().parameters, *plain.program().state):
        array = weights[parameter.name]
        array = array[member] if array.ndim > len(parameter.shape) else array
        layer, _, name = parameter.name.rpartition(".")
        if name == "weight":
            array = array * weights.get(f"{layer}.input_scale", np.ones((member + 1, 1)))[member][:, None]
            array = array * weights.get(f"{layer}.output_scale", np.ones((member + 1, 1)))[member]
        own[parameter.name] = array
    return own


def flat(network: Network, weights: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    vectors = network.initialize(0, "float64")
    network.unflatten(vectors[0]).update({name: weights[name] for name in network.unflatten(vectors[0])})
    network.unflatten_state(vectors[1]).update({name: weights[name] for name in network.unflatten_state(vectors[1])})
    return vectors


def drawn(network: Network) -> tuple[np.ndarray, np.ndarray]:
    """Random vectors, with variances that are positive."""
    parameters, state = network.initialize(0, "float64")
    rng = np.random.default_rng(1)
    return parameters + 0.3 * rng.normal(size=parameters.shape), state + rng.random(state.shape)


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("sharing", SHARING)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_prediction_is_the_mean_of_networks_that_could_stand_alone(name, sharing, engine):
    network = NETWORKS[name]()
    ensemble = Ensemble(network, members=3, sharing=sharing)
    vectors = drawn(ensemble)
    weights = dict(ensemble.unflatten(*vectors))
    together = make_executor(ensemble.program(), dtype="float64", engine=engine)
    together.restore(*vectors)
    alone = Graph._assembled(network.inputs, network.nodes, network.output_names)
    predictions = []
    for member in range(3):
        executor = make_executor(alone.program(), dtype="float64", engine=engine)
        executor.restore(*flat(alone, of_member(ensemble, weights, member)))
        predictions.append(executor.predict([X])[0])
    np.testing.assert_allclose(together.predict([X])[0].reshape(30, 3, 2).transpose(1, 0, 2), predictions, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(together.predict([X], ["identity"])[0], np.mean(predictions, axis=0), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("sharing", SHARING)
@pytest.mark.parametrize("name", NETWORKS)
def test_both_engines_agree_on_loss_and_gradient(name, sharing):
    ensemble = Ensemble(NETWORKS[name](), members=4, sharing=sharing)
    program, vectors = ensemble.program("softmax_cross_entropy"), drawn(ensemble)
    data = Batches([X], [RNG.integers(0, 2, size=(30, 1)).astype(float)], RNG.random(30))
    found = []
    for engine in ("native", "reference"):
        executor = make_executor(program, dtype="float64", engine=engine)
        executor.restore(*vectors)
        found.append(executor.loss_and_gradient(data))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-12)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("sharing", SHARING)
def test_penalties_are_the_mean_of_the_members_penalties(sharing):
    network = Sequential([Dense(4, l2=0.3, l1=0.1), Dense(2, l2=0.2)], input_width=5)
    ensemble = Ensemble(network, members=3, sharing=sharing, scale_init=Constant(1.0))
    parameters, _ = ensemble.initialize(0, "float64")
    penalty = sum(
        float(p.l1 * np.abs(parameters[p.slice]).sum() + 0.5 * p.l2 * np.square(parameters[p.slice]).sum())
        for p in ensemble.parameters
    )
    weights, alone = dict(ensemble.unflatten(parameters)), Graph._assembled(network.inputs, network.nodes, network.output_names)
    of_each = []
    for member in range(3):
        w = flat(alone, of_member(ensemble, weights, member))[0]
        of_each.append(
            sum(float(p.l1 * np.abs(w[p.slice]).sum() + 0.5 * p.l2 * np.square(w[p.slice]).sum()) for p in alone.parameters)
        )
    assert penalty == pytest.approx(np.mean(of_each), rel=1e-12)


def test_frozen_layers_stay_frozen_for_all_members():
    ensemble = Ensemble(Sequential([Dense(4), Dense(3), Dense(2)], input_width=5), members=3).freeze("dense_2", "dense_3")
    assert (ensemble.members, ensemble.sharing) == (3, "full")
    parameters = ensemble.program().parameters
    assert {p.name for p in parameters if p.trainable} == {
        "dense_1.input_scale",
        "dense_1.weight",
        "dense_1.output_scale",
        "dense_1.bias",
    }
    data = Batches([X], [RNG.normal(size=(30, 2))])
    for engine in ("native", "reference"):
        executor = make_executor(ensemble.program("squared_error"), dtype="float64", engine=engine)
        executor.restore(*drawn(ensemble))
        _, gradient = executor.loss_and_gradient(data)
        moved = {p.name for p in parameters if gradient[p.slice].any()}
        assert moved == {p.name for p in parameters if p.trainable}


@pytest.mark.parametrize("sharing", SHARING)
def test_a_layer_that_is_used_twice_is_shared_by_its_uses_and_by_members(sharing):
    x, dense = Input(5), Dense(5, activation="tanh")
    ensemble = Ensemble(Graph(x, Dense(2)(dense(dense(x)))), members=3, sharing=sharing)
    program = ensemble.program("squared_error")
    assert len([p for p in program.parameters if p.name == "dense_1.weight"]) == 1
    data, found = Batches([X], [RNG.normal(size=(30, 2))]), []
    for engine in ("native", "reference"):
        executor = make_executor(program, dtype="float64", engine=engine)
        executor.restore(*drawn(ensemble))
        found.append(executor.loss_and_gradient(data)[1])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9, atol=1e-13)


def test_full_members_share_weights_and_have_all_vectors_of_their_own():
    ensemble = Ensemble(Sequential([Dense(7, activation="relu"), BatchNorm(), Dense(6), Dense(2)], input_width=5), members=4)
    parameters, state = ensemble.initialize()
    assert {name: array.shape for name, array in ensemble.unflatten(parameters, state).items()} == {
        "dense_1.input_scale": (4, 5),
        "dense_1.weight": (5, 7),
        "dense_1.output_scale": (4, 7),
        "dense_1.bias": (4, 7),
        "batch_norm_1.gamma": (4, 7),
        "batch_norm_1.beta": (4, 7),
        "dense_2.input_scale": (4, 7),
        "dense_2.weight": (7, 6),
        "dense_2.output_scale": (4, 6),
        "dense_2.bias": (4, 6),
        "dense_3.weight": (4, 6, 2),
        "dense_3.bias": (4, 2),
        "batch_norm_1.running_mean": (4, 7),
        "batch_norm_1.running_variance": (4, 7),
    }


@pytest.mark.parametrize("sharing", SHARING)
def test_members_have_scales_and_shifts_of_layer_normalization_of_their_own_unless_they_share_all(sharing):
    ensemble = Ensemble(Sequential([Dense(7), LayerNorm(), Dense(2)], input_width=5), members=4, sharing=sharing)
    arrays = ensemble.unflatten(ensemble.initialize()[0])
    shape = (4, 7) if sharing == "full" else (7,)
    assert (arrays["layer_norm_1.gamma"].shape, arrays["layer_norm_1.beta"].shape) == (shape, shape)
    (units, _) = unit_layers(ensemble.program())
    assert units.sums == units.layers[-1].output


def test_mini_members_share_all_but_the_first_factors_and_the_last_layer():
    network = Sequential([Dense(7, activation="relu"), BatchNorm(), Dense(6), Dense(2)], input_width=5)
    ensemble = Ensemble(network, members=4, sharing="mini")
    own = {p.name for p in ensemble.parameters} - {p.name for p in network.parameters}
    assert own == {"dense_1.input_scale"}
    shapes = {p.name: p.shape for p in ensemble.parameters}
    of_one = {p.name: p.shape for p in network.parameters}
    assert {name for name, shape in of_one.items() if shapes[name] != shape} == {"dense_3.weight", "dense_3.bias"}


def test_factors_start_at_one_but_for_the_first_which_are_random_signs():
    ensemble = Ensemble(NETWORKS["a chain"](), members=50)
    weights = ensemble.unflatten(ensemble.initialize(seed=3)[0])
    first = weights["dense_1.input_scale"]
    assert set(np.unique(first)) == {-1.0, 1.0}
    assert abs(first.mean()) < 0.2
    for name in ("dense_1.output_scale", "dense_2.input_scale", "dense_2.output_scale"):
        assert (weights[name] == 1.0).all()


def test_the_first_factors_may_be_drawn_otherwise():
    ensemble = Ensemble(NETWORKS["a chain"](), members=50, scale_init=Normal(1.0))
    assert len(np.unique(ensemble.unflatten(ensemble.initialize()[0])["dense_1.input_scale"])) == 250


def test_each_members_last_weights_are_drawn_by_themselves_whatever_the_initializer():
    network = Sequential([Dense(6), Dense(3, weight_init="orthogonal")], input_width=5)
    last = Ensemble(network, members=3).unflatten(Ensemble(network, members=3).initialize(0, "float64")[0])["dense_2.weight"]
    for own in last:
        np.testing.assert_allclose(own.T @ own, np.eye(3), atol=1e-12)
    assert not np.array_equal(last[0], last[1])


@pytest.mark.parametrize("sharing", SHARING)
def test_weights_and_biases_may_be_fitted_to_rows(sharing):
    fitted = {"weight_init": "unit_variance", "bias_init": "among_rows"}
    ensemble = Ensemble(Sequential([Dense(6, **fitted), Dense(2, **fitted)], input_width=5), members=3, sharing=sharing)
    parameters, state = ensemble.initialize(0, "float64")
    rows = 100 * X + 50
    weights = ensemble.unflatten(ensemble.adapt_weights(parameters, state, rows))
    sums = np.concatenate([rows * factors @ weights["dense_1.weight"] for factors in weights["dense_1.input_scale"]])
    np.testing.assert_allclose(sums.std(axis=0), 1.0, rtol=1e-3)
    hidden = [s + b for s, b in zip(np.split(sums, 3), np.broadcast_to(weights["dense_1.bias"], (3, 6)), strict=True)]
    for own, of_own in zip(weights["dense_2.weight"], hidden, strict=True):
        np.testing.assert_allclose((of_own @ own).std(axis=0), 1.0, rtol=1e-3)
    assert all(weights[f"{layer}.bias"].any() for layer in ("dense_1", "dense_2"))


def test_what_comes_before_the_first_dense_layer_is_computed_once():
    ensemble = Ensemble(NETWORKS["layers before the first Dense"](), members=4)
    program = ensemble.program()
    assert [(op.kind, program.widths[op.output]) for op in program.ops][:3] == [("batch_norm", 5), ("dropout", 5), ("repeat", 20)]
    assert dict(ensemble.unflatten_state(ensemble.initialize()[1]))["batch_norm_1.running_mean"].shape == (5,)


@pytest.mark.parametrize("sharing", SHARING)
def test_its_description_is_json_and_gives_an_equal_ensemble(sharing):
    ensemble = Ensemble(mixed(), members=3, sharing=sharing, scale_init=Normal(0.5))
    again = network_from_dict(json.loads(json.dumps(ensemble.to_dict())))
    assert again == ensemble
    assert hash(again) == hash(ensemble)
    assert pickle.loads(pickle.dumps(ensemble)) == ensemble
    assert copy.deepcopy(ensemble) == ensemble
    assert Ensemble(mixed(), members=4, sharing=sharing, scale_init=Normal(0.5)) != ensemble


def test_it_is_built_like_any_network():
    ensemble = Ensemble(Sequential([Dense(4), Dense(2)]), members=3, sharing="mini")
    assert not ensemble.is_built
    assert repr(ensemble) == "<Ensemble ? → 2: 3 members of 2 layers, depth 2, not built>"
    built = ensemble.build(5)
    assert (built.input_widths, built.output_widths, built.members, built.sharing) == ((5,), (2,), 3, "mini")
    assert built == Ensemble(Sequential([Dense(4), Dense(2)], input_width=5), members=3, sharing="mini")
    with pytest.raises(ShapeError, match="must have a known width"):
        ensemble.initialize()


def test_its_summary_counts_the_weights_of_all_members():
    text = Ensemble(Sequential([Dense(4), Dense(2)], input_width=5), members=3).summary()
    assert "members: 3    sharing: full" in text
    assert f"parameters: {3 * 5 + 20 + 3 * 4 + 3 * 4 + 3 * 8 + 3 * 2}" in text


def test_normalizations_are_kept_as_they_are():
    ensemble = Ensemble(Sequential([Dense(4), BatchNorm(), Dense(2)], input_width=5), members=3)
    vectors = ensemble.initialize()
    folded = ensemble.fold(*vectors)
    assert folded.network == ensemble
    np.testing.assert_array_equal(folded.parameters, vectors[0])
    assert folded.kept == {"batch_norm_1": "the members of an ensemble share the weights beside it"}
    with pytest.raises(InvalidSettingError, match="must be left as it is in an ensemble"):
        ensemble.fold(*vectors, as_dense=True)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda net: Ensemble(net, 1), r"members must be an integer in \[2, 2147483647\], got 1"),
        (lambda net: Ensemble(net, sharing="none"), "sharing must be one of 'full', 'mini', got 'none'"),
        (lambda net: Ensemble([Dense(1)]), "network must be an instance of Network"),
        (lambda net: Ensemble(Ensemble(net)), "network must not be an ensemble itself"),
        (lambda net: Ensemble(net, scale_init="nothing"), "an initializer must be one of"),
        (lambda net: Ensemble(net, scale_init="unit_variance"), "scale_init must draw factors, .* got UnitVariance.*Use"),
        (lambda net: Ensemble(net, scale_init="among_rows"), "scale_init must draw factors"),
        (lambda net: Ensemble(Sequential([Activation("relu")])), "an output must depend on a Dense layer"),
        (
            lambda net: network_from_dict({**Ensemble(net).to_dict(), "members": 0}),
            r"members must be an integer in \[2, 2147483647\], got 0",
        ),
        (lambda net: network_from_dict({**Ensemble(net).to_dict(), "membres": 2}), "Did you mean"),
        (lambda net: Ensemble.from_dict(net.to_dict()), "kind of the network must be 'ensemble', got 'sequential'"),
    ],
)
def test_what_makes_no_ensemble_is_refused(make, message):
    with pytest.raises(InvalidSettingError, match=message):
        make(NETWORKS["a chain"]())


def test_an_output_of_two_branches_has_no_last_layer_of_each_member():
    x = Input(5)
    network = Graph(x, Add()([Dense(2)(x), Dense(2)(Dense(3)(x))]))
    assert not [op for op in Ensemble(network, members=3).program().ops if op.kind == "grouped_dense"]
