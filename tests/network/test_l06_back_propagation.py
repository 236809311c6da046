"""L6: back propagation over hundreds of random directed acyclic graphs, held to forward differentiation by hand.

Along a direction v, the tangent of every layer follows from those of its sources (Wengert 1964), without any backward pass:
the loss's tangent must be the back-propagated gradient times v, to rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from lamina import Activation, Add, Concat, Dense, Graph, Input, Multiply
from lamina.engine import Batches, make_executor, native_available

ENGINES = ["reference", pytest.param("native", marks=pytest.mark.skipif(not native_available(), reason="no native engine"))]
WIDTHS = st.integers(1, 4)
FUNCTIONS = {
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "sigmoid": (expit, lambda x: expit(x) * expit(-x)),
    "softplus": (lambda x: np.logaddexp(0.0, x), expit),
}
Pair = tuple[np.ndarray, np.ndarray]  # a value and its tangent


@st.composite
def graphs(draw: Any) -> Graph:
    """Five to fourteen layers that read anything before them; what nothing reads becomes an output."""
    symbols: list[Any] = [Input(draw(WIDTHS)) for _ in range(draw(st.integers(1, 2)))]
    inputs = list(symbols)
    for _ in range(draw(st.integers(5, 14))):
        first = draw(st.sampled_from(symbols[-2:]) | st.sampled_from(symbols))
        equal = [other for other in symbols if other.width == first.width]
        kind = draw(st.sampled_from([Dense, Dense, Activation, Add, Multiply, Concat]))
        if kind is Dense:
            function = draw(st.none() | st.sampled_from(sorted(FUNCTIONS)))
            symbols.append(Dense(draw(WIDTHS), activation=function, use_bias=draw(st.booleans()))(first))
        elif kind is Activation:
            symbols.append(Activation(draw(st.sampled_from(sorted(FUNCTIONS))))(first))
        else:
            symbols.append(kind()(first, draw(st.sampled_from(symbols if kind is Concat else equal))))
    read = {source for symbol in symbols for source in symbol.inputs}
    loose = [symbol for symbol in symbols if symbol not in read]
    return Graph(inputs, [Dense(2)(symbol) if symbol in inputs else symbol for symbol in loose])


def forward_with_tangents(network: Graph, values: dict[str, np.ndarray], v: dict[str, np.ndarray], X: list[np.ndarray]) -> dict:
    """Every layer's output and its tangent along ``v``."""
    results: dict[str, Pair] = {name: (x, np.zeros_like(x)) for name, x in zip(network.input_names, X, strict=True)}
    for node in network.nodes:
        results[node.name] = with_tangent(node.layer, node.name, [results[name] for name in node.inputs], values, v)
    return results


def with_tangent(layer: Any, name: str, sources: list[Pair], values: dict[str, np.ndarray], v: dict[str, np.ndarray]) -> Pair:
    x, dx = sources[0]
    match layer:
        case Dense():
            z = x @ values[f"{name}.weight"] + values.get(f"{name}.bias", 0.0)
            dz = dx @ values[f"{name}.weight"] + x @ v[f"{name}.weight"] + v.get(f"{name}.bias", 0.0)
            return (z, dz) if layer.activation is None else bent(layer.activation.name, z, dz)
        case Activation():
            return bent(layer.function.name, x, dx)
        case Add():
            return sum(s[0] for s in sources), sum(s[1] for s in sources)  # type: ignore[return-value]
        case Multiply():
            y, dy = sources[1]
            return x * y, dx * y + x * dy
        case _:
            return np.concatenate([s[0] for s in sources], axis=1), np.concatenate([s[1] for s in sources], axis=1)


def bent(name: str, x: np.ndarray, dx: np.ndarray) -> Pair:
    f, derivative = FUNCTIONS[name]
    return f(x), derivative(x) * dx


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=3 * settings.default.max_examples)
@given(network=graphs())
def test_the_gradient_times_a_direction_is_the_tangent_of_the_loss(engine: str, network: Graph) -> None:
    rng = np.random.default_rng(0)
    program = network.program(["squared_error"] * len(network.output_names))
    executor = make_executor(program, dtype="float64", engine=engine)
    executor.restore(parameters=0.5 * rng.normal(size=program.num_parameters))
    direction = rng.normal(size=program.num_parameters)
    X = [rng.normal(size=(4, width)) for width in network.input_widths]
    targets = [rng.normal(size=(4, width)) for width in network.output_widths]
    loss, gradient = executor.loss_and_gradient(Batches(X, targets))
    results = forward_with_tangents(network, network.unflatten(executor.snapshot().parameters), network.unflatten(direction), X)
    pairs = [(*results[name], target) for name, target in zip(network.output_names, targets, strict=True)]
    expected = sum(0.5 * np.sum((z - t) ** 2) for z, _, t in pairs) / 4
    tangents = [(z - t) * dz for z, dz, t in pairs]
    assert loss == pytest.approx(expected, rel=1e-10)
    # cancellation may leave a small sum of large terms
    size = sum(np.abs(term).sum() for term in tangents) + np.abs(gradient * direction).sum()
    assert gradient @ direction == pytest.approx(sum(term.sum() for term in tangents) / 4, abs=1e-10 * (1 + size))


def test_the_graphs_that_are_drawn_have_skips_fan_outs_and_several_outputs() -> None:
    seen: set[str] = set()

    @given(network=graphs())
    def look(network: Graph) -> None:
        readers = [name for node in network.nodes for name in node.inputs]
        seen.update(["fan-out"] if len(set(readers)) < len(readers) else [])
        seen.update(["several outputs"] if len(network.output_names) > 1 else [])
        seen.update(["several inputs"] if len(network.inputs) > 1 else [])
        seen.update(["deep"] if network.depth >= 3 else [])

    look()
    assert seen == {"fan-out", "several outputs", "several inputs", "deep"}
