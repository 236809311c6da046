"""Codes of categories: which columns of a program's inputs hold them, and whether numbers are codes.

Codes travel as whole numbers in the rows of floats that all inputs are. The check stands where data enter; the ops make NaN of
what is no code, which training reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lamina.engine.program import Op, Program
from lamina.errors import DataError, InvalidSettingError, phrase

if TYPE_CHECKING:
    from lamina.engine.plan import InputArray

__all__ = ["CodeColumn", "check_codes", "check_precision", "code_columns"]


class CodeColumn(NamedTuple):
    """A column of an input that a layer reads as codes from 0 to below ``cardinality``."""

    column: int
    cardinality: int
    layer: str


def code_columns(program: Program) -> dict[int, list[CodeColumn]]:
    """By the buffer of the input: its columns of codes, in order.

    >>> from lamina import Dense, Embedding, Sequential
    >>> code_columns(Sequential([Embedding([None, 7]), Dense(1)], input_width=2).program())
    {0: [CodeColumn(column=1, cardinality=7, layer='embedding_1')]}
    """
    if not program.reads_codes:
        return {}
    sources = {op.output: op.inputs[0] for op in program.ops if op.kind == "mask_codes"}
    found: dict[int, list[CodeColumn]] = {}
    for op in program.ops:
        if op.kind == "embedding":
            (x,) = op.inputs
            found.setdefault(sources.get(x, x), []).extend(_columns_of(program, op))
    return found


def _columns_of(program: Program, op: Op) -> list[CodeColumn]:
    columns = [column for column, is_embedded in enumerate(op.settings) if is_embedded]
    tables = [program.parameters[index] for index in op.parameters]
    return [CodeColumn(j, table.shape[0], op.layer) for j, table in zip(columns, tables, strict=True)]


def check_precision(program: Program, dtype: np.dtype) -> None:
    """Raise an InvalidSettingError if a column has more categories than there are exact codes in ``dtype``."""
    most = 2 ** (np.finfo(dtype).nmant + 1)
    for columns in code_columns(program).values():
        for column, cardinality, layer in columns:
            if cardinality > most:
                rule = f"must be at most {most} in {dtype}, which has no more exact codes"
                repair = 'Compute in float64: dtype="float64".' if dtype == np.float32 else ""
                raise InvalidSettingError(phrase(f"cardinalities[{column}]", rule, cardinality, repair=repair, owner=layer))


def check_codes(array: InputArray, columns: Sequence[CodeColumn], label: str) -> None:
    """Raise a DataError if a column of codes holds anything else; the message names column, number and range.

    Parameters
    ----------
    array : ndarray of shape (n, width), or CSR
    columns : sequence of CodeColumn
    label : str
        The array's name in the error.

    Examples
    --------
    >>> check_codes(np.array([[0.5, 3.0], [0.1, 7.0]]), [CodeColumn(1, 7, "embedding_1")], "X")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    lamina.errors.DataError: column 1 of X must hold codes of 'embedding_1', whole numbers from 0 to 6, got 7.0. Encode other...
    """
    for column, cardinality, layer in columns:
        numbers = array[:, column] if isinstance(array, np.ndarray) else array.data[array.indices == column]
        wrong = ~((numbers >= 0) & (numbers < cardinality) & (np.floor(numbers) == numbers))
        if wrong.any():
            rule = f"must hold codes of {layer!r}, whole numbers from 0 to {cardinality - 1}"
            repair = "Encode other categories as one of these, which stands for all that are unknown."
            raise DataError(phrase(f"column {column} of {label}", rule, float(numbers[wrong][0]), repair=repair))
