"""What the tests of the formulas and of the reference share: array libraries, programs in a few words, and the gradient check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import array_api_strict
import numpy as np
import pytest

from lamina.engine.program import Head, Op, Parameter, Program


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
