"""How a column is read: learned once, from a whole table, and kept for every table that is read afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

import numpy as np

from lamina.data.arrow_columns import ArrowColumn, Unreadable
from lamina.data.arrow_values import dates_of, named_codes_of, numbers_of, value_type
from lamina.data.formats import (
    BooleanFormat,
    DateFormat,
    DurationFormat,
    Found,
    NumberFormat,
    format_from_dict,
    format_to_dict,
    learn_date_format,
    learn_duration_format,
    learn_number_format,
)
from lamina.data.mixed_column import MixedColumn
from lamina.data.names import value_name
from lamina.data.notes import note
from lamina.data.opened_column import OpenedColumn
from lamina.data.text_column import TextColumn
from lamina.data.values import MISSING_CODE, ValueKind, Values
from lamina.errors import DataError, shown
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = OptionalModule("pyarrow", owner="reading tables")
    pc = OptionalModule("pyarrow.compute", owner="reading tables")

__all__ = ["ColumnReader", "Format", "OnError", "UnfitValueError"]

Format: TypeAlias = NumberFormat | DateFormat | BooleanFormat | DurationFormat

OnError = Literal["fail", "missing"]

_SPELLED = {"true": 1, "false": 0, "1": 1, "0": 0, "1.0": 1, "0.0": 0}
# Categories of numbers by truth values, and those of truth values by numbers.
_WORDS_OF_OTHERS = {("number", "boolean"): {"true": "1", "false": "0"}, ("boolean", "number"): {"1": "true", "0": "false"}}
_WORDS = {
    "number": "numbers",
    "boolean": "true or false",
    "date": "dates",
    "text": "numbers, truth values, dates or text",
}
_REPAIRS = {"date": "Write them as 2024-12-31 or 2024-12-31 23:59, or leave them empty."}


class UnfitValueError(DataError):
    """A value of another kind than its column holds: ``value``, in ``row`` from 0."""

    value: object = None
    row: int = 0


@dataclass(frozen=True)
class ColumnReader:
    """Reads one column, however it is stored: as text, or as values of a type.

    Attributes
    ----------
    column : str
        Its name.
    kind : {"number", "boolean", "date", "category", "text"}
        What :meth:`read` gives.
    holds : {"number", "boolean", "date", "text"}
        What the values are; a category may have numbers for names.
    format : NumberFormat, DateFormat, BooleanFormat, DurationFormat or None
        How texts of the column spell values; None where only plain spellings were seen, or the texts are the values.
    missing : tuple of str
        Texts that stand for a missing value, besides the usual ones.
    fold_case : bool
        Categories that differ in case alone are one.
    """

    column: str
    kind: ValueKind
    holds: Literal["number", "boolean", "date", "text"]
    format: Format | None = None
    missing: tuple[str, ...] = ()
    fold_case: bool = False

    def read(self, column: ArrowColumn, on_error: OnError = "fail") -> Values:
        """The column's values.

        Parameters
        ----------
        column : pyarrow.ChunkedArray, MixedColumn or Unreadable
        on_error : {"fail", "missing"}, default="fail"
            What a value of another kind does: raise, or count as missing, with a note.

        Raises
        ------
        DataError
            If the column holds values of another kind, with ``on_error="fail"``.
        """
        return self.read_opened(OpenedColumn(column, self.missing), on_error)

    def read_opened(self, opened: OpenedColumn, on_error: OnError = "fail") -> Values:
        """:meth:`read` of a column that was looked into before."""
        if opened.mixed is not None:
            return self._mixed(opened.mixed, on_error)
        column = opened.column
        stored = None if isinstance(column, Unreadable) else value_type(column.type)
        if stored == "nothing":
            return self._nothing(len(column))
        if self.kind in ("category", "text"):
            return self._category(opened, stored, on_error)
        if stored == "text":
            return self._spelled(opened, on_error)
        return Values(self.kind, self._typed(opened, stored, on_error))

    def name_of(self, text: str) -> str:
        """The category that a text names."""
        return text.casefold() if self.fold_case else text

    def unmarked(self, numbers: np.ndarray) -> np.ndarray:
        """The numbers without those that stand for a missing value."""
        for marker in self.missing:
            number = _number(marker)
            if number is not None:
                numbers = np.where(numbers == number, np.nan, numbers)
        return numbers

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold of it."""
        spelled = None if self.format is None else format_to_dict(self.format)
        state = {"column": self.column, "kind": self.kind, "holds": self.holds, "format": spelled}
        return {**state, "missing": list(self.missing), "fold_case": self.fold_case}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        """The reader that :meth:`to_dict` described."""
        spelled = None if state["format"] is None else format_from_dict(state["format"])
        return cls(**{**state, "format": spelled, "missing": tuple(state["missing"])})

    def _nothing(self, num_rows: int) -> Values:
        if self.kind == "number":
            return Values(self.kind, np.full(num_rows, np.nan))
        if self.kind == "date":
            return Values(self.kind, np.full(num_rows, np.datetime64("NaT", "us")))
        if self.kind == "boolean":
            return Values(self.kind, np.full(num_rows, MISSING_CODE, np.int8))
        return Values(self.kind, np.full(num_rows, MISSING_CODE, np.int32), np.zeros(0, object))

    def _mixed(self, column: MixedColumn, on_error: OnError) -> Values:
        """Values of several types, each as if it came alone."""
        if self.kind == "date" or self.holds == "text":
            return self.read(column.texts, on_error)
        array, names = self._nothing(len(column)).array, [np.zeros(0, object)]
        by_name = replace(self, format=None)  # numbers, written as Python does, since whole ones may be too large for floats
        for rows, part in column.parts():
            is_named = self.kind == "category" and value_type(part.type) == "number"
            try:
                values = by_name.read(column.texts.take(pa.array(rows))) if is_named else self.read(part, on_error)
            except UnfitValueError as error:
                raise self._unfit(error.value, int(rows[error.row])) from None
            array[rows] = values.array
            if values.names is not None:
                array[rows[~values.missing]] += sum(map(len, names))
                names.append(values.names)
        if self.kind != "category":
            return Values(self.kind, array)
        named = np.concatenate(names)
        return self._named(array, named, np.zeros(len(named), dtype=bool))

    # Values of a type.

    def _typed(self, opened: OpenedColumn, stored: str | None, on_error: OnError) -> np.ndarray:
        column = opened.column
        if stored == "date" and self.kind == "date":
            return dates_of(self.column, column)
        if stored in ("number", "boolean") and self.kind in ("number", "boolean"):
            numbers = numbers_of(column)
            if stored == "number":
                numbers = self.unmarked(numbers)
            return numbers if self.kind == "number" else self._signs(numbers, on_error)
        return self._of_another_type(opened, on_error).array

    def _of_another_type(self, opened: OpenedColumn, on_error: OnError) -> Values:
        column = opened.column
        if isinstance(column, Unreadable):  # of which not even the number of rows is known
            error = UnfitValueError(f"{self._rule}, got the type {column.type}. Convert it.")
            error.value, error.columns = column.type, (self.column,)
            raise error
        if on_error == "fail":
            raise self._unfit(opened.example, opened.row_of_example)
        self._say_missing(len(column) - column.null_count, opened.example)
        return self._nothing(len(column))

    def _signs(self, numbers: np.ndarray, on_error: OnError) -> np.ndarray:
        missing = np.isnan(numbers)
        odd = ~missing & (numbers != 0) & (numbers != 1)
        if odd.any():
            row = int(np.argmax(odd))
            example = value_name(numbers[row])
            if on_error == "fail":
                raise self._unfit(example, row)
            self._say_missing(int(odd.sum()), example)
        return np.where(missing | odd, MISSING_CODE, numbers == 1).astype(np.int8)

    # Values that are spelled.

    def _spelled(self, opened: OpenedColumn, on_error: OnError) -> Values:
        if self.kind == "number" and (plain := opened.plain_numbers) is not None:
            return Values(self.kind, self.unmarked(plain))
        text = opened.text
        values, known = self._parse(text)
        nothing: Any = {"number": np.nan, "date": np.datetime64("NaT", "us"), "boolean": MISSING_CODE}[self.kind]
        known |= opened.is_marker(self.missing)
        if not known.all():
            self._tolerate(text, known, on_error)
        return Values(self.kind, text.spread(values, nothing))

    def _parse(self, text: TextColumn) -> tuple[np.ndarray, np.ndarray]:
        """A value of each distinct text, and whether it spells one."""
        if self.kind == "number":
            return self._parse_numbers(text.texts)
        if self.kind == "date":
            spelled = self.format if isinstance(self.format, DateFormat) else DateFormat("ymd")
            return self._or_as_found(spelled.parse(text.texts), text.texts, learn_date_format)
        texts = [str(value).casefold() for value in text.texts.to_pylist()]
        words = {self.format.yes: 1, self.format.no: 0} if isinstance(self.format, BooleanFormat) else {}
        signs = {**_SPELLED, **words}
        values = np.array([signs.get(value, MISSING_CODE) for value in texts], dtype=np.int8)
        return values, values != MISSING_CODE

    def _parse_numbers(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        spelled = self.format if isinstance(self.format, NumberFormat | DurationFormat) else NumberFormat()
        values, known = spelled.parse(texts)
        if not known.all() and isinstance(spelled, NumberFormat):
            # Numbers that are known to be such may have leading zeros.
            others, fit = spelled.parse(pc.replace_substring_regex(texts, r"^([+-]?)0+([0-9])", r"\1\2"))
            values, known = np.where(known, values, others), known | fit
        return self._or_as_found((values, known), texts, lambda texts: learn_number_format(texts) or learn_duration_format(texts))

    def _or_as_found(
        self, parsed: tuple[np.ndarray, np.ndarray], texts: pa.Array, learn: Callable[[pa.Array], Found | None]
    ) -> tuple[np.ndarray, np.ndarray]:
        """What was parsed; or, where training saw no text of this column, by the format that all texts have now."""
        if self.format is not None or parsed[1].all() or (found := learn(texts)) is None:
            return parsed
        note(f"column {self.column!r} held no text in training; its texts are read as {found.format.describe()}.")
        return found.format.parse(texts)

    def _tolerate(self, text: TextColumn, known: np.ndarray, on_error: OnError) -> None:
        """Raise for texts that spell no value, or say that they count as missing."""
        first = int(np.argmin(known))
        example = text.texts[first].as_py()
        if on_error == "fail":
            raise self._unfit(example, text.row_of(first))
        self._say_missing(int((~known)[text.codes[text.codes != MISSING_CODE]].sum()), example)

    def _say_missing(self, count: int, example: object) -> None:
        note(f"column {self.column!r}: values that are not {self._words} count as missing ({count}, such as {example!r}).")

    # Categories.

    def _category(self, opened: OpenedColumn, stored: str | None, on_error: OnError) -> Values:
        if stored is None:
            return self._of_another_type(opened, on_error)
        if stored != "text":
            codes, names = named_codes_of(opened.column)
            words = _WORDS_OF_OTHERS.get((self.holds, stored), {})
            names = np.array([self.name_of(words.get(name, name)) for name in names], dtype=object)
            return self._named(codes, names, np.array([name in self.missing for name in names], dtype=bool))
        text = opened.text
        names, missing = self.names_of(text), opened.is_marker(self.missing)
        if self.holds == "text" and not self.fold_case and not missing.any():
            return Values(self.kind, text.codes, names)  # distinct, as the texts are
        return self._named(text.codes, names, missing)

    def names_of(self, text: TextColumn) -> np.ndarray:
        """The category of each distinct text: that of the value which it spells, where the column holds values."""
        texts: np.ndarray = text.texts.to_numpy(zero_copy_only=False)
        if self.holds == "text":
            return np.array([self.name_of(value) for value in texts], dtype=object) if self.fold_case else texts
        value_reader = ColumnReader(self.column, self.holds, self.holds, self.format)
        values, known = value_reader._parse(text)
        values = values.astype(bool) if self.holds == "boolean" else values
        for i in np.flatnonzero(known):
            whole = texts[i].removeprefix("+")
            exact = self.holds == "number" and whole.removeprefix("-").isdecimal()  # also beyond 2^53
            texts[i] = str(int(whole)) if exact and len(whole) < 400 else value_name(values[i])
        return texts

    def _named(self, codes: np.ndarray, names: np.ndarray, missing: np.ndarray) -> Values:
        """Categories whose names are distinct, and none of which stands for a missing value."""
        if not missing.any() and len(set(names.tolist())) == len(names):
            return Values(self.kind, codes, names)
        place = {name: i for i, name in enumerate(dict.fromkeys(names[~missing].tolist()))}
        new = [MISSING_CODE if absent else place[name] for name, absent in zip(names, missing, strict=True)]
        distinct = np.empty(len(place), dtype=object)
        distinct[:] = list(place)
        return Values(self.kind, np.array([*new, MISSING_CODE], dtype=np.int32)[codes], distinct)

    @property
    def _words(self) -> str:
        """What the column holds, in words."""
        return _WORDS["text" if self.kind == "category" else self.kind]

    @property
    def _rule(self) -> str:
        return f"column {self.column!r} must hold {self._words}, as in training"

    def _unfit(self, value: object, row: int) -> UnfitValueError:
        repair = _REPAIRS.get(self.kind, "Correct it or leave it empty.")
        sentence = f"{self._rule}, got {shown(value)} (row {row + 1}). {repair}"
        error = UnfitValueError(f"{sentence} With on_error='missing' (--on-error missing) it counts as missing.")
        error.value, error.row, error.columns = value, row, (self.column,)
        return error


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
