"""What a column holds and how its texts spell it, decided from all of its rows."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, cast

import numpy as np

from lamina.data.arrow_columns import Unreadable
from lamina.data.arrow_values import value_type
from lamina.data.column_reader import ColumnReader, Format
from lamina.data.formats import (
    BooleanFormat,
    DateFormat,
    Found,
    NumberFormat,
    learn_boolean_format,
    learn_date_format,
    learn_duration_format,
    learn_number_format,
)
from lamina.data.opened_column import OpenedColumn
from lamina.data.prose import is_prose
from lamina.data.text_column import TextColumn
from lamina.data.values import ValueKind
from lamina.errors import DataError
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = OptionalModule("pyarrow", owner="reading tables")
    pc = OptionalModule("pyarrow.compute", owner="reading tables")

__all__ = ["KINDS", "ColumnKind", "Learned", "OddValues", "ReadingSettings", "learn_column"]

ColumnKind: TypeAlias = Literal["auto", "number", "boolean", "date", "category", "text", "ignore"]
KINDS: tuple[ColumnKind, ...] = ("auto", "number", "boolean", "date", "category", "text", "ignore")
"""What a column may be said to be."""

# Where one value in many is odd, it is not among all of these few texts.
_FEW = (slice(0, 1), slice(0, 2), slice(0, 8), slice(8, 16), slice(16, 24))
_ODD_SHARE = 0.1

# Numbers, dates and durations have one of these.
_COUNTS = r"(?i)\p{Nd}|inf|nan"

# They stand for a missing value only beside numbers, dates or durations: elsewhere they may be words of their own.
_STRAY = (
    *("-", "--", "—", "–", ".", "..", "...", "*"),
    *("n.a.", "N.A.", "NA.", "na", "Na", "none", "nil", "Null", "NaT", "<NA>", "unknown", "Unknown", "missing", "Missing"),
    *("#N/A", "#NA", "#NULL!", "#VALUE!", "#DIV/0!", "#REF!"),
)


@dataclass(frozen=True, kw_only=True)
class ReadingSettings:
    """What is said by hand about how a table is to be read.

    Parameters
    ----------
    kinds : dict of str to str, default={}
        The kind of columns by name: "number", "boolean", "date", "category", "text", "ignore", or "auto".
    decimal, thousands : str, optional
        The decimal mark ("." or ",") and what separates groups of three digits, in every column of text.
    dayfirst : bool, optional
        Whether 05/01/2020 is the 5th of January; by default only where a value of the column forces it.
    missing : sequence of str, default=()
        Texts that stand for a missing value, besides the usual ones.
    fold_case : bool, default=False
        Categories that differ in case alone are one.
    text : {"auto", "off"}, default="auto"
        Whether columns of prose are read as free text, and not as categories.
    min_count, max_categories : int, default=5, 100
        What makes a category: so many rows, and at most so many categories in a column. Other texts may be prose.
    """

    kinds: Mapping[str, ColumnKind] = field(default_factory=dict)
    decimal: str | None = None
    thousands: str | None = None
    dayfirst: bool | None = None
    missing: tuple[str, ...] = ()
    fold_case: bool = False
    text: Literal["auto", "off"] = "auto"
    min_count: int = 5
    max_categories: int = 100


class OddValues(NamedTuple):
    """The few values that keep a column from being numbers, dates or truth values, and what may be done about them."""

    told: str
    repair: str


class Learned(NamedTuple):
    """How a column is read, or why it is not; and what there is to say about it."""

    reader: ColumnReader | None
    reason: str = ""
    note: str = ""
    odd: OddValues | None = None


class _Spelled(NamedTuple):
    """What the texts of a column hold, and which of them stand for a missing value."""

    holds: Literal["number", "boolean", "date", "text"]
    found: Found | None = None
    stray: tuple[str, ...] = ()


def learn_column(name: str, opened: OpenedColumn, settings: ReadingSettings) -> Learned:
    """How a column is to be read.

    Raises
    ------
    DataError
        If the column is said to be of a kind that its values are not.
    """
    kind = settings.kinds.get(name, "auto")
    if kind == "ignore":
        return Learned(None, "left out by setting")
    stored = None if isinstance(opened.column, Unreadable) else value_type(opened.column.type)
    if stored is None:
        return _unreadable(name, opened, kind)
    if stored == "nothing":
        return Learned(None, "every value is missing")
    if stored == "text":
        return _learn_text(name, opened, settings, kind)
    holds = cast("Literal['number', 'boolean', 'date']", stored)
    usual: ValueKind = "category" if pa.types.is_dictionary(opened.column.type) else holds
    chosen = usual if kind == "auto" else kind
    return Learned(ColumnReader(name, chosen, holds, missing=settings.missing, fold_case=settings.fold_case))


def _unreadable(name: str, opened: OpenedColumn, kind: ColumnKind) -> Learned:
    found = opened.column.type
    if kind != "auto":
        raise DataError(
            f"column {name!r} must hold numbers, truth values, dates or text, got the type {found}. Convert it or leave it out."
        )
    return Learned(None, f"its type, {found}, cannot be encoded")


def _learn_text(name: str, opened: OpenedColumn, settings: ReadingSettings, kind: ColumnKind) -> Learned:
    if kind == "auto" and opened.plain_numbers is not None:
        return Learned(ColumnReader(name, "number", "number", missing=settings.missing))
    text = opened.text
    if len(text.texts) == 0:
        return Learned(None, "every value is missing")
    if kind == "auto" and pa.types.is_dictionary(opened.column.type):
        return _category(name, text, settings)
    if kind == "text":
        return Learned(ColumnReader(name, "text", "text", missing=settings.missing))
    spelled = _spelled(text, settings, kind)
    if spelled.holds == "text" and kind == "auto" and _is_free_text(text, settings):
        return Learned(ColumnReader(name, "text", "text", missing=settings.missing), note="read as free text, by its words")
    if spelled.holds == "text" and kind in ("auto", "category"):
        return _category(name, text, settings)
    found, wanted = spelled.found, cast("ValueKind", spelled.holds if kind == "auto" else kind)
    reader = ColumnReader(
        name,
        wanted,
        spelled.holds if wanted == "category" else wanted,
        cast("Format | None", None if found is None else found.format),
        (*settings.missing, *spelled.stray),
        settings.fold_case,
    )
    return Learned(reader, note=_decision(spelled))


def _category(name: str, text: TextColumn, settings: ReadingSettings) -> Learned:
    reader = ColumnReader(name, "category", "text", missing=settings.missing, fold_case=settings.fold_case)
    odd = _almost_alike(text, settings)
    said = f"read as text, because {odd.told}; {odd.repair}" if odd is not None else "" if settings.fold_case else _alike(text)
    return Learned(reader, note=said, odd=odd)


def _is_free_text(text: TextColumn, settings: ReadingSettings) -> bool:
    return settings.text == "auto" and is_prose(text, settings.min_count, settings.max_categories)


def _spelled(text: TextColumn, settings: ReadingSettings, kind: ColumnKind) -> _Spelled:
    """What all texts spell, or all but a few that usually stand for nothing."""
    asked = _spelled_by_all(text.texts, settings, kind)
    if asked.holds != "text":
        return asked
    is_stray = pc.is_in(text.texts, value_set=pa.array(_STRAY, pa.large_string()))
    stray = text.texts.filter(is_stray)
    if not 0 < len(stray) < len(text.texts):
        return asked
    others = _spelled_by_all(text.texts.filter(pc.invert(is_stray)), settings, kind)
    return asked if others.holds in ("text", "boolean") else others._replace(stray=tuple(sorted(stray.to_pylist())))


def _spelled_by_all(texts: pa.Array, settings: ReadingSettings, kind: ColumnKind) -> _Spelled:
    learners: dict[str, Callable[[], Found | None]] = {
        "boolean": lambda: learn_boolean_format(texts) or _truth_alone(texts),
        "number": lambda: _number_or_duration(texts, settings),
        "date": lambda: learn_date_format(texts, dayfirst=settings.dayfirst),
    }
    may_count = pc.any(pc.match_substring_regex(texts, _COUNTS)).as_py()
    for holds, learn in learners.items():
        may_be = holds == "boolean" or may_count
        if may_be and kind in ("auto", "category", holds) and (found := learn()) is not None:
            return _Spelled(cast("Literal['number', 'boolean', 'date']", holds), found)
    return _Spelled("text")


def _number_or_duration(texts: pa.Array, settings: ReadingSettings) -> Found | None:
    found = learn_number_format(texts, decimal=settings.decimal, thousands=settings.thousands)
    # pandas writes durations of whole days so.
    of_days = found is not None and isinstance(found.format, NumberFormat) and found.format.suffix in ("day", "days")
    return (learn_duration_format(texts) if found is None or of_days else None) or found


def _truth_alone(texts: pa.Array) -> Found | None:
    """The format of a column that happens to hold one of the words true and false alone."""
    is_truth = len(texts) == 1 and texts[0].as_py().casefold() in ("true", "false")
    return Found(BooleanFormat("true", "false")) if is_truth else None


def _decision(spelled: _Spelled) -> str:
    """What there is to say about how a column is read; nothing about the plain spellings."""
    found = spelled.found
    clauses = []
    if found is not None and not _is_plain(found):
        clauses.append(f"read as {'numbers' if spelled.holds == 'number' else 'dates'} ({found.format.describe()})")
    if found is not None and found.note:
        clauses.append(found.note)
    if spelled.stray:
        clauses.append(f"{', '.join(map(repr, spelled.stray))} taken for missing")
    return "; ".join(clauses)


def _is_plain(found: Found) -> bool:
    spelled = found.format
    if isinstance(spelled, DateFormat):
        return spelled.order == "ymd"
    return isinstance(spelled, BooleanFormat) or spelled.describe() == "plain"


def _almost_alike(text: TextColumn, settings: ReadingSettings) -> OddValues | None:
    """The few odd values, if any, that make categories of a column that else holds numbers, dates or truth values."""
    texts, codes = text.texts, text.codes[text.codes >= 0]
    frequent_first = np.argsort(-np.bincount(codes, minlength=len(texts)), kind="stable")
    for few in _FEW:
        spelled = _spelled_by_all(texts.take(pa.array(frequent_first[few])), settings, "auto") if few.start < len(texts) else None
        if spelled is None:
            return None
        if spelled.found is None:
            continue
        _, fits = spelled.found.format.parse(texts)
        num_odd = int((~fits)[codes].sum())
        if not 0 < num_odd <= _ODD_SHARE * len(codes):
            continue
        example = texts[int(np.argmin(fits))].as_py()
        what = {"number": "numbers", "date": "dates", "boolean": "yes or no"}[spelled.holds]
        form = "" if _is_plain(spelled.found) else f" ({spelled.found.format.describe()})"
        return OddValues(
            f"{num_odd} of {len(codes)} fields are not {what}{form}, for example {example!r}",
            f"if that stands for a missing value, say so: missing=[{example!r}] (--missing={shlex.quote(example)})",
        )
    return None


def _alike(text: TextColumn) -> str:
    """A clause if some categories differ in case alone."""
    if len(text.texts) > 10_000:
        return ""
    folded: dict[str, str] = {}
    pairs = []
    for word in cast("Collection[str]", text.texts.to_pylist()):
        other = folded.setdefault(word.casefold(), word)
        if other != word:
            pairs.append(f"{other!r} and {word!r}")
    if not pairs:
        return ""
    more = f" and {len(pairs) - 1} more pairs" if len(pairs) > 1 else ""
    return f"{pairs[0]}{more} differ in case alone and are different categories; fold_case=True (--fold-case) makes them one"
