"""The columns of a table as the features that a network reads."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from lamina.data import TableEncoder
from lamina.data.column_reader import ColumnReader
from lamina.data.columns import ColumnEncoder, Formula, NumberColumn, NumberScale
from lamina.data.columns.arithmetic import Lookup
from lamina.data.text_column import MISSING
from lamina.errors import InvalidSettingError
from lamina.export import arrays
from lamina.export.arrays import (
    TEXT,
    Array,
    Rows,
    astype,
    concat,
    constant,
    float32,
    float64,
    input_array,
    int64,
    isnan,
    lookup,
    stack,
    take,
    where,
)
from lamina.export.computation import Port, belongs

__all__ = ["features_of", "inputs_of"]

_TYPES = {"number": float64, "boolean": float64, "date": int64, "category": TEXT}
# What an array holds, and what stands for it in Python's rows.
_SAID: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "number": ("numbers, NaN where missing", "numbers, NaN or None where missing"),
        "boolean": ("1.0 for true, 0.0 for false, NaN where missing", "1.0 for true, 0.0 for false, NaN or None where missing"),
        "date": (
            "microseconds since 1970-01-01 in UTC, the smallest int64 where missing",
            "dates, as datetime, numpy.datetime64 or text such as 2024-12-31 23:59; None where missing",
        ),
        "category": ("text, empty where missing", "text, empty or None where missing"),
    }
)
_LONGEST_WHOLE = 300  # digits that a float can have
_NAMES_SAID: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "number": ("; numbers by their names, such as '7' (or '7.0') and '0.5'", "; numbers, or their names"),
        "boolean": ("; 'true' or 'false'", "; truth values, or 'true' or 'false'"),
        "date": ("; dates, such as '2024-12-31'",) * 2,
    }
)


def inputs_of(encoder: TableEncoder) -> list[Port]:
    """An input for each column that the encoder uses: values as they are once they have been read.

    Raises
    ------
    InvalidSettingError
        If a column holds free text.
    """
    refused = [column.column for column in encoder.encoders_ if column.arithmetic is None]
    if refused:
        named, kinds = ", ".join(map(repr, refused)), dict.fromkeys(refused, "ignore")
        option = shlex.quote(",".join(f"{name}=ignore" for name in refused))
        raise InvalidSettingError(
            f"the columns must hold numbers, truth values, dates or categories to be exported, got free text in {named}. "
            f"Train without them: kinds={kinds} (--kinds {option}), or text='off' (--text off) to read them as categories."
        )
    unnamed = "unnamed"  # an empty name, of which there is one at most, is none in the formats
    while any(unnamed == column.column for column in encoder.encoders_):
        unnamed += "_"
    return [_input(column, column.column or unnamed, encoder.reader_.readers[column.column]) for column in encoder.encoders_]


def features_of(encoder: TableEncoder, inputs: Sequence[Port], layers: dict[Array, str]) -> Array:
    """The features, (rows, number of features) float32, of the values of every column in use."""
    parts: list[Array] = []
    places: list[int] = []
    starts = np.cumsum([0, *(len(column.feature_names) for column in encoder.encoders_)]).tolist()
    numbers: dict[str, list[tuple[NumberColumn, Array, int]]] = {}
    for column, given, start in zip(encoder.encoders_, inputs, starts[:-1], strict=True):
        if isinstance(column, NumberColumn):
            present = _without(given.array, encoder.reader_.readers[column.column])
            numbers.setdefault(column.scaling, []).append((column, present, start))
            continue
        parts.append(_features(column, given.array, encoder.reader_.readers[column.column]))
        belongs(layers, [parts[-1]], column.column)
        places += range(start, start + len(column.feature_names))
    for scaling, some in numbers.items():  # side by side, in one step each
        made, where_to = _numbers(scaling, some)
        parts += made
        places += where_to
    together = concat(parts, axis=1)
    if places != sorted(places):
        together = take(together, constant(np.argsort(places)), axis=1)
    belongs(layers, [together], "features")
    return together


def _input(column: ColumnEncoder, name: str, reader: ColumnReader) -> Port:
    said, more = _SAID[column.reads], ("", "")
    if column.reads == "category":
        more = _NAMES_SAID.get(reader.holds, more)
    elif column.reads == "number" and reader.format is not None and reader.format.describe() != "plain":
        more = (f"; in training they were written as {reader.format.describe()}",) * 2
    folded = "; in lower case" if column.reads == "category" and reader.fold_case else ""
    holds, takes = (f"{words}{rest}{folded}" for words, rest in zip(said, more, strict=True))
    return Port(name, input_array(name, _TYPES[column.reads], (Rows(),)), holds, takes)


def _without(numbers: Array, reader: ColumnReader) -> Array:
    """Numbers without those that stand for a missing value."""
    for marker in reader.missing:
        try:
            number = float(marker)
        except ValueError:
            continue
        numbers = where(numbers == number, arrays.nan, numbers)
    return numbers


def _features(column: ColumnEncoder, values: Array, reader: ColumnReader) -> Array:
    arithmetic = column.arithmetic
    if isinstance(arithmetic, Formula):
        return astype(stack(arithmetic.of(values), axis=1), float32)
    assert isinstance(arithmetic, Lookup)
    unknown, missing = len(arithmetic.names), len(arithmetic.names) + 1
    codes = {name: code for code, name in enumerate(arithmetic.names)}
    codes.update((text, missing) for text in (*MISSING, *reader.missing) if text not in codes)
    for name in arithmetic.names:
        codes.update((text, codes[name]) for text in _other_spellings(name, reader) if text not in codes)
    places = lookup(values, codes, unknown, fold=reader.fold_case)
    return take(constant(arithmetic.features, name=f"{column.column}.features"), places, axis=0)


def _other_spellings(name: str, reader: ColumnReader) -> tuple[str, ...]:
    """What else languages write for a value, which a reader takes for it as well: 7.0 for 7, True and 1 for true."""
    if reader.holds == "boolean":
        return (name.capitalize(), name.upper(), *({"true": ("1", "1.0"), "false": ("0", "0.0")}.get(name, ())))
    is_whole = reader.holds == "number" and name.removeprefix("-").isdecimal()
    return (repr(float(name)),) if is_whole and len(name) < _LONGEST_WHOLE else ()


def _numbers(scaling: str, columns: Sequence[tuple[NumberColumn, Array, int]]) -> tuple[list[Array], list[int]]:
    """The features of numbers that are scaled alike, those that mark missing ones, and the places of all."""
    numbers = stack([given for _, given, _ in columns], axis=1)
    settings = (_side_by_side([column for column, _, _ in columns], name) for name in ("center", "scale", "low", "high"))
    parts = [astype(NumberScale(scaling, *settings).formula(numbers), float32)]
    places = [start for _, _, start in columns]
    marked = [i for i, (column, _, _) in enumerate(columns) if column.has_missing]
    if marked:
        parts.append(astype(isnan(take(numbers, constant(marked, int64), axis=1)), float32))
        places += [places[i] + 1 for i in marked]
    return parts, places


def _side_by_side(columns: Sequence[NumberColumn], setting: str) -> Any:
    return constant([getattr(column, setting) for column in columns], float64, name=f"features.{setting}")
