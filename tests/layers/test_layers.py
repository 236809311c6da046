"""Every layer: the ops it emits, its widths, round trips and refusals."""

import json
import math
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from lamina.activations import ACTIVATIONS, get_activation
from lamina.engine.reference import ReferenceExecutor
from lamina.engine.reference.ops import OPS
from lamina.errors import DataError, InvalidSettingError, ShapeError
from lamina.initializers import Constant, Normal, Uniform
from lamina.layers import (
    LAYERS,
    PBLD,
    PLR,
    Activation,
    Add,
    Average,
    BatchNorm,
    Concat,
    Dense,
    Dropout,
    Embedding,
    Input,
    Layer,
    LayerNorm,
    Multiply,
    ParametricActivation,
    PiecewiseLinear,
    PReLU,
    Scale,
    Subtract,
    TrainableLayer,
    layer_from_dict,
)
from lamina.network import Ensemble, Sequential
from lamina.regularizers import L1, Elastic

UNUSUAL = {
    "dense": Dense(
        7,
        activation=get_activation("leaky_relu", slope=0.2),
        weight_init=Normal(0.1),
        bias_init=Constant(0.5),
        regularizer=Elastic(0.1, 0.3),
        max_norm=2.0,
        use_bias=False,
        decay=False,
        trainable=False,
        learning_rate_factor={"weight": 0.5},
        name="hidden",
    ),
    "activation": Activation("gelu", name="bend"),
    "prelu": PReLU(slope_init="zeros", learning_rate_factor=0.1),
    "parametric_activation": ParametricActivation(get_activation("elu", alpha=0.5), alpha_init="zeros"),
    "scale": Scale(scale_init=Constant(2.0)),
    "piecewise_linear": PiecewiseLinear([[0.0, 1.5, 2.0], [], [-1.0, 3.0], [0.0, 0.1]], clip=True),
    "plr": PLR(units=1, frequencies=3, sigma=0.5, activation=get_activation("elu", alpha=0.5), decay=False),
    "pbld": PBLD(units=2, frequencies=3, sigma=0.5, decay=False),
    "embedding": Embedding(
        [None, 7, 2**20, 3],
        [3, 4, 1],
        weight_init=Normal(0.1),
        mask=0.25,
        unknown=-1,
        l2=0.5,
        decay=False,
        trainable=False,
        learning_rate_factor={"weight_2": 0.5},
        name="categories",
    ),
    "dropout": Dropout(0.125),
    "batch_norm": BatchNorm(momentum=0.99, eps=1e-3, affine=False),
    "layer_norm": LayerNorm(eps=1e-6, affine=False),
    "add": Add(name="join"),
    "subtract": Subtract(name="difference"),
    "average": Average(),
    "multiply": Multiply(),
    "concat": Concat(),
}


def test_every_layer_is_tested_here():
    assert set(UNUSUAL) == set(LAYERS)


def test_every_op_of_the_engine_is_some_layers_or_an_ensembles():
    emitted = {op.kind for layer in UNUSUAL.values() for op in layer.ops([4] * layer.min_inputs)}
    of_members = {op.kind for op in Ensemble(Sequential([Dense(2), Dense(1)], input_width=3), members=2).program().ops}
    assert emitted | of_members | {"python"} == OPS.keys()  # those of CustomLayer


@pytest.mark.parametrize("kind", LAYERS)
def test_round_trip_through_json_keeps_every_setting(kind):
    layer = UNUSUAL[kind]
    assert layer_from_dict(json.loads(json.dumps(layer.to_dict()))) == layer


@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_with_parameters_knows_their_names_and_can_be_frozen(kind):
    layer = UNUSUAL[kind]
    names = {draft.name for op in layer.ops([4] * layer.min_inputs) for draft in op.parameters}
    if names or isinstance(layer, TrainableLayer):
        assert names.issubset(layer.parameter_names)
        assert not replace(layer, trainable=False).trainable


@pytest.mark.parametrize("kind", LAYERS)
def test_inferred_width_is_that_of_the_last_op(kind):
    layer = UNUSUAL[kind]
    symbol = layer(*(Input(4) for _ in range(layer.min_inputs)))
    assert symbol.width == {"dense": 7, "concat": 8, "pbld": 8, "embedding": 9}.get(kind, 4)
    assert layer.fixed_width in (None, symbol.width)


@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_cannot_be_changed(kind):
    with pytest.raises(AttributeError):
        UNUSUAL[kind].name = "other"


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("name", ["", "a.b", 3])
def test_names_that_cannot_name_a_parameter_are_refused(kind, name):
    settings = UNUSUAL[kind].to_dict() | {"name": name}
    with pytest.raises(InvalidSettingError, match="name must be None, or a non-empty text"):
        layer_from_dict(settings)


def test_dense_emits_weight_and_bias_and_its_activation():
    dense, activation = Dense(3, activation="relu", l1=0.1, l2=0.2, max_norm=4.0).ops([5])
    weight, bias = dense.parameters
    assert (weight.name, weight.shape, weight.fan_in, weight.fan_out) == ("weight", (5, 3), 5, 3)
    assert (weight.l1, weight.l2, weight.max_norm, weight.decay) == (0.1, 0.2, 4.0, True)
    assert (bias.name, bias.shape, bias.l1, bias.l2, bias.max_norm, bias.decay) == ("bias", (3,), 0.0, 0.0, 0.0, False)
    assert (activation.kind, activation.function, activation.settings) == ("activation", "relu", ())


def test_dense_without_bias_has_a_weight_alone():
    (dense,) = Dense(3, use_bias=False).ops([5])
    assert [parameter.name for parameter in dense.parameters] == ["weight"]


def test_the_identity_costs_no_op():
    assert len(Dense(3, activation="identity").ops([5])) == len(Dense(3, activation="linear").ops([5])) == 1


def test_a_regularizer_gives_both_strengths():
    (dense,) = Dense(3, regularizer=Elastic(0.4, 0.25)).ops([5])
    assert (dense.parameters[0].l1, dense.parameters[0].l2) == pytest.approx((0.1, 0.3))


def test_a_regularizer_beside_l1_or_l2_is_refused():
    with pytest.raises(InvalidSettingError, match="must not be given together with l1 or l2"):
        Dense(3, regularizer=L1(0.1), l2=0.1)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_dense_takes_every_activation_by_name(name):
    last = Dense(3, activation=name).ops([5])[-1]
    assert last.function == ("" if name == "identity" else name)
    assert last.settings == (() if name == "identity" else tuple(ACTIVATIONS[name].settings.values()))


def test_the_activations_own_numbers_reach_the_op_and_the_file():
    layer = Activation(get_activation("elu", alpha=0.5))
    assert layer.ops([2])[0].settings == (0.5,)
    assert layer.to_dict()["function"] == {"kind": "elu", "alpha": 0.5}
    assert layer.describe() == "Activation(elu(alpha=0.5))"


def test_batch_norm_starts_as_the_identity_of_the_running_statistics():
    (op,) = BatchNorm(momentum=0.8, eps=1e-3).ops([2])
    first = {draft.name: draft.initializer(np.random.default_rng(0), draft.shape, 2, 2) for draft in op.parameters + op.state}
    assert {name: values.tolist() for name, values in first.items()} == {
        "gamma": [1.0, 1.0],
        "beta": [0.0, 0.0],
        "running_mean": [0.0, 0.0],
        "running_variance": [1.0, 1.0],
    }
    assert op.settings == (0.8, 1e-3)


@pytest.mark.parametrize("layer", [BatchNorm(affine=False), LayerNorm(affine=False)])
def test_a_normalization_that_is_not_affine_has_no_parameters(layer):
    assert layer.ops([2])[0].parameters == ()


def test_prelu_starts_at_a_quarter_and_is_not_penalized():
    (op,) = PReLU().ops([3])
    (slope,) = op.parameters
    assert slope.initializer == Constant(0.25)
    assert (slope.l1, slope.l2, slope.decay) == (0.0, 0.0, False)


def test_a_parametric_activation_starts_as_its_function_and_is_not_penalized():
    layer = ParametricActivation(get_activation("elu", alpha=0.5))
    (op,) = layer.ops([3])
    (alpha,) = op.parameters
    assert (op.function, op.settings) == ("elu", (0.5,))
    assert alpha.initializer == Constant(1.0)
    assert (alpha.l1, alpha.l2, alpha.decay) == (0.0, 0.0, False)
    assert layer.describe() == "ParametricActivation(elu(alpha=0.5))"


def test_scale_starts_as_the_identity_and_is_not_penalized():
    (op,) = Scale().ops([3])
    (scale,) = op.parameters
    assert scale.initializer == Constant(1.0)
    assert (scale.l1, scale.l2, scale.decay) == (0.0, 0.0, False)


def test_plr_has_frequencies_and_weights_for_each_column():
    periodic, linear, activation = PLR(units=5, frequencies=6, sigma=0.5).ops([3])
    (frequency,), (weight, bias) = periodic.parameters, linear.parameters
    bound = 1 / math.sqrt(12)
    assert (frequency.shape, frequency.initializer, frequency.decay) == ((3, 6), Normal(0.5), True)
    assert (weight.shape, weight.initializer, weight.decay) == ((3, 12, 5), Uniform(-bound, bound), True)
    assert (bias.shape, bias.initializer, bias.decay) == ((3, 5), Uniform(-bound, bound), False)
    assert (activation.function, activation.width) == ("relu", 15)
    assert len(PLR(activation="identity").ops([3])) == 2


def test_pbld_puts_the_numbers_in_front_of_their_units():
    network = Sequential([PBLD(units=3, frequencies=4)], input_width=2)
    x = np.array([[0.5, -1.0], [2.0, 0.25]])
    values, _ = network.initialize(seed=0, dtype="float64")
    own = network.unflatten(values)
    out = ReferenceExecutor(network.program(), "float64")
    out.restore(values)
    waves = np.cos(2 * np.pi * x[:, :, None] * own["pbld_1.frequency"] + own["pbld_1.phase"])
    units = np.einsum("njk,jku->nju", waves, own["pbld_1.weight"]) + own["pbld_1.bias"]
    np.testing.assert_allclose(out.predict([x])[0], np.column_stack([x, units.reshape(2, 4)]))
    assert np.abs(own["pbld_1.phase"]).max() <= np.pi


def test_bins_by_quantiles_hold_as_many_rows_each():
    x = np.random.default_rng(0).normal(size=(1000, 2)) ** 3
    for column, edges in zip(x.T, PiecewiseLinear.from_data(x, bins=10).edges, strict=True):
        assert (edges[0], edges[-1]) == (column.min(), column.max())
        assert np.histogram(column, edges)[0].tolist() == [100] * 10


def test_bins_of_a_column_with_a_frequent_value_are_those_of_its_distinct_values():
    x = np.concatenate([np.zeros(900), np.arange(1.0, 101.0)])[:, None]
    (edges,) = PiecewiseLinear.from_data(x, bins=10).edges
    assert edges == pytest.approx(np.linspace(0.0, 100.0, 11))


@pytest.mark.parametrize("values", [[0.0, 1.0], [0.0, 1.0, 5.0], list(range(17))])
@pytest.mark.parametrize("bins", [16, 10**6])
def test_few_values_are_the_edges_of_their_bins(values, bins):
    x = np.random.default_rng(0).choice(values, size=(400, 1))
    assert PiecewiseLinear.from_data(x, bins=bins).edges == (tuple(values),)


@pytest.mark.parametrize("bins", [3, 16, 50, 199, 1000])
def test_every_bin_by_quantiles_holds_data(bins):
    rng = np.random.default_rng(0)
    few, many = rng.geometric(0.05, size=200) ** 2.0, rng.normal(size=200)
    for column, edges in zip((few, many), PiecewiseLinear.from_data(np.column_stack([few, many]), bins=bins).edges, strict=True):
        assert len(edges) <= min(bins + 1, len(np.unique(column)))
        assert all(((left <= column) & (column <= right)).any() for left, right in pairwise(edges))


@pytest.mark.parametrize("target", [lambda x: np.where(x < 0.3, 1.0, 5.0), lambda x: np.where(x < 0.3, "low", "high")])
def test_bins_by_a_tree_begin_where_the_target_changes(target):
    x = np.random.default_rng(0).uniform(size=(400, 1))
    (edges,) = PiecewiseLinear.from_data(x, bins=8, y=target(x[:, 0])).edges
    below, above = x[x < 0.3].max(), x[x >= 0.3].min()
    assert len(edges) == 3
    assert below - 1e-6 <= edges[1] <= above + 1e-6  # trees read float32


def test_one_bin_by_a_tree_is_the_whole_range():
    x = np.linspace(0.0, 1.0, 50)[:, None]
    assert PiecewiseLinear.from_data(x, bins=1, y=x[:, 0]).edges == ((0.0, 1.0),)


@pytest.mark.parametrize("size", [2.0**-60, 2.0**130, 2.0**900])
def test_bins_by_a_tree_grow_with_the_column(size):
    x = np.random.default_rng(0).normal(size=(200, 1))
    y = np.sin(3 * x[:, 0])
    (edges,), (grown,) = (PiecewiseLinear.from_data(column, y=y).edges for column in (x, x * size))
    assert len(edges) == 17
    assert grown == tuple(edge * size for edge in edges)


@pytest.mark.parametrize(
    ("y", "same"),
    [
        (["no", "yes"] * 50, [0, 1] * 50),
        (np.array([0, 1] * 50, dtype=object), [0, 1] * 50),
        (np.array([0.5, 1.5] * 50, dtype=object), [0.5, 1.5] * 50),
        ([["a", 1], ["b", 2]] * 50, [[0, 0], [1, 1]] * 50),
    ],
)
def test_labels_of_every_kind_grow_the_same_tree(y, same):
    x = np.random.default_rng(0).normal(size=(100, 1))
    assert PiecewiseLinear.from_data(x, y=y).edges == PiecewiseLinear.from_data(x, y=same).edges


def test_a_column_of_few_values_has_no_bins():
    x = np.column_stack([np.full(30, 7.0), np.arange(30) % 3, np.arange(30.0)])
    edges = PiecewiseLinear.from_data(x, bins=4, min_distinct=4).edges
    assert [len(own) for own in edges] == [0, 0, 5]


def test_a_layer_for_other_columns_is_refused():
    with pytest.raises(ShapeError, match=r"the input x must have 2 columns, as many as there are edges for, got 3"):
        PiecewiseLinear([[0, 1], [0, 2]])(Input(3, name="x"))


@pytest.mark.parametrize(
    ("x", "y", "settings", "error", "rule"),
    [
        (np.zeros(3), None, {}, ShapeError, "must be \\(rows, columns\\)"),
        (np.zeros((0, 2)), None, {}, ShapeError, "at least one of each"),
        (np.zeros((5, 2)), None, {}, DataError, "no column has 2 distinct values"),
        (np.eye(3), None, {"min_distinct": 3}, DataError, "no column has 3 distinct values.*Lower min_distinct"),
        (np.array([[0.0], [np.nan]]), None, {}, DataError, "X must be finite"),
        ([["a"], ["b"]], None, {}, DataError, "column 0 of X must hold real numbers, got 'a'.*Encode text"),
        ([[1, "a"], [2, "b"]], None, {}, DataError, "column 1 of X must hold real numbers, got 'a'"),
        (pd.DataFrame({"age": [1, 2], "city": ["a", "b"]}), None, {}, DataError, r"column 1 of X \('city'\) must hold real"),
        (pd.DataFrame({"age": [1, None]}, dtype="Int64"), None, {}, DataError, "'age'.*Fill or drop"),
        (np.array([["2020-01-01"], ["2020-01-02"]], "M8[ns]"), None, {}, DataError, "must hold real numbers"),
        ([[1.0, 1j], [2.0, 2.0]], None, {}, DataError, "column 1 of X must hold real numbers, got 1j"),
        (np.eye(3) * 1j, None, {}, DataError, "column 0 of X must hold real numbers"),
        ([[1.0], [1.0, 2.0]], None, {}, DataError, "X cannot be read as an array"),
        (np.eye(3) * 1e-35, None, {}, DataError, "column 0 of X must have bins of 1e-30 or more, got 1e-35. Scale or round"),
        (np.eye(3) * 1e-35, np.arange(3.0), {}, DataError, "column 0 of X must have bins of 1e-30 or more"),
        (np.eye(3), np.zeros(2), {}, ShapeError, "y must have a row for each of the 3 rows"),
        (np.eye(3), 3.0, {}, ShapeError, r"one or two axes, got \(\)"),
        (np.eye(3), np.zeros((3, 1, 1)), {}, ShapeError, "one or two axes"),
        (np.eye(3), np.zeros((3, 0)), {}, ShapeError, "y must have a row"),
        (np.eye(3), ["a", None, "b"], {}, DataError, "labels of one type without missing values, got 'NoneType and str'"),
        (np.eye(3), ["a", 1, "b"], {}, DataError, "got 'int and str'"),
        (np.eye(3), [1j, 2, 3], {}, DataError, "y must hold real numbers, or labels"),
        (np.eye(3), np.full(3, 1j), {}, DataError, "y must hold real numbers, or labels"),
        (np.eye(3), np.array([0, np.inf, 0]), {}, DataError, "y must be finite"),
        (np.eye(3), None, {"bins": 0}, InvalidSettingError, "bins must be an integer >= 1"),
    ],
)
def test_data_that_have_no_bins_are_refused(x, y, settings, error, rule):
    with pytest.raises(error, match=f"(?s){rule}"):
        PiecewiseLinear.from_data(x, y=y, **settings)


@pytest.mark.parametrize("layer", [Add(), Subtract(), Average(), Multiply()])
def test_unequal_widths_are_refused_with_both_senders_and_shapes(layer):
    x = Input(5, name="x")
    with pytest.raises(ShapeError, match=r"x has \(n, 5\), wide \(n, 9\).*Dense"):
        layer(x, Dense(9, name="wide")(x))


def test_unequal_widths_are_found_before_the_input_width_is_known():
    x = Input()
    with pytest.raises(ShapeError, match=r"Dense has \(n, 3\), Dense \(n, 4\)"):
        Add()(Dense(3)(x), Dense(4)(x))


@pytest.mark.parametrize("layer", [Add(), Average(), Multiply(), Concat()])
def test_one_input_is_too_few_to_join(layer):
    with pytest.raises(ShapeError, match="must have at least 2 inputs, got 1"):
        layer(Input(3))


@pytest.mark.parametrize("count", [1, 3])
def test_a_difference_has_two_inputs(count):
    with pytest.raises(ShapeError, match=f"must have 2 inputs, got {count}"):
        Subtract()([Input(3)] * count)


def test_two_inputs_are_too_many_for_dense():
    with pytest.raises(ShapeError, match=r"must have one input, got 2\. Join several with Add, Multiply or Concat first\."):
        Dense(3)(Input(3), Input(3))


def test_symbols_are_given_one_by_one_or_as_a_list():
    x, y = Input(3), Input(4)
    assert Concat()(x, y).width == Concat()([x, y]).width == 7


def test_calling_on_an_array_is_refused():
    with pytest.raises(TypeError, match=r"Start from Input\(width\)"):
        Dense(3)(np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: Dense(0), "units must be an integer >= 1, got 0"),
        (lambda: Dense(2.5), "units must be"),
        (lambda: Dense(3, l1=-1), "l1 must be a number >= 0"),
        (lambda: Dense(3, l2=math.nan), "l2 must be"),
        (lambda: Dense(3, max_norm=0), "max_norm must be None, or a number > 0"),
        (lambda: Dense(3, use_bias=1), "use_bias must be True or False"),
        (lambda: Dense(3, activation="rely"), "Did you mean 'relu'"),
        (lambda: Dense(3, weight_init="hee"), "an initializer must be one of"),
        (lambda: Dropout(1.0), r"rate must be a number in \[0, 1\), got 1.0"),
        (lambda: Dropout(-0.1), "rate must be"),
        (lambda: BatchNorm(momentum=1.0), "momentum must be"),
        (lambda: BatchNorm(eps=0.0), "eps must be a number > 0"),
        (lambda: LayerNorm(eps=-1.0), "eps must be"),
        (lambda: PLR(units=0), "units must be an integer >= 1"),
        (lambda: PLR(sigma=0), "sigma must be a number > 0"),
        (lambda: PBLD(units=1), "units must be an integer >= 2"),
        (lambda: PBLD(frequencies=0), "frequencies must be"),
        (lambda: PiecewiseLinear([[0.0, 0.0]]), "edges must be a sequence of increasing finite numbers"),
        (lambda: PiecewiseLinear([[0.0]]), "edges must be"),
        (lambda: PiecewiseLinear([[0.0, math.inf]]), "edges must be"),
        (lambda: PiecewiseLinear([[0.0, 1e-40]]), "lie at least 1e-30 apart"),
        (lambda: PiecewiseLinear([[], []]), "at least one column with bins"),
        (lambda: PiecewiseLinear(["01"]), "edges must be"),
        (lambda: PiecewiseLinear([[0.0, 1.0]], clip=2), "clip must be"),
        (lambda: Input(0), "width must be None, or an integer >= 1"),
        (lambda: Input(True), "width must be"),
        (lambda: Input(3, name="a.b"), "name must be"),
    ],
)
def test_settings_out_of_range_are_refused(make, rule):
    with pytest.raises(InvalidSettingError, match=rule):
        make()


def test_all_wrong_settings_are_reported_at_once():
    with pytest.raises(InvalidSettingError, match=r"(?s)units.*l1.*max_norm"):
        Dense(0, l1=-1, max_norm=0)


def test_an_unknown_layer_gets_the_nearest():
    with pytest.raises(InvalidSettingError, match="Did you mean 'dropout'"):
        layer_from_dict({"kind": "dropuot", "rate": 0.5})


def test_an_unknown_setting_gets_the_nearest():
    with pytest.raises(InvalidSettingError, match="Did you mean 'momentum'"):
        layer_from_dict({"kind": "batch_norm", "momentun": 0.5})


def test_a_missing_setting_is_named():
    with pytest.raises(InvalidSettingError, match="Dense: units must be given"):
        layer_from_dict({"kind": "dense"})


@pytest.mark.parametrize("description", [None, "dense", {"units": 3}])
def test_what_describes_no_layer_is_refused(description):
    with pytest.raises(InvalidSettingError, match='must be a dict with the key "kind"'):
        layer_from_dict(description)


def test_an_input_takes_its_width_as_a_shape_too():
    assert Input((4,)).width == 4
    with pytest.raises(ShapeError, match=r"must have one entry, the number of features, got \(4, 4\)"):
        Input((4, 4))


@pytest.mark.parametrize("cls", LAYERS.values())
def test_layers_are_final_and_documented(cls):
    assert issubclass(cls, Layer)
    assert getattr(cls, "__final__", False)
    assert ">>>" in cls.__doc__


def test_numpys_scalars_are_settings_too_and_are_written_as_pythons():
    layer = Dense(np.int64(3), l1=np.float32(0.5), use_bias=np.bool_(False))
    written = json.loads(json.dumps(layer.to_dict()))
    assert (written["units"], written["l1"], written["use_bias"]) == (3, 0.5, False)
    assert layer_from_dict(written) == layer


def test_copies_of_symbols_keep_their_names():
    x = deepcopy(Dense(3)(Input(4, name="x"))).inputs[0]
    assert (x.name, x.width) == ("x", 4)


def test_embedding_has_a_table_for_each_column_with_categories():
    mask, embedding = Embedding([3, None, 5], [2, 4], mask=0.1, unknown=-1, l2=0.3).ops([3])
    assert (mask.kind, mask.width, mask.settings) == ("mask_codes", 3, (0.1, 2.0, -1.0, 4.0))
    assert (embedding.kind, embedding.width, embedding.settings) == ("embedding", 7, (1.0, 0.0, 1.0))
    assert [(table.name, table.shape) for table in embedding.parameters] == [("weight_0", (3, 2)), ("weight_2", (5, 4))]
    assert all(
        (table.l2, table.decay, table.by_row, table.l1, table.max_norm) == (0.3, True, True, 0, 0)
        for table in embedding.parameters
    )


def test_one_cardinality_is_that_of_all_columns():
    (embedding,) = Embedding(6, 2).ops([3])
    assert [(table.name, table.shape) for table in embedding.parameters] == [(f"weight_{j}", (6, 2)) for j in range(3)]
    assert Embedding(6, 2)(Input(3)).width == 6
    assert Embedding(6, 2)(Input()).width is None
    assert Embedding([6, None], 2)(Input()).width == 3


@pytest.mark.parametrize(("cardinality", "width"), [(1, 2), (2, 2), (3, 3), (10, 6), (100, 21), (1000, 77), (10**6, 600)])
def test_the_default_width_of_a_vector_is_fastais(cardinality, width):
    assert Embedding([cardinality])(Input(1)).width == width


def test_vectors_begin_uniform_within_one_over_the_root_of_their_width():
    network = Sequential([Embedding(5000, 16), Dense(1)], input_width=1)
    table = network.unflatten(network.initialize(seed=0)[0])["embedding_1.weight_0"]
    assert np.abs(table).max() <= 0.25
    assert table.std() == pytest.approx(0.25 / math.sqrt(3), rel=0.01)
    own = Sequential([Embedding(5000, 16, weight_init=Normal(0.5)), Dense(1)], input_width=1)
    assert own.unflatten(own.initialize(seed=0)[0])["embedding_1.weight_0"].std() == pytest.approx(0.5, rel=0.01)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"cardinalities": 0}, "cardinalities must be an integer in"),
        ({"cardinalities": []}, "cardinalities must be an integer in"),
        ({"cardinalities": [None, None]}, "not all None"),
        ({"cardinalities": [3, 2.5]}, "cardinalities must be an integer in"),
        ({"cardinalities": "10"}, "cardinalities must be an integer in"),
        ({"cardinalities": [3, None, 4], "width": [2, 2, 2]}, "width must be a sequence of 2 numbers"),
        ({"cardinalities": 3, "width": [2]}, "width must be one number"),
        ({"cardinalities": 3, "width": 0}, "width must be None, or an integer >= 1"),
        ({"cardinalities": [3, 5], "unknown": 3}, "unknown must be the number of a row of every table, from 0 to 2"),
        ({"cardinalities": 3, "unknown": -4}, "unknown must be the number of a row"),
        ({"cardinalities": 3, "mask": 1.0}, "mask must be a number in"),
        ({"cardinalities": 3, "l2": -1}, "l2 must be a number >= 0"),
        ({"cardinalities": 3, "weight_init": "among_rows"}, "weight_init must draw weights"),
        ({"cardinalities": 3, "weight_init": "unit_variance"}, "weight_init must draw weights"),
        (
            {"cardinalities": [3, 4], "learning_rate_factor": {"weight_2": 2.0}},
            "must be one of weight_0, weight_1, got 'weight_2'",
        ),
    ],
)
def test_settings_of_an_embedding_that_make_no_sense_are_refused(settings, words):
    with pytest.raises(InvalidSettingError, match=words):
        Embedding(**settings)


def test_an_embedding_of_other_columns_than_the_input_has_is_refused():
    with pytest.raises(ShapeError, match=r"the input Input must have 2 columns, as many as there are cardinalities for, got 3"):
        Sequential([Embedding([3, None]), Dense(1)], input_width=3)


@pytest.mark.parametrize("before", [Dense(2), Dropout(0.1), Scale(), PiecewiseLinear([[0.0, 1.0], [0.0, 2.0]])])
def test_only_inputs_hold_codes(before):
    with pytest.raises(InvalidSettingError, match="embedding_1: the input must be an input of the network"):
        Sequential([before, Embedding(3), Dense(1)], input_width=2)
    with pytest.raises(InvalidSettingError, match="embedding_1: the input must be an input of the network"):
        Sequential([before, Embedding(3), Dense(1)])


def test_a_summary_names_the_first_columns_of_an_embedding():
    assert Embedding([None, 7, 2, 9], [3, 1, 2]).describe() == "Embedding(1, 7 → 3, 2 → 1, …)"
    assert Embedding(10, 4).describe() == "Embedding(10 → 4)"
