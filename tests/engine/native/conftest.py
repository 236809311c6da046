"""Small programs, and random arrays for them, from which the native engine's tests are made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lamina.engine import Batches, Head, Op, Parameter, Program
from lamina.engine.native import NativeExecutor
from lamina.engine.reference import ReferenceExecutor


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

    def dense(self, x: int, units: int, *, bias: bool = True, **fields: object) -> int:
        weight = self._slice(self.parameters, "weight", (self.widths[x], units), **fields)
        parameters = (weight, self._slice(self.parameters, "bias", (units,))) if bias else (weight,)
        return self._op("dense", (x,), units, parameters=parameters)

    def activation(self, x: int, function: str, *settings: float) -> int:
        return self._op("activation", (x,), self.widths[x], function=function, settings=settings)

    def prelu(self, x: int) -> int:
        return self._op("prelu", (x,), self.widths[x], parameters=(self._slice(self.parameters, "slope", (self.widths[x],)),))

    def dropout(self, x: int, rate: float) -> int:
        return self._op("dropout", (x,), self.widths[x], settings=(rate,))

    def _scale_and_shift(self, width: int, affine: bool) -> tuple[int, ...]:
        return tuple(self._slice(self.parameters, name, (width,)) for name in ("gamma", "beta")) if affine else ()

    def batch_norm(self, x: int, *, affine: bool = True, momentum: float = 0.9) -> int:
        width = self.widths[x]
        state = tuple(self._slice(self.state, name, (width,)) for name in ("running_mean", "running_variance"))
        parameters = self._scale_and_shift(width, affine)
        return self._op("batch_norm", (x,), width, parameters=parameters, state=state, settings=(momentum, 1e-3))

    def layer_norm(self, x: int, *, affine: bool = True) -> int:
        width = self.widths[x]
        return self._op("layer_norm", (x,), width, parameters=self._scale_and_shift(width, affine), settings=(1e-3,))

    def combine(self, kind: str, *inputs: int) -> int:
        widths = [self.widths[x] for x in inputs]
        return self._op(kind, inputs, sum(widths) if kind == "concat" else widths[0])

    def program(self, *heads: Head, outputs: tuple[int, ...] = ()) -> Program:
        outputs = outputs or tuple(head.logits for head in heads)
        return Program(
            tuple(self.widths), self.inputs, outputs, tuple(self.ops), tuple(self.parameters), tuple(self.state), heads
        )


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
    if head.kind == "softmax_cross_entropy":
        if head.target_width == 1:
            return rng.integers(0, width, shape).astype(float)
        weights = rng.random(shape) + 0.1
        return weights / weights.sum(axis=1, keepdims=True)
    if head.kind == "sigmoid_cross_entropy":
        return rng.integers(0, 2, shape).astype(float)
    if head.kind in ("hinge", "perceptron"):
        return rng.choice([-1.0, 1.0], shape)
    if head.kind == "poisson":
        return rng.integers(0, 4, shape).astype(float)
    return rng.normal(size=shape)


def batches_for(program: Program, n: int, dtype: str, *, seed: int = 0, weighted: bool = False) -> Batches:
    """Random inputs and targets for every head."""
    rng = np.random.default_rng(seed)
    inputs = [rng.normal(size=(n, program.widths[b])).astype(dtype) for b in program.inputs]
    targets = [targets_for(head, program.widths[head.logits], n, rng).astype(dtype) for head in program.heads]
    return Batches(inputs, targets, rng.random(n) if weighted else None)


def pair(program: Program, dtype: str, *, seed: int = 1, **native: object) -> tuple[NativeExecutor, ReferenceExecutor]:
    """Both executors with equal random parameters and states."""
    rng = np.random.default_rng(seed)
    parameters = rng.normal(scale=0.3, size=program.num_parameters)
    state = rng.uniform(0.5, 1.5, size=program.num_state)
    executors = NativeExecutor(program, dtype, **native), ReferenceExecutor(program, dtype)
    for executor in executors:
        executor.parameters[:] = parameters
        executor.state[:] = state
    return executors


def tolerance(dtype: str, scale: float = 1.0) -> dict[str, float]:
    """How far two orders of summation may lie apart."""
    eps = float(np.finfo(dtype).eps)
    return {"rtol": 200 * scale * eps, "atol": 50 * scale * eps}


class Toolbox:
    """What the tests of this folder share."""

    ProgramBuilder = ProgramBuilder
    classifier = staticmethod(classifier)
    batches_for = staticmethod(batches_for)
    pair = staticmethod(pair)
    tolerance = staticmethod(tolerance)
    replace = staticmethod(replace)


@pytest.fixture(scope="session")
def box() -> type[Toolbox]:
    return Toolbox
