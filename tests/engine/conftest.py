"""What the tests of all engines share: small programs, random arrays for them, update rules, executors, array libraries,
the gradient check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

import array_api_strict
import numpy as np
import pytest
from tests.engine.update_rules import update_rules

from lamina.engine import Batches, Failure, Head, Op, Parameter, Program, UpdateRule
from lamina.engine.executor import Executor, Gradient
from lamina.engine.native import NativeExecutor
from lamina.engine.reference import ReferenceExecutor

RULES = update_rules(eps=1e-8)


class ProgramBuilder:
    """Grows a program op by op; every method returns the number of the buffer that it adds."""

    def __init__(self, *input_widths: int) -> None:
        self.widths = list(input_widths)
        self.inputs = tuple(range(len(input_widths)))
        self.ops: list[Op] = []
        self.parameters: list[Parameter] = []
        self.state: list[Parameter] = []

    def _op(self, kind: str, inputs: tuple[int, ...], width: int, **fields: object) -> int:
        self.widths.append(width)
        output = len(self.widths) - 1
        self.ops.append(Op(kind, f"{kind}_{len(self.ops)}", inputs, output, **fields))
        return output

    def _slice(self, to: list[Parameter], name: str, shape: tuple[int, ...], **fields: object) -> int:
        to.append(Parameter(name, f"layer_{len(self.ops)}", sum(p.size for p in to), shape, **fields))
        return len(to) - 1

    def dense(self, x: int, units: int, *, bias: bool = True, copies: int = 1, **fields: object) -> int:
        weight = self._slice(self.parameters, "weight", (self.widths[x] // copies, units), **fields)
        parameters = (weight, self._slice(self.parameters, "bias", (units,))) if bias else (weight,)
        return self._op("dense", (x,), units * copies, parameters=parameters, copies=copies)

    def grouped_dense(self, x: int, units: int, groups: int, *, bias: bool = True, **fields: object) -> int:
        weight = self._slice(self.parameters, "weight", (groups, self.widths[x] // groups, units), **fields)
        parameters = (weight, self._slice(self.parameters, "bias", (groups, units))) if bias else (weight,)
        return self._op("grouped_dense", (x,), units * groups, parameters=parameters)

    def repeat(self, x: int, copies: int) -> int:
        return self._op("repeat", (x,), copies * self.widths[x], settings=(copies,))

    def activation(self, x: int, function: str, *settings: float, copies: int = 1) -> int:
        return self._op("activation", (x,), self.widths[x], function=function, settings=settings, copies=copies)

    def parametric_activation(self, x: int, function: str, *settings: float, copies: int = 1) -> int:
        alpha = self._slice(self.parameters, "alpha", (self.widths[x] // copies,))
        numbers = {"function": function, "settings": settings, "copies": copies}
        return self._op("parametric_activation", (x,), self.widths[x], parameters=(alpha,), **numbers)

    def prelu(self, x: int, *, copies: int = 1) -> int:
        slope = self._slice(self.parameters, "slope", (self.widths[x] // copies,))
        return self._op("prelu", (x,), self.widths[x], parameters=(slope,), copies=copies)

    def scale(self, x: int, *, shift: bool = False, members: int = 1) -> int:
        shape = (self.widths[x],) if members == 1 else (members, self.widths[x] // members)
        names = ("scale", "shift") if shift else ("scale",)
        parameters = tuple(self._slice(self.parameters, name, shape) for name in names)
        return self._op("scale", (x,), self.widths[x], parameters=parameters)

    def periodic(self, x: int, count: int) -> int:
        frequency = self._slice(self.parameters, "frequency", (self.widths[x], count))
        return self._op("periodic", (x,), 2 * count * self.widths[x], parameters=(frequency,))

    def cosine(self, x: int, count: int) -> int:
        parameters = tuple(self._slice(self.parameters, name, (self.widths[x], count)) for name in ("frequency", "phase"))
        return self._op("cosine", (x,), count * self.widths[x], parameters=parameters)

    def piecewise_linear(self, x: int, *, clip: bool = False) -> int:
        columns = [[-1.0, -0.25, 0.5, 1.5], [], [0.0, 1.0], np.linspace(-2.0, 2.0, 80).tolist()]
        edges = [columns[j % 4] for j in range(self.widths[x])]
        settings = (float(clip), *(number for own in edges for number in (float(len(own)), *own)))
        return self._op("piecewise_linear", (x,), sum(max(len(own) - 1, 0) for own in edges), settings=settings)

    def dropout(self, x: int, rate: float) -> int:
        return self._op("dropout", (x,), self.widths[x], settings=(rate,))

    def codes_beside(self, x: int) -> int:
        """The codes 0 and 1 for the signs of x, and x itself."""
        return self.combine("concat", self.activation(x, "step"), x)

    def embedding(self, x: int, **fields: object) -> int:
        """Of the columns of :meth:`codes_beside`: vectors of 1, 2, 3, 1, … numbers for the codes."""
        half = self.widths[x] // 2
        shapes = [(2 + j, 1 + j % 3) for j in range(half)]
        tables = tuple(
            self._slice(self.parameters, f"weight_{j}", shape, by_row=True, **fields) for j, shape in enumerate(shapes)
        )
        width = half + sum(columns for _, columns in shapes)
        return self._op("embedding", (x,), width, parameters=tables, settings=(1.0,) * half + (0.0,) * half)

    def mask_codes(self, x: int, rate: float) -> int:
        half = self.widths[x] // 2
        return self._op("mask_codes", (x,), self.widths[x], settings=(rate, *(1.0,) * half, *(-1.0,) * half))

    def _scale_and_shift(self, width: int, affine: bool) -> tuple[int, ...]:
        return tuple(self._slice(self.parameters, name, (width,)) for name in ("gamma", "beta")) if affine else ()

    def batch_norm(self, x: int, *, affine: bool = True, momentum: float = 0.9, copies: int = 1) -> int:
        width = self.widths[x] // copies
        state = tuple(self._slice(self.state, name, (width,)) for name in ("running_mean", "running_variance"))
        parameters = self._scale_and_shift(width, affine)
        fields = {"parameters": parameters, "state": state, "settings": (momentum, 1e-3), "copies": copies}
        return self._op("batch_norm", (x,), width * copies, **fields)

    def layer_norm(self, x: int, *, affine: bool = True, copies: int = 1) -> int:
        width = self.widths[x] // copies
        parameters = self._scale_and_shift(width, affine)
        return self._op("layer_norm", (x,), width * copies, parameters=parameters, settings=(1e-3,), copies=copies)

    def combine(self, kind: str, *inputs: int, copies: int = 1) -> int:
        widths = [self.widths[x] for x in inputs]
        return self._op(kind, inputs, sum(widths) if kind == "concat" else widths[0], copies=copies)

    def program(self, *heads: Head, outputs: tuple[int, ...] = (), members: int = 1) -> Program:
        outputs = outputs or tuple(head.logits for head in heads)
        ops, parameters, state = tuple(self.ops), tuple(self.parameters), tuple(self.state)
        return Program(tuple(self.widths), self.inputs, outputs, ops, parameters, state, heads, members)


def classifier(features: int = 20, hidden: tuple[int, ...] = (64, 64), classes: int = 2, function: str = "relu") -> Program:
    """Dense layers with an activation between, and softmax cross-entropy on class numbers."""
    builder = ProgramBuilder(features)
    x = 0
    for units in hidden:
        x = builder.activation(builder.dense(x, units, decay=True), function)
    return builder.program(Head("softmax_cross_entropy", builder.dense(x, classes, decay=True), 1, (0.0,)))


def targets_for(head: Head, width: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Random targets that the head's loss is made for, float64 (n, target_width)."""
    shape = (n, head.target_width)
    if head.kind == "categorical_hinge":
        return rng.integers(0, width, shape).astype(float)
    if head.kind == "softmax_cross_entropy":
        if head.target_width == 1:
            return rng.integers(0, width, shape).astype(float)
        weights = rng.random(shape) + 0.1
        return weights / weights.sum(axis=1, keepdims=True)
    if head.kind in ("sigmoid_cross_entropy", "focal"):
        return rng.integers(0, 2, shape).astype(float)
    if head.kind in ("hinge", "squared_hinge", "perceptron"):
        return rng.choice([-1.0, 1.0], shape)
    if head.kind == "gamma":
        return rng.gamma(2.0, size=shape)
    if head.kind in ("poisson", "tweedie"):
        return rng.integers(0, 4, shape).astype(float)
    return rng.normal(size=shape)


def batches_for(program: Program, n: int, dtype: str, *, seed: int = 0, weighted: bool = False) -> Batches:
    """Random inputs and targets for every head."""
    rng = np.random.default_rng(seed)
    inputs = [rng.normal(size=(n, program.widths[b])).astype(dtype) for b in program.inputs]
    widths = [program.widths[head.logits] // program.members for head in program.heads]
    targets = [targets_for(head, width, n, rng).astype(dtype) for head, width in zip(program.heads, widths, strict=True)]
    return Batches(inputs, targets, rng.random(n) if weighted else None)


def pair(program: Program, dtype: str, *, seed: int = 1, **native: object) -> tuple[NativeExecutor, ReferenceExecutor]:
    """Both executors with equal random parameters and states."""
    rng = np.random.default_rng(seed)
    parameters = rng.normal(scale=0.3, size=program.num_parameters)
    state = rng.uniform(0.5, 1.5, size=program.num_state)
    executors = NativeExecutor(program, dtype, **native), ReferenceExecutor(program, dtype)
    for executor in executors:
        executor.restore(parameters=parameters)
        executor.restore(state=state)
    return executors


def tolerance(dtype: str, scale: float = 1.0) -> dict[str, float]:
    """How far two orders of summation may lie apart."""
    eps = float(np.finfo(dtype).eps)
    return {"rtol": 200 * scale * eps, "atol": 50 * scale * eps}


def take_second_half(
    executor: Executor, d_outputs: Sequence[np.ndarray], step: int, learning_rate: float, decay: float = 0.0, rows: float = 1.0
) -> Failure | None:
    """Backward pass and update of a step whose loss the test computes, after ``executor.forward``."""
    gradient = Gradient(np.zeros(len(executor.program.heads)), rows, executor.backward(d_outputs, step))
    return executor.update(gradient, step, learning_rate, decay).failure


class Toolbox:
    """All of this by one name."""

    rules = RULES
    ProgramBuilder = ProgramBuilder
    classifier = staticmethod(classifier)
    batches_for = staticmethod(batches_for)
    pair = staticmethod(pair)
    tolerance = staticmethod(tolerance)
    replace = staticmethod(replace)


@pytest.fixture(scope="session")
def box() -> type[Toolbox]:
    return Toolbox


@pytest.fixture(params=RULES)
def rule(request: pytest.FixtureRequest) -> UpdateRule:
    """Every update rule."""
    return RULES[request.param]


@pytest.fixture(scope="session")
def second_half() -> Callable[..., Failure | None]:
    return take_second_half


@pytest.fixture(params=[np, array_api_strict], ids=["numpy", "strict"])
def xp(request: pytest.FixtureRequest) -> ModuleType:
    """An array library of the standard."""
    return request.param


@pytest.fixture
def to(xp: ModuleType) -> Callable[..., Any]:
    """From lists or NumPy arrays to float64 arrays of the library."""
    return lambda values: xp.asarray(np.asarray(values, dtype=np.float64))


@pytest.fixture
def assert_gradient() -> Callable[..., None]:
    return check_gradient


def check_gradient(
    function: Callable[..., Any], points: Sequence[np.ndarray], gradients: Sequence[Any], *, seed: int = 0
) -> None:
    """The directional derivative by a central difference along one random direction equals that of ``gradients``.

    ``function(*points)`` is a number; two halves of the step are combined (Richardson) to an error of the fourth order.
    """
    rng = np.random.default_rng(seed)
    directions = [rng.normal(size=np.shape(point)) for point in points]
    expected = sum(float(np.sum(np.asarray(g) * d)) for g, d in zip(gradients, directions, strict=True))

    def central(h: float) -> float:
        ahead = function(*[p + h * d for p, d in zip(points, directions, strict=True)])
        behind = function(*[p - h * d for p, d in zip(points, directions, strict=True)])
        return (float(ahead) - float(behind)) / (2 * h)

    h = 1e-3
    found = (4 * central(h / 2) - central(h)) / 3
    assert found == pytest.approx(expected, rel=1e-7, abs=1e-9)


class Builder:
    """A program written op by op; every method returns the number of the buffer it writes."""

    def __init__(self) -> None:
        self.widths: list[int] = []
        self.inputs: list[int] = []
        self.ops: list[Op] = []
        self.parameters: list[Parameter] = []
        self.state: list[Parameter] = []
        self.heads: list[Head] = []

    def input(self, width: int) -> int:
        self.inputs.append(self._buffer(width))
        return self.inputs[-1]

    def dense(self, x: int, units: int, *, bias: bool = True, **penalties: Any) -> int:
        layer = f"dense_{len(self.ops)}"
        parameters = [self._parameter(layer, "weight", (self.widths[x], units), **penalties)]
        if bias:
            parameters.append(self._parameter(layer, "bias", (units,)))
        return self._op("dense", layer, (x,), units, parameters=tuple(parameters))

    def activation(self, x: int, function: str, *settings: float) -> int:
        return self._op("activation", f"{function}_{len(self.ops)}", (x,), self.widths[x], function=function, settings=settings)

    def prelu(self, x: int) -> int:
        layer = f"prelu_{len(self.ops)}"
        slope = self._parameter(layer, "slope", (self.widths[x],))
        return self._op("prelu", layer, (x,), self.widths[x], parameters=(slope,))

    def parametric_activation(self, x: int, function: str) -> int:
        layer = f"parametric_activation_{len(self.ops)}"
        alpha = self._parameter(layer, "alpha", (self.widths[x],))
        return self._op("parametric_activation", layer, (x,), self.widths[x], parameters=(alpha,), function=function)

    def scale(self, x: int) -> int:
        layer = f"scale_{len(self.ops)}"
        scale = self._parameter(layer, "scale", (self.widths[x],))
        return self._op("scale", layer, (x,), self.widths[x], parameters=(scale,))

    def embedding(self, x: int, cardinality: int, width: int, **fields: Any) -> int:
        """Of all columns of x."""
        layer, columns = f"embedding_{len(self.ops)}", self.widths[x]
        tables = [self._parameter(layer, f"weight_{j}", (cardinality, width), by_row=True, **fields) for j in range(columns)]
        return self._op("embedding", layer, (x,), width * columns, parameters=tuple(tables), settings=(1.0,) * columns)

    def mask_codes(self, x: int, rate: float, code: int = 0) -> int:
        settings = (rate, *(float(code),) * self.widths[x])
        return self._op("mask_codes", f"mask_codes_{len(self.ops)}", (x,), self.widths[x], settings=settings)

    def dropout(self, x: int, rate: float) -> int:
        return self._op("dropout", f"dropout_{len(self.ops)}", (x,), self.widths[x], settings=(rate,))

    def batch_norm(self, x: int, *, momentum: float = 0.9, eps: float = 1e-5, affine: bool = True) -> int:
        layer, width = f"batch_norm_{len(self.ops)}", self.widths[x]
        parameters = tuple(self._parameter(layer, name, (width,)) for name in ("gamma", "beta") if affine)
        state = tuple(self._state(layer, name, width) for name in ("running_mean", "running_variance"))
        return self._op("batch_norm", layer, (x,), width, parameters=parameters, state=state, settings=(momentum, eps))

    def layer_norm(self, x: int, *, eps: float = 1e-5, affine: bool = True) -> int:
        layer, width = f"layer_norm_{len(self.ops)}", self.widths[x]
        parameters = tuple(self._parameter(layer, name, (width,)) for name in ("gamma", "beta") if affine)
        return self._op("layer_norm", layer, (x,), width, parameters=parameters, settings=(eps,))

    def again(self, buffer: int, *inputs: int) -> int:
        """The op that writes ``buffer`` once more, with the same parameters and state, on other inputs."""
        op = next(op for op in self.ops if op.output == buffer)
        kept = {name: getattr(op, name) for name in ("parameters", "state", "settings", "function")}
        return self._op(op.kind, f"{op.layer}.2", inputs, self.widths[buffer], **kept)

    def combine(self, kind: str, *inputs: int) -> int:
        widths = [self.widths[i] for i in inputs]
        return self._op(kind, f"{kind}_{len(self.ops)}", inputs, sum(widths) if kind == "concat" else widths[0])

    def head(self, kind: str, logits: int, *settings: float, target_width: int | None = None, weight: float = 1.0) -> int:
        self.heads.append(Head(kind, logits, target_width or self.widths[logits], settings, weight))
        return logits

    def program(self, *outputs: int) -> Program:
        return Program(
            widths=tuple(self.widths),
            inputs=tuple(self.inputs),
            outputs=outputs or tuple(dict.fromkeys(head.logits for head in self.heads)),
            ops=tuple(self.ops),
            parameters=tuple(self.parameters),
            state=tuple(self.state),
            heads=tuple(self.heads),
        )

    def _buffer(self, width: int) -> int:
        self.widths.append(width)
        return len(self.widths) - 1

    def _op(self, kind: str, layer: str, inputs: tuple[int, ...], width: int, **rest: Any) -> int:
        output = self._buffer(width)
        self.ops.append(Op(kind, layer, inputs, output, **rest))
        return output

    def _parameter(self, layer: str, name: str, shape: tuple[int, ...], **rest: Any) -> int:
        self.parameters.append(Parameter(name, layer, sum(p.size for p in self.parameters), shape, **rest))
        return len(self.parameters) - 1

    def _state(self, layer: str, name: str, width: int) -> int:
        self.state.append(Parameter(name, layer, sum(s.size for s in self.state), (width,)))
        return len(self.state) - 1


@pytest.fixture
def build() -> Builder:
    return Builder()
