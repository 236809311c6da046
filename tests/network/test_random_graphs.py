"""Random graphs: they survive the trip through JSON, and the engine computes what plain NumPy does."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.engine import Batches, StepValues, TrainingPlan, UpdateRule, make_executor, native_available
from lamina.engine.reference import ReferenceExecutor
from lamina.errors import InvalidSettingError
from lamina.layers import (
    Activation,
    Add,
    Average,
    BatchNorm,
    Concat,
    Dense,
    Dropout,
    Input,
    LayerNorm,
    Multiply,
    ParametricActivation,
    PReLU,
    Scale,
    Subtract,
)
from lamina.network import Ensemble, Graph

WIDTHS = st.integers(1, 4)
FUNCTIONS = st.sampled_from(["relu", "tanh", "sigmoid"])
TRAINED = {"trainable": st.booleans(), "learning_rate_factor": st.sampled_from([1.0, 0.5])}
ONE_INPUT = st.one_of(
    st.builds(
        Dense,
        WIDTHS,
        activation=st.none() | FUNCTIONS,
        use_bias=st.booleans(),
        l2=st.floats(0, 1),
        weight_init=st.just("normal"),
        **TRAINED,
    ),
    st.builds(Activation, FUNCTIONS),
    st.builds(PReLU, **TRAINED),
    st.builds(ParametricActivation, FUNCTIONS, **TRAINED),
    st.builds(Scale, **TRAINED),
    st.builds(Dropout, st.floats(0, 0.9)),
    st.builds(BatchNorm, momentum=st.floats(0, 0.99), affine=st.booleans(), **TRAINED),
    st.builds(LayerNorm, affine=st.booleans(), **TRAINED),
)
JOINTS = st.sampled_from([Add, Subtract, Average, Multiply, Concat])


@st.composite
def graphs(draw):
    """Up to eight layers on up to three inputs, some of them used again; what nothing reads becomes an output."""
    inputs = [Input(draw(WIDTHS)) for _ in range(draw(st.integers(1, 3)))]
    symbols = list(inputs)
    layers = []
    for _ in range(draw(st.integers(1, 8))):
        joint = draw(st.none() | JOINTS)
        first = draw(st.sampled_from(symbols))
        if joint is None:
            earlier = [layer for layer, width in layers if width == first.width]
            layer = draw(st.sampled_from(earlier) | ONE_INPUT if earlier else ONE_INPUT)
            layers.append((layer, first.width))
            symbols.append(layer(first))
            continue
        partners = symbols if joint is Concat else [other for other in symbols if other.width == first.width]
        symbols.append(joint()(first, draw(st.sampled_from(partners))))
    read = {source for symbol in symbols for source in symbol.inputs}
    loose = [symbol for symbol in symbols if symbol not in read]
    return Graph(inputs, [Dense(2)(symbol) if symbol in inputs else symbol for symbol in loose])


FORMULAS = {"relu": lambda x: np.maximum(x, 0), "tanh": np.tanh, "sigmoid": lambda x: 1 / (1 + np.exp(-x))}


def applied(layer, values, sources):
    """The layer's output in inference mode, in plain NumPy."""
    x = sources[0]
    own = {name.split(".")[1]: value for name, value in values.items() if name.startswith(f"{layer.name}.")}
    match layer:
        case Dense():
            z = x @ own["weight"] + own.get("bias", 0.0)
            return z if layer.activation is None else FORMULAS[layer.activation.name](z)
        case Activation():
            return FORMULAS[layer.function.name](x)
        case PReLU():
            return np.where(x > 0, x, own["slope"] * x)
        case ParametricActivation():
            return x + own["alpha"] * (FORMULAS[layer.function.name](x) - x)
        case Scale():
            return x * own["scale"]
        case Dropout():
            return x
        case BatchNorm():
            hat = (x - own["running_mean"]) / np.sqrt(own["running_variance"] + layer.eps)
        case LayerNorm():
            hat = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + layer.eps)
        case Add():
            return sum(sources)
        case Subtract():
            return sources[0] - sources[1]
        case Average():
            return np.mean(sources, axis=0)
        case Multiply():
            return np.prod(sources, axis=0)
        case Concat():
            return np.concatenate(sources, axis=1)
    return hat * own.get("gamma", 1.0) + own.get("beta", 0.0)


def with_random_values(network, seed=0):
    """A reference executor whose parameters and running statistics are random."""
    executor, rng = ReferenceExecutor(network.program(), "float64"), np.random.default_rng(seed)
    executor.restore(parameters=rng.normal(size=executor.snapshot().parameters.shape))
    executor.restore(state=rng.uniform(0.5, 2.0, size=executor.snapshot().state.shape))
    return executor, [rng.normal(size=(5, width)) for width in network.input_widths]


@given(graphs())
def test_a_graph_survives_json(network):
    assert Graph.from_dict(json.loads(json.dumps(network.to_dict()))) == network


@given(graphs())
def test_a_graph_read_back_has_the_same_program_and_first_values(network):
    read = Graph.from_dict(network.to_dict())
    assert read.program() == network.program()
    for ours, theirs in zip(read.initialize(4), network.initialize(4), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@given(graphs())
def test_the_program_writes_each_buffer_once_and_before_it_is_read(network):
    program = network.program()
    written = set(program.inputs)
    for op in program.ops:
        assert written.issuperset(op.inputs)
        assert op.output not in written
        written.add(op.output)
    assert written == set(range(len(program.widths)))
    for vector in (program.parameters, program.state):
        assert [item.offset for item in vector] == [0, *np.cumsum([item.size for item in vector])][: len(vector)]


@given(graphs())
def test_the_engine_computes_what_plain_numpy_does(network):
    executor, data = with_random_values(network)
    values = network.unflatten(executor.snapshot().parameters, executor.snapshot().state)
    results = dict(zip(network.input_names, data, strict=True))
    for node in network.nodes:
        results[node.name] = applied(node.layer, values, [results[name] for name in node.inputs])
    for name, output in zip(network.output_names, executor.predict(data), strict=True):
        np.testing.assert_allclose(output, results[name], rtol=1e-9, atol=1e-12)


@pytest.mark.skipif(not native_available(), reason="the compiled engine is not built")
@given(graphs())
def test_both_engines_agree_on_outputs_loss_gradient_and_step(network):
    program, rng = network.program(["squared_error"] * len(network.output_names)), np.random.default_rng(1)
    data = Batches(
        [rng.normal(size=(5, width)) for width in network.input_widths],
        [rng.normal(size=(5, width)) for width in network.output_widths],
    )
    parameters, state = rng.normal(size=program.num_parameters), rng.uniform(0.5, 2.0, size=program.num_state)
    results = []
    for engine in ("reference", "native"):
        executor = make_executor(program, dtype="float64", engine=engine)
        executor.restore(parameters, state)
        outputs, (loss, gradient) = executor.predict(data.inputs), executor.loss_and_gradient(data)
        executor.configure(TrainingPlan(UpdateRule("gradient_descent", (), 0)))
        executor.train(data, np.arange(5), 5, 0, StepValues(np.array([0.01])))
        results.append((outputs, loss, gradient, executor.snapshot()))
    (outputs, loss, gradient, after), (native_outputs, native_loss, native_gradient, native_after) = results
    for ours, theirs in zip(outputs, native_outputs, strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=1e-9, atol=1e-11)
    assert native_loss == pytest.approx(loss, rel=1e-9)
    slack = {"rtol": 1e-6, "atol": 1e-8 * (1 + np.abs(gradient).max(initial=0))}
    np.testing.assert_allclose(native_gradient, gradient, **slack)
    np.testing.assert_allclose(native_after.parameters, after.parameters, **slack)
    np.testing.assert_allclose(native_after.state, after.state, **slack)


# Always the same graphs: a kink of ReLU between the two points of some other one would be no defect.
@given(graphs())
def test_the_gradient_of_a_graph_agrees_with_a_central_difference(network):
    program = network.program(["squared_error"] * len(network.output_names))
    executor, rng = ReferenceExecutor(program, "float64"), np.random.default_rng(1)
    start = rng.normal(size=program.num_parameters)
    executor.restore(start)
    data = Batches(
        [rng.normal(size=(5, width)) for width in network.input_widths],
        [rng.normal(size=(5, width)) for width in network.output_widths],
    )
    _, gradient = executor.loss_and_gradient(data)
    direction, step, losses = rng.normal(size=start.shape), 1e-6, []
    for parameter in program.parameters:
        direction[parameter.slice] *= parameter.trainable
    for sign in (1, -1):
        executor.restore(parameters=start + sign * step * direction)
        losses.append(executor.loss_and_gradient(data)[0])
    assert (losses[0] - losses[1]) / (2 * step) == pytest.approx(gradient @ direction, rel=2e-4, abs=1e-4 * (1 + abs(losses[0])))


@pytest.mark.skipif(not native_available(), reason="the compiled engine is not built")
@given(graphs(), st.sampled_from(["full", "mini"]))
def test_an_ensemble_of_any_graph_gives_the_same_in_both_engines(network, sharing):
    if not any(isinstance(node.layer, Dense) for node in network.nodes):
        return
    try:
        ensemble = Ensemble(network, members=2, sharing=sharing)
    except InvalidSettingError as error:
        assert "must depend on a Dense layer" in str(error)
        return
    losses = ["squared_error"] * len(network.output_names)
    program, rng = ensemble.program(losses), np.random.default_rng(0)
    parameters, state = ensemble.initialize(1, "float64")
    parameters += 0.1 * rng.normal(size=parameters.shape)
    data = Batches(
        [rng.normal(size=(6, program.widths[buffer])) for buffer in program.inputs],
        [rng.normal(size=(6, width)) for width in program.output_widths],
    )
    found = []
    for executor in (make_executor(program, dtype="float64", engine="native"), ReferenceExecutor(program, "float64")):
        executor.restore(parameters, state)
        found.append(executor.loss_and_gradient(data))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-9)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-6, atol=1e-9 * max(1.0, np.abs(found[1][1]).max(initial=0.0)))
