"""Durations in every way of writing them are read in microseconds."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.data.formats import DurationFormat, learn_duration_format

HOUR = 3_600e6


def array(*texts: str) -> pa.Array:
    return pa.array(texts, pa.large_string())


@pytest.mark.parametrize(
    ("text", "style", "expected"),
    [
        ("1:30", "clock", 1.5 * HOUR),
        ("00:00", "clock", 0),
        ("26:30", "clock", 26.5 * HOUR),
        ("-26:30:36", "clock", -26.51 * HOUR),
        ("+01:00:00", "clock", HOUR),
        ("\u221201:00", "clock", -HOUR),
        ("00:00:01.5", "clock", 1.5e6),
        ("00:00:00.000000001", "clock", 1e-3),
        ("1 day 02:00:00", "clock", 26 * HOUR),
        ("2 days, 2:00:00", "clock", 50 * HOUR),
        ("-1 days +02:00:00", "clock", -22 * HOUR),
        ("-1 day, 2:00:00", "clock", -22 * HOUR),
        ("-1 days 02:00:00", "clock", -26 * HOUR),
        ("1 days -02:00:00", "clock", 22 * HOUR),
        ("P1DT2H30M", "iso", 26.5 * HOUR),
        ("-PT1.5S", "iso", -1.5e6),
        ("P-1DT2H0M0S", "iso", -22 * HOUR),
        ("P2W", "iso", 336 * HOUR),
        ("PT0S", "iso", 0),
    ],
)
def test_durations_are_read(text: str, style: str, expected: float) -> None:
    found = learn_duration_format(array(text))
    assert found == (DurationFormat(style), "")
    values, fits = found.format.parse(array(text))
    assert values.dtype == np.float64
    assert fits.all()
    np.testing.assert_allclose(values, expected, rtol=1e-15)


@pytest.mark.parametrize(
    "texts",
    [
        ["1:60"],
        ["1:5"],
        ["1:30:60"],
        ["1:30:00:00"],
        ["90"],
        ["P"],
        ["PT"],
        ["P1Y"],
        ["P1M"],
        ["1:30", "PT1H"],
        ["x"],
    ],
)
def test_what_is_no_duration_has_no_format(texts: list[str]) -> None:
    assert learn_duration_format(array(*texts)) is None


def test_a_stray_text_among_many_is_found() -> None:
    texts = [f"{i}:00" for i in range(5000)]
    assert learn_duration_format(array(*texts)) is not None
    assert learn_duration_format(array(*texts, "x")) is None
    values, fits = DurationFormat().parse(array("x", "1:00"))
    assert fits.tolist() == [False, True]
    np.testing.assert_array_equal(values, [np.nan, HOUR])


def test_formats_describe_themselves() -> None:
    assert DurationFormat().describe() == "hours:minutes"
    assert DurationFormat("iso").describe() == "ISO 8601 duration"


@given(st.lists(st.timedeltas(-datetime.timedelta(99_999), datetime.timedelta(99_999)), min_size=1), st.sampled_from("cpi"))
def test_what_python_and_pandas_write_is_read_back(spans: list[datetime.timedelta], way: str) -> None:
    write = {"c": str, "p": lambda span: str(pd.Timedelta(span)), "i": lambda span: pd.Timedelta(span).isoformat()}[way]
    texts = [write(span) for span in spans]
    form = DurationFormat("iso" if way == "i" else "clock")
    values, fits = form.parse(array(*texts))
    assert fits.all()
    np.testing.assert_allclose(values, [span / datetime.timedelta(microseconds=1) for span in spans], rtol=1e-14)
    found = learn_duration_format(array(*texts))
    assert found == (form, "")
    assert learn_duration_format(array(*texts[::-1])) == found
    np.testing.assert_array_equal(form.parse(array(*texts, "x"))[0][:-1], values)
