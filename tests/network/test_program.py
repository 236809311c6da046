"""The program that a network becomes, its heads, and its first values."""

import numpy as np
import pytest

from lamina.engine.program import Head, Op, Parameter, Program
from lamina.errors import InvalidSettingError, ShapeError
from lamina.initializers import Scaled
from lamina.layers import Activation, Add, BatchNorm, Concat, Dense, Dropout, Input, ParametricActivation, PReLU
from lamina.losses import Quantile, SoftmaxCrossEntropy
from lamina.network import Graph, Sequential
from lamina.regularizers import Elastic


def test_a_sequential_program_is_what_one_would_write_by_hand():
    network = Sequential(
        [Dense(4, activation="relu", l2=0.1, max_norm=3.0), BatchNorm(), Dropout(0.25), Dense(2, l1=0.2, decay=False)],
        input_width=3,
    )
    by_hand = Program(
        widths=(3, 4, 4, 4, 4, 2),
        inputs=(0,),
        outputs=(5,),
        ops=(
            Op("dense", "dense_1", (0,), 1, (0, 1)),
            Op("activation", "dense_1", (1,), 2, function="relu"),
            Op("batch_norm", "batch_norm_1", (2,), 3, (2, 3), (0, 1), (0.9, 1e-5)),
            Op("dropout", "dropout_1", (3,), 4, settings=(0.25,)),
            Op("dense", "dense_2", (4,), 5, (4, 5)),
        ),
        parameters=(
            Parameter("dense_1.weight", "dense_1", 0, (3, 4), l2=0.1, decay=True, max_norm=3.0),
            Parameter("dense_1.bias", "dense_1", 12, (4,)),
            Parameter("batch_norm_1.gamma", "batch_norm_1", 16, (4,)),
            Parameter("batch_norm_1.beta", "batch_norm_1", 20, (4,)),
            Parameter("dense_2.weight", "dense_2", 24, (4, 2), l1=0.2),
            Parameter("dense_2.bias", "dense_2", 32, (2,)),
        ),
        state=(
            Parameter("batch_norm_1.running_mean", "batch_norm_1", 0, (4,)),
            Parameter("batch_norm_1.running_variance", "batch_norm_1", 4, (4,)),
        ),
        heads=(Head("softmax_cross_entropy", 5, 1, (0.1,)),),
    )
    assert network.program(SoftmaxCrossEntropy(label_smoothing=0.1)) == by_hand


def test_a_graph_program_is_what_one_would_write_by_hand():
    left, right = Input(2, name="left"), Input(2, name="right")
    total = Add(name="total")(right, left)
    wide = Concat(name="wide")(total, PReLU(name="bend")(left))
    network = Graph([left, right], [Dense(1, name="z", use_bias=False)(wide), total])
    by_hand = Program(
        widths=(2, 2, 2, 2, 4, 1),
        inputs=(0, 1),
        outputs=(5, 2),
        ops=(
            Op("add", "total", (1, 0), 2),
            Op("prelu", "bend", (0,), 3, (0,)),
            Op("concat", "wide", (2, 3), 4),
            Op("dense", "z", (4,), 5, (1,)),
        ),
        parameters=(Parameter("bend.slope", "bend", 0, (2,)), Parameter("z.weight", "z", 2, (4, 1), decay=True)),
        heads=(Head("squared_error", 5, 1, weight=0.5), Head("quantile", 2, 1, (0.1, 0.9), weight=1.0)),
    )
    assert network.program(["squared_error", Quantile((0.1, 0.9))], [0.5, 1.0]) == by_hand


def test_no_losses_give_no_heads():
    assert Sequential([Dense(1)], input_width=2).program().heads == ()


def test_a_regularizer_reaches_the_weights_and_never_the_bias():
    weight, bias = Sequential([Dense(1, regularizer=Elastic(0.4, 0.25))], input_width=2).parameters
    assert (weight.l1, weight.l2) == pytest.approx((0.1, 0.3))
    assert (bias.l1, bias.l2) == (0.0, 0.0)


def two_outputs():
    x = Input(3, name="x")
    return Graph(x, [Dense(1, name="price")(x), Dense(4, name="kind")(x)])


def test_losses_and_weights_go_by_name_too():
    named = two_outputs().program({"kind": "softmax_cross_entropy", "price": "huber"}, {"kind": 2.0})
    assert named == two_outputs().program(["huber", "softmax_cross_entropy"], [1.0, 2.0])


def test_a_users_function_becomes_an_external_head():
    (head,) = Sequential([Dense(2)], input_width=3).program(lambda z, t: np.abs(z - t).sum(axis=1)).heads
    assert (head.kind, head.target_width) == ("external", 2)


@pytest.mark.parametrize(
    ("losses", "rule"),
    [
        ("huber", r"losses must be one for each output \(price, kind\), got 1"),
        (["huber"] * 3, "got 3"),
        ({"price": "huber"}, "got 1"),
        ({"price": "huber", "kinds": "hinge"}, "Did you mean 'kind'"),
        (["huber", "huberr"], "Did you mean 'huber'"),
    ],
)
def test_losses_that_do_not_match_the_outputs_are_refused(losses, rule):
    with pytest.raises(InvalidSettingError, match=rule):
        two_outputs().program(losses)


@pytest.mark.parametrize(
    ("weights", "rule"),
    [
        ([1.0], "one for each of 2 outputs"),
        ([1.0, -1.0], "loss_weights must be a number >= 0, got -1.0"),
        ({"prize": 1.0}, "Did you mean 'price'"),
    ],
)
def test_loss_weights_that_do_not_match_the_outputs_are_refused(weights, rule):
    with pytest.raises(InvalidSettingError, match=rule):
        two_outputs().program(["huber", "softmax_cross_entropy"], weights)


@pytest.mark.parametrize(
    ("last", "loss"),
    [
        ([Dense(2, activation="softmax")], "softmax_cross_entropy"),
        ([Dense(2), Activation("softmax")], "softmax_cross_entropy"),
        ([Dense(2, activation="sigmoid")], "sigmoid_cross_entropy"),
        ([Dense(2, activation="exp")], "poisson"),
    ],
)
def test_a_link_that_the_loss_contains_is_refused_at_the_end(last, loss):
    with pytest.raises(InvalidSettingError, match=r"which takes logits, got .* Remove the last activation"):
        Sequential(last, input_width=3).program(loss)


def test_other_activations_may_end_a_network():
    assert Sequential([Dense(2, activation="softmax")], input_width=3).program("squared_error").heads
    assert Sequential([Dense(2, activation="tanh")], input_width=3).program("softmax_cross_entropy").heads


def test_a_width_that_does_not_suit_the_loss_names_the_output():
    with pytest.raises(ShapeError, match="price: SoftmaxCrossEntropy: the network must have at least 2 outputs, got 1"):
        two_outputs().program(["softmax_cross_entropy", "softmax_cross_entropy"])


def test_first_values_are_each_layers_own():
    network = Sequential(
        [
            Dense(300, weight_init="xavier", bias_init={"kind": "constant", "value": 0.5}),
            BatchNorm(),
            PReLU(),
            Dense(2, weight_init="zeros"),
        ],
        input_width=200,
    )
    parameters, state = network.initialize(seed=3, dtype="float64")
    values = network.unflatten(parameters, state)
    assert values["dense_1.weight"].var() == pytest.approx(1 / 200, rel=0.03)
    assert (values["dense_1.bias"] == 0.5).all()
    assert (values["batch_norm_1.gamma"] == 1).all()
    assert (values["batch_norm_1.beta"] == 0).all()
    assert (values["batch_norm_1.running_mean"] == 0).all()
    assert (values["batch_norm_1.running_variance"] == 1).all()
    assert (values["prelu_1.slope"] == 0.25).all()
    assert not values["dense_2.weight"].any()


@pytest.mark.parametrize(
    ("layers", "scheme"),
    [
        ([Dense(200, activation="relu")], "he"),
        ([Dense(200), BatchNorm(), Activation("relu")], "he"),
        ([Dense(200), Dropout(0.5), PReLU()], "he"),
        ([Dense(200), ParametricActivation("selu")], "lecun_normal"),
        ([Dense(200, activation="tanh"), Activation("relu")], "glorot_uniform"),
        ([Dense(200, activation="selu")], "lecun_normal"),
        ([Dense(200)], "glorot_uniform"),
        ([Dense(200), Dense(3, activation="relu")], "glorot_uniform"),
    ],
)
def test_auto_looks_through_normalization_and_dropout_at_the_next_activation(layers, scheme):
    network = Sequential(layers, input_width=400)
    values, _ = network.initialize(seed=1, dtype="float64")
    explicit = Scaled(scheme)(np.random.default_rng(1), (400, 200), 400, 200)
    np.testing.assert_array_equal(network.unflatten(values)["dense_1.weight"], explicit)


def test_the_same_seed_gives_the_same_values_and_another_others():
    network = Sequential([Dense(8, activation="tanh"), Dense(1)], input_width=4)
    first, again, other = (network.initialize(seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_both_dtypes_start_alike():
    network = Sequential([Dense(8), Dense(1)], input_width=4)
    single, double = (network.initialize(5, dtype)[0] for dtype in ("float32", "float64"))
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single, double.astype(np.float32))


def test_a_random_state_is_drawn_from_as_scikit_learn_does():
    network = Sequential([Dense(3, weight_init="sklearn_uniform", bias_init="sklearn_uniform")], input_width=2)
    drawn, _ = network.initialize(np.random.RandomState(7), "float64")
    theirs, bound = np.random.RandomState(7), np.sqrt(6 / 5)
    expected = [theirs.uniform(-bound, bound, (2, 3)).ravel(), theirs.uniform(-bound, bound, 3)]
    np.testing.assert_array_equal(drawn, np.concatenate(expected))


@pytest.mark.parametrize("seed", [-1, 1.5, "0", None])
def test_what_is_no_seed_is_refused(seed):
    with pytest.raises(InvalidSettingError, match="seed must be an integer >= 0"):
        Sequential([Dense(1)], input_width=1).initialize(seed)


def test_named_views_write_into_the_vectors():
    network = Sequential([Dense(2), BatchNorm()], input_width=2)
    parameters, state = network.initialize()
    views = network.unflatten(parameters, state)
    views["dense_1.weight"][1, 0] = 42.0
    views["batch_norm_1.running_mean"][1] = 43.0
    assert parameters[2] == 42.0
    assert state[1] == 43.0
    assert sum(view.size for view in views.values()) == parameters.size + state.size


@pytest.mark.parametrize(
    ("lengths", "rule"), [((5, 4), r"the parameter vector must have shape \(10,\), got \(5,\)"), ((10, 3), "the state vector")]
)
def test_vectors_of_another_length_are_refused(lengths, rule):
    network = Sequential([Dense(2), BatchNorm()], input_width=2)
    with pytest.raises(ShapeError, match=rule):
        network.unflatten(*(np.zeros(length) for length in lengths))


def test_a_network_without_parameters_has_empty_vectors():
    parameters, state = Sequential([Dropout(0.5)], input_width=2).initialize()
    assert parameters.shape == state.shape == (0,)
    assert parameters.dtype == np.float32
