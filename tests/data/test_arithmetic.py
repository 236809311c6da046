"""What encoders say of their arithmetic, computed by other libraries, is what they write."""

from __future__ import annotations

import warnings
from typing import Any

import array_api_strict
import numpy as np
import pytest

from lamina.data import DataWarning
from lamina.data.columns import (
    COLUMN_ENCODERS,
    BooleanColumn,
    CategoryColumn,
    CodedColumn,
    ColumnEncoder,
    DateColumn,
    NumberColumn,
)
from lamina.data.columns.arithmetic import MISSING_DATE, Formula, Lookup
from lamina.data.values import Values

RNG = np.random.default_rng(0)
NUMBERS = np.array([*RNG.normal(size=50), np.nan, np.inf, -np.inf, 1e300, -1e300, 0.0, 5e-324])
DAYS = RNG.integers(-200_000, 200_000, 2000) * 86_400_000_000 + RNG.integers(0, 86_400_000_000, 2000)
TIMES = np.array([*DAYS, 0, -1, MISSING_DATE]).astype("M8[us]")
NAMES = np.array(["a", "b", "c", "d"], dtype=object)
CODES = np.array([0, 0, 1, 1, 2, 3, -1, 0, 1], dtype=np.int32)


def number(array: np.ndarray = NUMBERS, scaling: Any = "robust") -> ColumnEncoder:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # of what is infinite
        encoder = NumberColumn.fit_numbers("x", array, scaling)
    assert encoder is not None
    return encoder


def fitted(kind: type[Any], values: Values, **settings: Any) -> ColumnEncoder:
    encoder = kind.fit("x", values, **settings)
    assert encoder is not None
    return encoder  # type: ignore[no-any-return]


TRUTH = Values("boolean", np.array([0, 1, -1, 1], dtype=np.int8))
FORMULAS = {
    "number": (number(), Values("number", NUMBERS)),
    "number of moments": (number(scaling="standard"), Values("number", NUMBERS)),
    "number without gaps": (number(NUMBERS[:50]), Values("number", NUMBERS)),
    "numbers far apart": (number(np.array([-1.7e308, 1.7e308, 0.0])), Values("number", NUMBERS)),
    "boolean": (fitted(BooleanColumn, TRUTH), TRUTH),
    "boolean without gaps": (fitted(BooleanColumn, TRUTH.take(np.array([0, 1]))), TRUTH),
    "date": (fitted(DateColumn, Values("date", TIMES)), Values("date", TIMES)),
    "date without gaps": (fitted(DateColumn, Values("date", TIMES[:-1])), Values("date", TIMES)),
}
WORDS = Values("category", CODES, NAMES)
LOOKUPS = {
    "category": fitted(CategoryColumn, WORDS, min_count=1, max_categories=10),
    "category with rare ones": fitted(CategoryColumn, WORDS, min_count=2, max_categories=10),
    "category without gaps": fitted(CategoryColumn, WORDS.take(np.arange(6)), min_count=1, max_categories=10),
    "codes": fitted(CodedColumn, WORDS, min_count=2, fewest=1),
    "codes without gaps": fitted(CodedColumn, WORDS.take(np.arange(6)), min_count=2, fewest=1),
}


def test_every_encoder_but_that_of_free_text_is_among_them() -> None:
    encoders = [*(encoder for encoder, _ in FORMULAS.values()), *LOOKUPS.values()]
    assert {encoder.kind for encoder in encoders} == set(COLUMN_ENCODERS) - {"text"}


def written(encoder: ColumnEncoder, values: Values) -> np.ndarray:
    out = np.empty((len(values.array), len(encoder.feature_names)), dtype=np.float32)
    encoder.write(encoder.entries(values), out)
    return out


@pytest.mark.parametrize("library", [np, array_api_strict], ids=["numpy", "array_api_strict"])
@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of numbers that overflow on purpose
def test_a_formula_gives_what_is_written_to_the_bit(name: str, library: Any) -> None:
    encoder, values = FORMULAS[name]
    arithmetic = encoder.arithmetic
    assert isinstance(arithmetic, Formula)
    if values.kind == "date":
        given = values.array.astype(np.int64)
    else:
        given = np.where(values.array < 0, np.nan, values.array.astype(np.float64)) if values.kind == "boolean" else values.array
    features = np.column_stack([np.asarray(column) for column in arithmetic.of(library.asarray(given))])
    assert np.array_equal(features.astype(np.float32), written(encoder, values))


@pytest.mark.parametrize("name", LOOKUPS)
@pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")
def test_a_lookup_has_the_features_of_every_name_of_an_unseen_and_of_a_missing_one(name: str) -> None:
    encoder = LOOKUPS[name]
    arithmetic = encoder.arithmetic
    assert isinstance(arithmetic, Lookup)
    names = np.array([*arithmetic.names, "never seen"], dtype=object)
    values = Values("category", np.array([*range(len(names)), -1], dtype=np.int32), names)
    assert np.array_equal(arithmetic.features, written(encoder, values))


def test_days_of_the_year_are_the_calendars_over_800_years() -> None:
    days = np.arange(np.datetime64("1600-01-01"), np.datetime64("2400-01-01"))
    encoder = fitted(DateColumn, Values("date", days.astype("M8[us]")))
    sines = written(encoder, Values("date", days.astype("M8[us]")))[:, encoder.feature_names.index("x:sin(year)")]
    of_year = (days - days.astype("M8[Y]").astype("M8[D]")).astype(np.int64)
    assert np.array_equal(sines, np.sin(2.0 * np.pi * of_year / 365.2425).astype(np.float32))
