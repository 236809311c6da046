"""Networks in every format: each layer and activation, graphs of several inputs and outputs, ensembles, the links of losses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.export.runners import assert_close, c_programs, onnx_reference, onnx_runtime, python_program

from lamina.activations import ACTIVATIONS, get_activation
from lamina.engine.reference import ops
from lamina.engine.reference.ops import OPS, OpRules
from lamina.errors import InvalidSettingError
from lamina.export import to_python
from lamina.export.models import computation_of
from lamina.initializers import Normal
from lamina.layers import (
    LAYERS,
    PBLD,
    PLR,
    Activation,
    Add,
    Average,
    BatchNorm,
    Concat,
    CustomLayer,
    Dense,
    Dropout,
    Embedding,
    LayerNorm,
    Multiply,
    ParametricActivation,
    PiecewiseLinear,
    PReLU,
    Scale,
    Subtract,
)
from lamina.losses import CustomLoss, GaussianNLL, Quantile
from lamina.model import NetworkModel
from lamina.network import Ensemble, Graph, Input, Network, Sequential
from lamina.training import Trainer

WIDTH = 5


def _after(*layers: object) -> Network:
    return Sequential([Dense(6, bias_init=Normal(0.5)), *layers, Dense(3)], WIDTH)


def _skip() -> Network:
    x = Input(WIDTH, name="x")
    h = Dense(6, activation="tanh")(x)
    gate = Dense(6, activation="sigmoid")(x)
    return Graph([x], [Dense(3)(Concat()(Multiply()(h, gate), Add()(h, gate), Subtract()(h, gate), Average()(h, gate), x))])


# A step has no gradient; what is exported are the weights, whatever training made of them.
pytestmark = pytest.mark.filterwarnings("ignore:Adam cannot train:lamina.training.TrainingWarning")

EDGES = [[-1.0, -0.2, 0.3, 1.0], [0.0, 1.0], [], [-2.0, 0.0, 2.0], [0.0, 0.1]]

#: A network for each layer, by its kind.
OF_LAYERS: dict[str, Network] = {
    "dense": Sequential([Dense(4, use_bias=False), Dense(3)], WIDTH),
    "activation": _after(Activation(get_activation("leaky_relu", slope=0.2))),
    "prelu": _after(PReLU()),
    "parametric_activation": _after(ParametricActivation("elu", alpha_init=Normal(0.5)), ParametricActivation("softmax")),
    "scale": Sequential([Scale(scale_init=Normal(1.0)), Dense(3)], WIDTH),
    "piecewise_linear": Sequential([PiecewiseLinear(EDGES), Dense(3)], WIDTH),
    "piecewise_linear with ends": Sequential([PiecewiseLinear(EDGES, clip=True), Dense(3)], WIDTH),
    "plr": Sequential([PLR(units=2, frequencies=3, sigma=0.5), Dense(3)], WIDTH),
    "pbld": Sequential([PBLD(units=3, frequencies=4, sigma=0.5), Dense(3)], WIDTH),
    "embedding": Sequential([Embedding([None, 7, None, 3, None], 2, mask=0.25, unknown=0), Dense(3)], WIDTH),
    "dropout": _after(Dropout(0.5)),
    "batch_norm": _after(BatchNorm(), Activation("relu"), BatchNorm(affine=False)),
    "layer_norm": _after(LayerNorm(), LayerNorm(affine=False)),
    "add": _skip(),
    "multiply": _skip(),
    "concat": _skip(),
    "subtract": _skip(),
    "average": _skip(),
}

_MEMBER = Sequential(
    [
        PLR(units=2, frequencies=3),
        Dense(6, activation="relu"),
        BatchNorm(),
        LayerNorm(),
        PReLU(),
        Activation("softmax"),
        Dense(4),
        Dense(3),
    ],
    WIDTH,
)
ENSEMBLES = {sharing: Ensemble(_MEMBER, members=3, sharing=sharing) for sharing in ("full", "mini")}

OF_ACTIVATIONS = {f"activation {name}": _after(Activation(name)) for name in ACTIVATIONS}

#: The same in programs' names.
NETWORKS = {name.replace(" ", "_"): network for name, network in {**OF_LAYERS, **OF_ACTIVATIONS, **ENSEMBLES}.items()}


def trained(network: Network, dtype: str) -> NetworkModel:
    """A network whose weights and running statistics are none that it began with."""
    rng = np.random.default_rng(0)
    trainer = Trainer(network, "squared_error", "adam", dtype=dtype, batch_size=10)
    trainer.fit(rows(dtype, 40), rng.normal(size=(40, 3)), max_epochs=2)
    return NetworkModel.of(trainer)


def rows(dtype: str, count: int = 30) -> np.ndarray:
    """Numbers; the second and the fourth column are also codes of categories, one of them unknown."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(count, WIDTH)).astype(dtype)
    X[:, 1], X[:, 3] = rng.integers(7, size=count), rng.integers(3, size=count)
    return X


def test_every_layer_and_every_op_is_among_the_networks() -> None:
    assert set(LAYERS) <= set(OF_LAYERS)
    assert set(ACTIVATIONS) == {name.removeprefix("activation ") for name in OF_ACTIVATIONS}
    met = {op.kind for network in NETWORKS.values() for op in network.program().ops}
    assert met == set(OPS) - {"python"}  # refused


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NETWORKS)
def test_onnx_predicts_what_the_network_predicts(name: str, dtype: str) -> None:
    model, X = trained(NETWORKS[name], dtype), rows(dtype)
    computation = computation_of(model, owner="test")
    wanted = model.predict(X)
    for runner in (onnx_runtime, onnx_reference):
        (got,) = runner(computation)({computation.inputs[0].name: X}).values()
        assert got.dtype == dtype
        assert_close(got, wanted)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_file_of_python_predicts_what_the_network_predicts(name: str, dtype: str, tmp_path: Path) -> None:
    model, X = trained(NETWORKS[name], dtype), rows(dtype)
    computation = computation_of(model, owner="test")
    (got,) = python_program(computation, tmp_path)({computation.inputs[0].name: X}).values()
    assert got.dtype == dtype
    assert_close(got, model.predict(X), 1e-5 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_headers_of_c_compile_without_warnings_and_predict_what_the_networks_predict(dtype: str, tmp_path: Path) -> None:
    models, X = {name: trained(network, dtype) for name, network in NETWORKS.items()}, rows(dtype)
    computations = {name: computation_of(model, owner="test") for name, model in models.items()}
    programs = c_programs(computations, tmp_path)
    for name, model in models.items():
        (got,) = programs[name]({computations[name].inputs[0].name: X}).values()
        assert_close(got, model.predict(X), 1e-5 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("runner", [onnx_runtime, onnx_reference, None], ids=["onnxruntime", "onnx", "python"])
def test_activations_of_numbers_without_bounds_are_the_engines(activation: str, runner: Callable | None, tmp_path: Path) -> None:
    network = Sequential([Activation(activation)], 9)
    trainer = Trainer(network, "squared_error", dtype="float64").build()
    X = np.array([[-np.inf, -1e30, -40.0, -1e-9, 0.0, 1e-9, 40.0, 1e3, np.nan if activation != "softmax" else 1.0]])
    computation = computation_of(trainer, owner="test")
    run = python_program(computation, tmp_path) if runner is None else runner(computation)
    (got,) = run({computation.inputs[0].name: X}).values()
    with np.errstate(all="ignore"):
        wanted = get_activation(activation).value(X)
    assert_close(got, wanted, 1e-7)


def test_several_inputs_and_outputs_keep_their_names() -> None:
    left, right = Input(2, name="left"), Input(3, name="right")
    h = Dense(8, activation="relu", name="shared")(Concat()(left, right))
    network = Graph([left, right], [Dense(1, name="price")(h), Dense(4, name="kind")(h)])
    trainer = Trainer(network, {"price": "gamma", "kind": "softmax_cross_entropy"}).build()
    given = {"left": rows("float32")[:, :2], "right": rows("float32")[:, 2:]}
    wanted = trainer.predict(given)
    found = onnx_runtime(computation_of(trainer, owner="test"))(given)
    assert list(found) == ["price", "kind"]
    for got, truth in zip(found.values(), wanted, strict=True):
        assert_close(got, truth)


@pytest.mark.parametrize(
    "loss",
    ["softmax_cross_entropy", "sigmoid_cross_entropy", "poisson", "hinge", Quantile((0.1, 0.5)), GaussianNLL()],
    ids=lambda loss: loss if isinstance(loss, str) else loss.kind,
)
@pytest.mark.parametrize("members", [1, 3])
def test_predictions_are_after_the_link_and_the_mean_of_members(loss, members: int) -> None:
    network: Network = Sequential([Dense(6, activation="relu"), Dense(4)], WIDTH)
    network = Ensemble(network, members=members) if members > 1 else network
    trainer = Trainer(network, loss).build()
    X = rows("float32")
    computation = computation_of(trainer, owner="test")
    (got,) = onnx_runtime(computation)({computation.inputs[0].name: X}).values()
    assert_close(got, trainer.predict(X))


@pytest.mark.parametrize("count", [1, 10_000])
def test_one_row_and_ten_thousand(count: int) -> None:
    model, X = trained(OF_LAYERS["plr"], "float32"), rows("float32", count)
    computation = computation_of(model, owner="test")
    (got,) = onnx_runtime(computation)({computation.inputs[0].name: X}).values()
    assert_close(got, model.predict(X))


def test_nodes_are_named_after_the_layers() -> None:
    pytest.importorskip("onnx")
    from lamina.export.onnx_file import onnx_model

    model = onnx_model(computation_of(trained(_after(LayerNorm()), "float32"), owner="test"))
    layers = {node.output[0].partition("/")[0] for node in model.graph.node[:-1]}
    assert layers == {"dense_1", "layer_norm_1", "dense_2"}
    assert {"dense_1.weight", "dense_1.bias", "dense_2.weight"} <= {each.name for each in model.graph.initializer}


def test_a_link_that_is_a_function_is_refused_with_the_output_and_the_way_round(tmp_path: Path) -> None:
    loss = CustomLoss(lambda logits, targets: ((logits - targets) ** 2).sum(axis=1), inverse_link=np.tanh)
    trainer = Trainer(Sequential([Dense(1, name="dose")], 2), loss).build()
    with pytest.raises(InvalidSettingError, match=r"inverse link of 'dose' must have a name.*inverse_link=<name"):
        to_python(trainer, tmp_path / "model.py")


def test_a_layer_that_is_a_function_is_refused_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function of one's own may decide by numbers, which nobody knows before there are rows."""
    own = OpRules(lambda call: call.inputs[0] if (call.inputs[0] > 0).all() else -call.inputs[0], OPS["activation"].backward)
    monkeypatch.setitem(ops.OPS, "activation", own)
    trainer = Trainer(Sequential([Dense(2), Activation("relu", name="bend")], 2), "squared_error").build()
    with pytest.raises(InvalidSettingError, match=r"layer 'bend' must be made of Lamina's own formulas.*Replace it by"):
        to_python(trainer, tmp_path / "model.py")


def test_a_layer_in_python_is_refused_by_its_name(tmp_path: Path) -> None:
    own = CustomLayer(lambda x: 2 * x, lambda d_out, x: 2 * d_out, name="double")
    trainer = Trainer(Sequential([Dense(2), own], 2), "squared_error", engine="reference").build()
    with pytest.raises(InvalidSettingError, match=r"layer 'double' must be made of Lamina's own formulas.*Replace it by"):
        to_python(trainer, tmp_path / "model.py")


def test_a_network_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettingError, match="pass the trainer that trained it"):
        to_python(Sequential([Dense(1)], 2), tmp_path / "model.py")  # type: ignore[arg-type]


def test_a_large_network_is_no_header(tmp_path: Path) -> None:
    from lamina.export import to_c

    trainer = Trainer(Sequential([Dense(1000), Dense(300)], 100), "squared_error").build()
    with pytest.raises(InvalidSettingError, match=r"at most 1 MB to be exported to C, got '1\.\d MB'"):
        to_c(trainer, tmp_path / "model.h")
    assert not (tmp_path / "model.h").exists()
