"""Compares what layers in Python say of their gradients with differences, on rows that are trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamina.engine.executor import Executor
from lamina.engine.own_functions import OwnFunctions
from lamina.engine.plan import Batches
from lamina.engine.program import Op, Parameter
from lamina.errors import InvalidSettingError

__all__ = ["check_own_gradients", "has_own_layers"]

_MOST_ROWS = 8
_DRAWS = 3  # a kink within one difference is possible; within three, a wrong gradient is


def has_own_layers(executor: Executor) -> bool:
    """Whether any layer is in Python."""
    return any(op.code is not None for op in executor.program.ops)


def check_own_gradients(executor: Executor, data: Batches) -> None:
    """Compare each layer's ``backward`` with central differences of its ``forward``, in float64, at the first rows of ``data``.

    Along random directions, one for each input and parameter, at their present values and near them. Where the arrays that a
    function returns are float32 whatever it is given, only two digits are compared.

    Raises
    ------
    InvalidSettingError
        If a gradient is wrong; the message names the layer, and what the gradient is of.
    """
    program, parameters = executor.program, executor.snapshot().parameters
    rows = np.arange(min(data.num_rows, _MOST_ROWS))
    seen = executor.observe(Batches(data.inputs), rows, training=False)
    for op in program.ops:
        if op.code is None:
            continue
        with np.errstate(all="ignore"):  # what is not finite is found by the step
            inputs = [_of_members(seen.values[buffer], op.copies) for buffer in op.inputs]
            parts = [program.parameters[index] for index in op.parameters]
            _check_op(
                op, executor.own_functions(op.code), inputs, parts, [parameters[part.slice].reshape(part.shape) for part in parts]
            )


def _check_op(
    op: Op, code: OwnFunctions, inputs: Sequence[np.ndarray], parts: Sequence[Parameter], values: Sequence[np.ndarray]
) -> None:
    given = [np.asarray(array, dtype=np.float64) for array in (*inputs, *values)]
    if not all(np.isfinite(array).all() for array in given):
        return  # the step will find it
    whole, alone = (
        np.asarray(code.output([x[:end] for x in given[: len(inputs)]], given[len(inputs) :], int(op.settings[0]), op.layer))
        for end in (len(given[0]), 1)
    )
    if not np.allclose(whole[:1], alone, rtol=1e-4, atol=1e-6, equal_nan=True):
        rule = "forward must treat each row by itself, but its first row is another if it is alone"
        raise InvalidSettingError(f"{op.layer}: {rule}. What mixes rows is batch normalization, which Lamina has.")
    names = [f"input {i + 1}" if len(inputs) > 1 else "the input" for i in range(len(inputs))]
    names += [repr(part.name.rpartition(".")[2]) for part in parts]
    rng, wrong = np.random.default_rng(0), dict[int, tuple[float, float]]()
    for draw in range(_DRAWS):
        near = given if draw == 0 else [array + 0.1 * rng.normal(size=array.shape) for array in given]
        wrong = _differing(op, code, near, len(inputs), rng, among=range(len(given)) if draw == 0 else list(wrong))
        if not wrong:
            return
    place, (told, found) = next(iter(wrong.items()))
    raise InvalidSettingError(
        f"{op.layer}: the gradient of {names[place]} that backward returns must be the slope of forward, which is {found:.6g} "
        f"along a random direction, got {told:.6g}. Gradients of parameters are sums over rows; forward must not be random."
    )


def _differing(
    op: Op, code: OwnFunctions, given: list[np.ndarray], num_inputs: int, rng: np.random.Generator, among: Sequence[int]
) -> dict[int, tuple[float, float]]:
    """By place, the slopes along a random direction that differ: as told by ``backward``, and as found."""

    def output(arrays: Sequence[np.ndarray]) -> np.ndarray:
        return np.asarray(code.output(arrays[:num_inputs], arrays[num_inputs:], int(op.settings[0]), op.layer))

    returned = np.asarray(code.forward(*given))
    h, tolerance = (1e-5, 1e-4) if returned.dtype == np.float64 else (1e-2, 1e-2)
    d_out = rng.normal(size=output(given).shape)
    gradients = code.gradients(d_out, given[:num_inputs], given[num_inputs:], op.layer)
    differing = {}
    for place in among:
        direction = rng.normal(size=given[place].shape)
        ahead, behind = (output([*given[:place], given[place] + step * direction, *given[place + 1 :]]) for step in (h, -h))
        terms = d_out * (ahead - behind) / (2 * h)
        told, found = float(np.sum(gradients[place] * direction)), float(np.sum(terms))
        size = max(abs(told), abs(found), float(np.linalg.norm(terms)))
        if np.isfinite(found) and not abs(told - found) <= tolerance * size:
            differing[place] = (told, found)
    return differing


def _of_members(array: np.ndarray, copies: int) -> np.ndarray:
    return array if copies == 1 else array.reshape(len(array) * copies, -1)
