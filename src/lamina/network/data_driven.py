"""Data-driven initial weights: layer-sequential unit variance (Mishkin & Matas 2016)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from lamina.engine.program import Op, Program
from lamina.engine.reference.passes import unflatten
from lamina.errors import DataError, ShapeError, phrase
from lamina.initializers import Orthogonal
from lamina.moments import mean_and_deviation
from lamina.network.network import Network
from lamina.network.rows_by_input import rows_by_input
from lamina.network.single_op import run_op
from lamina.validation import check_parameters, integer, number

__all__ = ["data_driven_initialization"]


def data_driven_initialization(
    network: Network,
    X: Any,
    seed: int = 0,
    *,
    dtype: DTypeLike = "float32",
    max_rows: int = 1024,
    tol: float = 1e-3,
    max_iterations: int = 10,
) -> np.ndarray:
    """Initial weights with which the weighted sums of every Dense layer have variance 1 on the given data.

    Layer by layer from the input: W is drawn orthonormal, then W ← W / sd(sums) until |variance − 1| < ``tol``, where the sums
    are those of a batch of rows, over rows and units together, in the layer's first use if there are several. Biases and all
    other parameters are as ``network.initialize`` gives them. Xavier's and He's initialization keep the variance only on
    average; here it holds for these data, whatever the activations.

    Parameters
    ----------
    network : Network
        May be built or not.
    X : array of shape (n, width), or a list or dict of such arrays
        The inputs, with at least two different rows.
    seed : int, default=0
    dtype : {"float32", "float64"}, default="float32"
        dtype of the returned vector.
    max_rows : int, default=1024
        Number of rows to use, taken from the start; at least 2.
    tol : float, default=0.001
        Tolerance of the variance, above 0; the paper uses 0.1.
    max_iterations : int, default=10
        Scalings per layer, at least 1. If the bias is 0, one is exact.

    Returns
    -------
    ndarray of shape (num_parameters,)
        The flat parameter vector, for ``trainer.executor.restore(…)``.

    Raises
    ------
    DataError
        If a layer's weighted sums are all the same or not finite, or X is not finite.
    ShapeError
        If X does not fit the network.

    References
    ----------
    Mishkin & Matas, "All you need is a good init", 2016, algorithm 1.

    Examples
    --------
    >>> from lamina import Dense, Sequential
    >>> X = 50.0 * np.random.default_rng(0).normal(size=(500, 20))
    >>> network = Sequential([Dense(30), Dense(1)], input_width=20)
    >>> views = network.unflatten(data_driven_initialization(network, X, seed=0, dtype="float64"))
    >>> round(float((X @ views["dense_1.weight"]).var()), 3)
    1.0
    """
    settings = {"seed": seed, "max_rows": max_rows, "tol": tol, "max_iterations": max_iterations}
    rules = {"seed": integer(0), "max_rows": integer(2), "tol": number(0, closed="neither"), "max_iterations": integer(1)}
    check_parameters(settings, rules, owner="data_driven_initialization")
    inputs = [_rows(part, name, max_rows) for name, part in rows_by_input(network.input_names, X).items()]
    if not network.is_built:
        network = network.build([array.shape[1] for array in inputs])
    program = network.program()
    _check_widths(program, network, inputs)
    flat, state = network.initialize(seed, "float64")
    rng = np.random.default_rng(seed)
    buffers = dict(zip(program.inputs, inputs, strict=True))
    drawn = set[int]()
    for op in program.ops:
        if op.makes_sums and op.parameters[0] not in drawn:
            drawn.add(op.parameters[0])
            weight = program.parameters[op.parameters[0]]
            matrices = weight.size // (weight.shape[-2] * weight.shape[-1])
            draws = [Orthogonal().draw(rng, weight.shape[-2:], *weight.shape[-2:]).ravel() for _ in range(matrices)]
            flat[weight.slice] = np.concatenate(draws)
            _scale(program, op, flat, state, buffers, tol, max_iterations)
        buffers[op.output] = _output(program, op, flat, state, buffers)
    return flat.astype(dtype)


def _scale(
    program: Program, op: Op, flat: np.ndarray, state: np.ndarray, buffers: Mapping[int, np.ndarray], tol: float, most: int
) -> None:
    """Divide the op's weights by the standard deviation of their sums until it is 1."""
    for _ in range(most):
        deviation = float(mean_and_deviation(_output(program, op, flat, state, buffers))[1])
        if not np.isfinite(deviation) or deviation <= 0.0:
            rule = "must vary and be finite"
            repair = "Pass other rows, or scale the data."
            raise DataError(phrase(f"the weighted sums of {op.layer}", rule, f"standard deviation {deviation}", repair=repair))
        if abs((deviation - 1.0) * (deviation + 1.0)) < tol:  # |variance − 1| without a square that could overflow
            return
        flat[program.parameters[op.parameters[0]].slice] /= deviation


def _output(program: Program, op: Op, flat: np.ndarray, state: np.ndarray, buffers: Mapping[int, np.ndarray]) -> np.ndarray:
    return run_op(program, op, unflatten(flat, program.parameters, np), unflatten(state, program.state, np), buffers)


def _rows(part: Any, name: str, most: int) -> np.ndarray:
    rows = part.tocsr()[:most].toarray() if hasattr(part, "tocsr") else part
    array = np.asarray(rows, dtype=np.float64)[:most]
    if array.ndim != 2 or len(array) < 2:
        raise ShapeError(phrase(f"X of {name}", "must have two axes and at least 2 rows", array.shape))
    if not np.isfinite(array).all():
        raise DataError(f"X of {name} must be finite, but holds NaN or infinity. Fill or drop these rows.")
    return array


def _check_widths(program: Program, network: Network, inputs: list[np.ndarray]) -> None:
    for name, buffer, array in zip(network.input_names, program.inputs, inputs, strict=True):
        if array.shape[1] != program.widths[buffer]:
            raise ShapeError(phrase(f"X of {name}", f"must have shape (rows, {program.widths[buffer]})", array.shape))
