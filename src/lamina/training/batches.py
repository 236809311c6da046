"""Converts user data to the engine's batches: checked once, and X is not copied if it can be used as is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from lamina.engine.codes import CodeColumn, check_codes, code_columns
from lamina.engine.plan import Batches, InputArray
from lamina.engine.program import Program
from lamina.errors import DataError, ShapeError, phrase
from lamina.losses import Loss
from lamina.training.finite import check_finite, converted

__all__ = ["input_widths", "make_batches", "make_inputs", "num_input_rows"]


def make_batches(
    X: Any,
    y: Any,
    sample_weight: Any,
    program: Program,
    losses: Sequence[Loss],
    dtype: np.dtype,
    input_names: Sequence[str],
    output_names: Sequence[str],
    *,
    may_be_blank: bool = False,
) -> Batches:
    """Check and convert a user's data for the engine.

    Parameters
    ----------
    X : array of shape (n, width), or a list or dict of such
        One array per program input. Float32 and float64 arrays of any memory order, read-only memmaps and CSR matrices are used
        as is; other sparse matrices become CSR, other numbers become ``dtype``.
    y : array of shape (n,) or (n, target width), or a list or dict of such
        One array per head, converted to ``dtype``.
    sample_weight : array of shape (n,) or None
        Not negative.
    program : Program
    losses : sequence of Loss
        One per output; they define the valid targets.
    dtype : dtype
        The executor's dtype.
    input_names, output_names : sequence of str
        The keys of dicts, and names for errors.
    may_be_blank : bool, default=False
        Whether all weights may be 0, because there are more rows elsewhere.

    Returns
    -------
    Batches

    Raises
    ------
    ShapeError
        If widths or numbers of rows do not fit; the message names both.
    DataError
        If there are no rows, values are not finite numbers, a column of codes holds anything else, or the loss does not accept
        the targets.
    """
    inputs = make_inputs(X, program, dtype, input_names)
    num_rows = inputs[0].shape[0]
    if num_rows == 0:
        raise DataError("X must have at least one row, got 0.")
    parts = _by_name(y, output_names, "y")
    labels = [_label("y", name, output_names) for name in output_names]
    outputs = zip(parts, losses, program.output_widths, labels, strict=True)
    targets = [_target(part, loss, width, num_rows, dtype, label) for part, loss, width, label in outputs]
    return Batches(inputs, targets, None if sample_weight is None else _weights(sample_weight, num_rows, dtype, may_be_blank))


def make_inputs(X: Any, program: Program, dtype: np.dtype, input_names: Sequence[str]) -> list[InputArray]:
    """X as the engine's inputs; see :func:`make_batches`."""
    labels = [_label("X", name, input_names) for name in input_names]
    triples, codes = zip(_by_name(X, input_names, "X"), program.inputs, labels, strict=True), code_columns(program)
    inputs = [_input(part, program.widths[b], dtype, label, codes.get(b, ())) for part, b, label in triples]
    for array, label in zip(inputs[1:], labels[1:], strict=True):
        if array.shape[0] != inputs[0].shape[0]:
            rule = f"must have as many rows as {labels[0]}, which has shape {inputs[0].shape}"
            raise ShapeError(phrase(label, rule, array.shape))
    return inputs


def input_widths(X: Any, input_names: Sequence[str]) -> list[int]:
    """The width of each input's array; 1 if it has no columns."""
    shapes = [part.shape if hasattr(part, "shape") else np.shape(part) for part in _by_name(X, input_names, "X")]
    return [int(shape[1]) if len(shape) > 1 else 1 for shape in shapes]


def num_input_rows(X: Any, input_names: Sequence[str]) -> int:
    """The number of rows of the first input's array."""
    first = _by_name(X, input_names, "X")[0]
    shape = first.shape if hasattr(first, "shape") else np.shape(first)
    return int(shape[0]) if shape else 1


def _label(what: str, name: str, names: Sequence[str]) -> str:
    return what if len(names) == 1 else f"{what}[{name!r}]"


def _by_name(data: Any, names: Sequence[str], what: str) -> list[Any]:
    """One part per name, from a dict, a sequence, or a single array."""
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


def _input(array: Any, width: int, dtype: np.dtype, label: str, codes: Sequence[CodeColumn] = ()) -> InputArray:
    checked = _csr(array, dtype) if sparse.issparse(array) else _dense(array, dtype, label)
    if checked.ndim != 2 or checked.shape[1] != width:
        raise ShapeError(phrase(label, f"must have shape (rows, {width})", checked.shape, repair=_advice(checked, width, label)))
    check_codes(checked, codes, label)
    check_finite(checked, label)
    return checked


def _advice(array: InputArray, width: int, label: str) -> str:
    """How a vector becomes rows: those of one feature, unless it is as long as a row of several."""
    if array.ndim != 1:
        return ""
    is_row = array.shape[0] == width > 1
    return f"Use {label}.reshape(1, -1) for one row." if is_row else f"Use {label}.reshape(-1, 1) for one feature."


def _csr(array: Any, dtype: np.dtype) -> InputArray:
    csr: InputArray = array.tocsr()
    if csr.dtype not in (np.float32, np.float64):
        csr = csr.astype(dtype)
    return csr


def _dense(array: Any, dtype: np.dtype, label: str) -> np.ndarray:
    """``array`` as is if the engine can read it, else converted to ``dtype``."""
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
        raise DataError(phrase(label, "must hold numbers", str(came), repair="Encode strings and categories first.")) from error
    except MemoryError:
        raise
    except Exception as error:  # from another library's __array__, for example a tensor that requires gradients
        repair = f" Give {label}.detach().cpu().numpy()." if hasattr(array, "detach") else ""
        raise DataError(f"{label} cannot be read as an array: {type(error).__name__}: {error}{repair}") from error


def _target(y: Any, loss: Loss, width: int, num_rows: int, dtype: np.dtype, label: str) -> np.ndarray:
    """The target of an output of ``width`` columns, checked and converted for its loss."""
    dense = y.toarray() if sparse.issparse(y) else y  # type: ignore[attr-defined]
    array = np.ascontiguousarray(converted(_dense(dense, dtype, label), dtype, label))
    column = array.reshape(-1, 1) if array.ndim == 1 else array
    expected = (num_rows, loss.target_width(width))
    if column.shape != expected:
        # usually one column per class was meant, or the class index
        repair = loss.advice(column.shape[1], label) if column.shape[:1] == (num_rows,) and column.ndim == 2 else ""
        rule = f"must have shape {expected} beside the rows of X and the loss {loss.kind}"
        raise ShapeError(phrase(label, rule, array.shape, repair=repair))
    check_finite(column, label)
    _check_domain(column, loss, width, label)
    return column


def _check_domain(target: np.ndarray, loss: Loss, width: int, label: str) -> None:
    """Raise if the loss does not accept a target. The engine does not check: a class out of range would read past a row's end."""
    domain = loss.domain(width)
    if domain.holds is not None and not (held := domain.holds(target)).all():
        raise DataError(phrase(label, f"{domain.rule} for the loss {loss.kind}", float(target[~held][0])))


def _weights(sample_weight: Any, num_rows: int, dtype: np.dtype, may_be_blank: bool) -> np.ndarray:
    w = np.ascontiguousarray(converted(_dense(sample_weight, dtype, "sample_weight"), dtype, "sample_weight"))
    if w.shape != (num_rows,):
        raise ShapeError(phrase("sample_weight", f"must have shape ({num_rows},), one weight per row of X", w.shape))
    check_finite(w[:, None], "sample_weight")
    if (w < 0).any() or not (may_be_blank or (w > 0).any()):
        came = float(w.min())
        raise DataError(phrase("the minimum of sample_weight", "must be >= 0, and not all weights may be 0", came))
    return w
