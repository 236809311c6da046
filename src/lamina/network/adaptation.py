"""Fits freshly drawn parameters to training rows, where their initializers ask for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from lamina.engine.program import Op, Program
from lamina.engine.reference.passes import unflatten
from lamina.errors import InvalidSettingError, ShapeError, phrase
from lamina.initializers import RowInitializer
from lamina.network.blueprint import Blueprint
from lamina.network.single_op import run_op

__all__ = ["adapted", "chosen_rows"]

_MOST_ROWS = 1024
_MOST_NUMBERS = 2**25  # of the inputs, as float64


def chosen_rows(num_rows: int, width: int, weight: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
    """The numbers of the rows to use, ascending: at most 1,024, drawn at random, and none of weight 0."""
    rows = np.arange(num_rows) if weight is None else np.flatnonzero(weight)
    most = min(_MOST_ROWS, max(1, _MOST_NUMBERS // max(width, 1)))
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False, shuffle=False))


def adapted(
    blueprint: Blueprint,
    parameters: np.ndarray,
    state: np.ndarray,
    inputs: Sequence[np.ndarray],
    rng: np.random.Generator,
    keep: Collection[str] = (),
) -> np.ndarray:
    """The flat parameter vector with everything fitted to the rows that is to be; op by op, so that each sees what went before.

    Parameters
    ----------
    blueprint : Blueprint
    parameters, state : ndarray
        As drawn.
    inputs : sequence of ndarray of shape (n, width)
        Float64, one array for each input; n >= 1.
    rng : Generator
    keep : collection of str, optional
        Names of parameters that stay as they are.

    Raises
    ------
    InvalidSettingError
        If such an initializer belongs to a layer that is no Dense layer.
    ShapeError
        If the rows do not fit the network.
    """
    program, flat = blueprint.program, parameters.astype(np.float64)
    _check_widths(program, inputs)
    to_fit = {
        index: draft.initializer
        for index, draft in enumerate(blueprint.drafts)
        if isinstance(draft.initializer, RowInitializer) and program.parameters[index].name not in keep
    }
    arrays, running = unflatten(flat, program.parameters, np), unflatten(state.astype(np.float64), program.state, np)
    buffers = dict(zip(program.inputs, inputs, strict=True))
    with np.errstate(all="ignore"):  # a start that is not finite is the training's to report
        for op in program.ops:
            if not to_fit:
                break
            for index in op.parameters:
                initializer = to_fit.pop(index, None)
                if initializer is not None:
                    _check_op(op, index)
                    sums = run_op(program, op, _without_biases(op, arrays), running, buffers)
                    fit = _fitted_weight if index == op.parameters[0] else _fitted_bias
                    arrays[index][...] = fit(initializer, arrays[index], sums, rng)
            buffers[op.output] = run_op(program, op, arrays, running, buffers)
    return flat.astype(parameters.dtype)


def _without_biases(op: Op, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The parameters, with zeros for those of the op that are biases."""
    return [np.zeros_like(array) if index in op.parameters[1:] else array for index, array in enumerate(arrays)]


def _fitted_weight(initializer: RowInitializer, weight: np.ndarray, sums: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A matrix of each member of an ensemble is fitted by itself; one that they share, to the sums of all."""
    if weight.ndim == 2:
        return initializer.adapt(weight, sums.reshape(-1, weight.shape[1]), rng)
    of_members = zip(weight, np.split(sums, len(weight), axis=1), strict=True)
    return np.stack([initializer.adapt(own, of_own, rng) for own, of_own in of_members])


def _fitted_bias(initializer: RowInitializer, bias: np.ndarray, sums: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return initializer.adapt(bias.ravel(), sums.reshape(-1, bias.size), rng).reshape(bias.shape)


def _check_op(op: Op, index: int) -> None:
    # the biases of an ensemble's members follow their own factors
    if not op.makes_sums and not (op.kind == "scale" and index != op.parameters[0]):
        rule = "must belong to a Dense layer"
        raise InvalidSettingError(phrase("an initializer that fits training rows", rule, op.kind, owner=op.layer))


def _check_widths(program: Program, inputs: Sequence[np.ndarray]) -> None:
    for buffer, array in zip(program.inputs, inputs, strict=True):
        if array.ndim != 2 or array.shape[1] != program.widths[buffer]:
            raise ShapeError(phrase("X", f"must have shape (rows, {program.widths[buffer]})", array.shape))
