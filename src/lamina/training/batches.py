"""From a user's arrays to the engine's batches: checked once, and X never copied when it can be used as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from lamina.engine.plan import Batches, InputArray
from lamina.engine.program import Program
from lamina.errors import DataError, ShapeError, phrase
from lamina.losses import Loss
from lamina.training.finite import check_finite, converted

__all__ = ["input_widths", "make_batches", "make_inputs"]


def make_batches(
    X: Any,
    y: Any,
    sample_weight: Any,
    program: Program,
    losses: Sequence[Loss],
    dtype: np.dtype,
    input_names: Sequence[str],
    output_names: Sequence[str],
) -> Batches:
    """The rows of a user's data as the engine wants them.

    Parameters
    ----------
    X : array of shape (n, width), or a list or dict of such
        One array a program input. Float32 and float64 arrays of any memory order, read-only memmaps and CSR matrices are used
        as they are; other sparse matrices become CSR, other numbers become ``dtype``.
    y : array of shape (n,) or (n, target width), or a list or dict of such
        One array a head, converted to ``dtype``.
    sample_weight : array of shape (n,) or None
        Not negative.
    program : Program
    losses : sequence of Loss
        One an output, which say what targets may be.
    dtype : dtype
        The executor's.
    input_names, output_names : sequence of str
        For dicts and for errors.

    Returns
    -------
    Batches

    Raises
    ------
    ShapeError
        If widths or numbers of rows do not fit; the message names both.
    DataError
        If there are no rows, values that are no finite numbers, or targets that the loss cannot take.
    """
    inputs = make_inputs(X, program, dtype, input_names)
    num_rows = inputs[0].shape[0]
    if num_rows == 0:
        raise DataError("X must have at least one row, got 0.")
    parts = _by_name(y, output_names, "y")
    widths = [program.widths[output] for output in program.outputs]
    labels = [_label("y", name, output_names) for name in output_names]
    outputs = zip(parts, losses, widths, labels, strict=True)
    targets = [_target(part, loss, width, num_rows, dtype, label) for part, loss, width, label in outputs]
    return Batches(inputs, targets, None if sample_weight is None else _weights(sample_weight, num_rows, dtype))


def make_inputs(X: Any, program: Program, dtype: np.dtype, input_names: Sequence[str]) -> list[InputArray]:
    """X as the engine's inputs; see :func:`make_batches`."""
    labels = [_label("X", name, input_names) for name in input_names]
    triples = zip(_by_name(X, input_names, "X"), program.inputs, labels, strict=True)
    inputs = [_input(part, program.widths[buffer], dtype, label) for part, buffer, label in triples]
    for array, label in zip(inputs[1:], labels[1:], strict=True):
        if array.shape[0] != inputs[0].shape[0]:
            rule = f"must have as many rows as {labels[0]}, which has shape {inputs[0].shape}"
            raise ShapeError(phrase(label, rule, array.shape))
    return inputs


def input_widths(X: Any, input_names: Sequence[str]) -> list[int]:
    """How wide each input's array is; 1 for what has no columns."""
    shapes = [part.shape if hasattr(part, "shape") else np.shape(part) for part in _by_name(X, input_names, "X")]
    return [int(shape[1]) if len(shape) > 1 else 1 for shape in shapes]


def _label(what: str, name: str, names: Sequence[str]) -> str:
    return what if len(names) == 1 else f"{what}[{name!r}]"


def _by_name(data: Any, names: Sequence[str], what: str) -> list[Any]:
    """One part a name, out of a dict, a sequence, or the only array itself."""
    if isinstance(data, Mapping):
        if set(data) != set(names):
            raise ShapeError(phrase(f"the keys of {what}", f"must be {', '.join(map(repr, names))}", list(data)))
        return [data[name] for name in names]
    if len(names) == 1:
        return [data]
    if isinstance(data, list | tuple) and len(data) == len(names):
        return list(data)
    came = f"{len(data)} parts" if isinstance(data, list | tuple) else type(data).__name__
    rule = f"must be a list or dict of {len(names)} arrays ({', '.join(names)})"
    raise ShapeError(phrase(what, rule, came))


def _input(array: Any, width: int, dtype: np.dtype, label: str) -> InputArray:
    checked = _csr(array, dtype) if sparse.issparse(array) else _dense(array, dtype, label)
    if checked.ndim != 2 or checked.shape[1] != width:
        repair = f"Use {label}.reshape(-1, 1) for one feature." if checked.ndim == 1 else ""
        raise ShapeError(phrase(label, f"must have shape (rows, {width})", checked.shape, repair=repair))
    check_finite(checked, label)
    return checked


def _csr(array: Any, dtype: np.dtype) -> InputArray:
    csr: InputArray = array.tocsr()
    if csr.dtype not in (np.float32, np.float64):
        csr = csr.astype(dtype)
    return csr


def _dense(array: Any, dtype: np.dtype, label: str) -> np.ndarray:
    """``array`` itself if the engine can read it, else as ``dtype``."""
    try:
        dense = np.asarray(array)
        if dense.dtype.kind == "f" and dense.dtype.itemsize in (4, 8) and dense.dtype.isnative:
            return dense
        if dense.dtype.kind in "cMmSUV":
            raise ValueError(f"cannot read {dense.dtype} as numbers")
        return converted(dense, dtype, label)
    except DataError:
        raise
    except (TypeError, ValueError, OverflowError) as error:
        came = getattr(array, "dtype", type(array).__name__)
        raise DataError(phrase(label, "must hold numbers", str(came), repair="Encode texts and categories first.")) from error
    except MemoryError:
        raise
    except Exception as error:  # from an __array__ of another library: a tensor that follows gradients, say
        repair = f" Give {label}.detach().cpu().numpy()." if hasattr(array, "detach") else ""
        raise DataError(f"{label} cannot be read as an array: {type(error).__name__}: {error}{repair}") from error


def _target(y: Any, loss: Loss, width: int, num_rows: int, dtype: np.dtype, label: str) -> np.ndarray:
    """The target of an output of ``width`` columns, as its loss wants it."""
    dense = y.toarray() if sparse.issparse(y) else y  # type: ignore[attr-defined]
    array = np.ascontiguousarray(converted(_dense(dense, dtype, label), dtype, label))
    column = array.reshape(-1, 1) if array.ndim == 1 else array
    expected = (num_rows, loss.target_width(width))
    if column.shape != expected:
        # usually one column a class is meant, or the number of the class
        repair = loss.advice(column.shape[1], label) if column.shape[:1] == (num_rows,) and column.ndim == 2 else ""
        rule = f"must have shape {expected} beside the rows of X and the loss {loss.kind}"
        raise ShapeError(phrase(label, rule, array.shape, repair=repair))
    check_finite(column, label)
    _check_domain(column, loss, width, label)
    return column


def _check_domain(target: np.ndarray, loss: Loss, width: int, label: str) -> None:
    """Refuse what the loss cannot take. The engine trusts its caller: it would read past a row's end for a class too many."""
    domain = loss.domain(width)
    if domain.holds is not None and not (held := domain.holds(target)).all():
        raise DataError(phrase(label, f"{domain.rule} for the loss {loss.kind}", float(target[~held][0])))


def _weights(sample_weight: Any, num_rows: int, dtype: np.dtype) -> np.ndarray:
    w = np.ascontiguousarray(converted(_dense(sample_weight, dtype, "sample_weight"), dtype, "sample_weight"))
    if w.shape != (num_rows,):
        raise ShapeError(phrase("sample_weight", f"must have shape ({num_rows},), one weight a row of X", w.shape))
    check_finite(w[:, None], "sample_weight")
    if (w < 0).any() or not (w > 0).any():
        came = float(w.min())
        raise DataError(phrase("sample_weight", "must not be negative, and must not be 0 everywhere; its minimum", came))
    return w
