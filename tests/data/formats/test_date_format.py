"""Dates in every way of writing them are read as the time that they name."""

from __future__ import annotations

import datetime
import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lamina.data.formats import DateFormat, learn_date_format


def array(*texts: str) -> pa.Array:
    return pa.array(texts, pa.large_string())


def read(*texts: str, dayfirst: bool | None = None) -> list[str]:
    found = learn_date_format(array(*texts), dayfirst=dayfirst)
    assert found is not None
    times, fits = found.format.parse(array(*texts))
    assert times.dtype == "M8[us]"
    assert fits.all()
    return [str(time).removesuffix(".000000").removesuffix("T00:00:00") for time in times]


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("2020-01-05", "ymd", "2020-01-05"),
        ("2020-1-5", "ymd", "2020-01-05"),
        ("2020/01/05", "ymd", "2020-01-05"),
        ("2020.01.05", "ymd", "2020-01-05"),
        ("2020-01-05T10:00", "ymd", "2020-01-05T10:00:00"),
        ("2020-01-05 10:00:00.1234567", "ymd", "2020-01-05T10:00:00.123456"),
        ("1920-01-05T10:00:00.1234567Z", "ymd", "1920-01-05T10:00:00.123456"),
        ("2020-01-05 10:00:00.1234567+02:00", "ymd", "2020-01-05T08:00:00.123456"),
        ("2020-01-05T10:00Z", "ymd", "2020-01-05T10:00:00"),
        ("2020-01-05T10:00+02:00", "ymd", "2020-01-05T08:00:00"),
        ("2020-01-05T10:00-0230", "ymd", "2020-01-05T12:30:00"),
        ("2020-01-05 10:00 UTC", "ymd", "2020-01-05T10:00:00"),
        ("2020-01-05T10", "ymd", "2020-01-05T10:00:00"),
        ("2020/01/05 1:02 PM", "ymd", "2020-01-05T13:02:00"),
        ("-290000-01-05", "ymd", "-290000-01-05"),
        ("294000-12-31", "ymd", "294000-12-31"),
        ("+12345-02-28", "ymd", "12345-02-28"),
        ("0000-02-29", "ymd", "0000-02-29"),
        ("05/13/2020", "mdy", "2020-05-13"),
        ("13/05/2020", "dmy", "2020-05-13"),
        ("13.05.2020 23:59", "dmy", "2020-05-13T23:59:00"),
        ("13-5-2020", "dmy", "2020-05-13"),
        ("13/5/69", "dmy", "1969-05-13"),
        ("13/5/68", "dmy", "2068-05-13"),
        ("5/13/20 12:00 AM", "mdy", "2020-05-13"),
        ("5/13/20, 12:00:01 p.m.", "mdy", "2020-05-13T12:00:01"),
        ("5/13/20 1:00\u202fPM", "mdy", "2020-05-13T13:00:00"),
        ("01 Aug 2022", "dmy", "2022-08-01"),
        ("1-Aug-22", "dmy", "2022-08-01"),
        ("1. August 2022 10:00:00.5", "dmy", "2022-08-01T10:00:00.500000"),
        ("August 1, 2022", "mdy", "2022-08-01"),
        ("Aug 1 2022 10:00 +0200", "mdy", "2022-08-01T08:00:00"),
        ("SEPT. 1 2022", "mdy", "2022-09-01"),
        ("may 1, 2022", "mdy", "2022-05-01"),
    ],
)
def test_dates_are_read(text: str, order: str, expected: str) -> None:
    found = learn_date_format(array(text))
    assert found == (DateFormat(order), "")
    assert read(text) == [expected]


@pytest.mark.parametrize(
    "texts",
    [
        ["2020"],
        ["20200105"],
        ["1578182400"],
        ["1.5"],
        ["1.2.3"],
        ["12:30"],
        ["now"],
        ["may"],
        ["May 5"],
        ["2020-02-30"],
        ["2019-02-29"],
        ["2020-13-01"],
        ["2020-00-01"],
        ["2020-01-00"],
        ["30/2/2020"],
        ["31 Jun 2020"],
        ["13/13/2020"],
        ["2020-01/05"],
        ["05/01-2020"],
        ["1-Aug/22"],
        ["5/13/2020", "13/5/2020"],
        ["2020-01-05", "5/13/2020"],
        ["2020-01-05 24:00"],
        ["2020-01-05 10:60"],
        ["2020-01-05 10:00:60"],
        ["1/2/2020 13:00 PM"],
        ["1/2/2020 0:00 AM"],
        ["2020-01-05 10:00+99:00"],
        ["2020-01-05 10:00", "2020-01-05 10:00Z"],
        ["5/1/2020 10:00", "5/1/2020 10:00 UTC"],
        ["294001-01-01"],
        ["-290001-01-01"],
        ["Foo 1 2022"],
        ["192.168.0.1"],
        ["0171-12-34"],
    ],
)
def test_what_is_no_date_has_no_format(texts: list[str]) -> None:
    assert learn_date_format(array(*texts)) is None
    assert learn_date_format(array(*texts[::-1])) is None


def test_times_and_separators_may_differ() -> None:
    assert read("2020-01-05", "2020/01/05 10:00") == ["2020-01-05", "2020-01-05T10:00:00"]
    assert read("13.1.2020", "1/2/2020", "3 Aug 2022") == ["2020-01-13", "2020-02-01", "2022-08-03"]


def test_an_order_that_no_text_settles_has_a_note() -> None:
    found = learn_date_format(array("07/07/2020", "05/01/2020"))
    assert found == (DateFormat("mdy"), "05/01/2020 was read as May 1; dayfirst=True reads it as 5 January")
    assert learn_date_format(array("07/07/2020")) == (DateFormat("mdy"), "")
    assert learn_date_format(array("05/01/2020", "13/01/2020")) == (DateFormat("dmy"), "")


def test_the_order_given_settles_it() -> None:
    assert learn_date_format(array("05/01/2020"), dayfirst=True) == (DateFormat("dmy"), "")
    assert learn_date_format(array("05/01/2020"), dayfirst=False) == (DateFormat("mdy"), "")
    assert learn_date_format(array("05/13/2020"), dayfirst=True) is None
    assert learn_date_format(array("13/05/2020"), dayfirst=False) is None
    for dayfirst in (True, False):
        assert read("2020-01-05", dayfirst=dayfirst) == ["2020-01-05"]
        assert read("Aug 1 2022", dayfirst=dayfirst) == ["2022-08-01"]
        assert read("1 Aug 2022", dayfirst=dayfirst) == ["2022-08-01"]


@pytest.mark.parametrize("order", ["ymd", "dmy", "mdy"])
def test_no_texts_and_empty_ones_are_read(order: str) -> None:
    assert [len(part) for part in DateFormat(order).parse(array())] == [0, 0]
    assert DateFormat(order).parse(array("", "\u00a0"))[1].tolist() == [False, False]


def test_a_stray_text_among_many_is_found() -> None:
    days = [str(np.datetime64("2000-01-01") + i) for i in range(10_000)]
    assert learn_date_format(array(*days)) == (DateFormat("ymd"), "")
    assert learn_date_format(array(*days, "2020-02-30")) is None
    assert learn_date_format(array(*days, "2020-01-05T10:00Z")) is None
    turned = ["/".join(day.split("-")[::-1]) for day in days]
    assert learn_date_format(array(*turned)) == (DateFormat("dmy"), "")
    assert learn_date_format(array(*turned, "1/13/2020")) is None


@pytest.mark.parametrize(("order", "words"), [("ymd", "year-month-day"), ("dmy", "day-month-year"), ("mdy", "month-day-year")])
def test_formats_describe_themselves(order: str, words: str) -> None:
    assert DateFormat(order).describe() == words


FORMS = [
    ("ymd", "%Y-%m-%d"),
    ("ymd", "%Y/%m/%d"),
    ("dmy", "%d/%m/%Y"),
    ("dmy", "%d.%m.%Y"),
    ("dmy", "%d-%m-%Y"),
    ("dmy", "%d %b %Y"),
    ("dmy", "%d-%b-%Y"),
    ("dmy", "%d %B %Y"),
    ("mdy", "%m/%d/%Y"),
    ("mdy", "%B %d, %Y"),
    ("mdy", "%b %d %Y"),
]
CLOCKS = ["", " %H:%M", " %H:%M:%S", "T%H:%M:%S.%f", " %I:%M %p", " %I:%M:%S.%f%p"]
ZONES = ["", "Z", "+02:00", "-1130", " UTC"]
AHEAD = {"+02:00": 120, "-1130": -690}
STAMPS = st.datetimes(datetime.datetime(1000, 1, 1), datetime.datetime(9999, 12, 30))


def written(stamp: datetime.datetime, form: str, clock: str, zone: str) -> tuple[str, datetime.datetime]:
    """A time as text, and the part of it that is written, in UTC."""
    text = stamp.strftime(form + clock)
    kept = stamp if "%f" in clock else stamp.replace(microsecond=0)
    kept = kept if "%S" in clock else kept.replace(second=0)
    kept = kept if clock else kept.replace(hour=0, minute=0)
    return (text + zone, kept - datetime.timedelta(minutes=AHEAD.get(zone, 0))) if clock else (text, kept)


@given(
    st.sampled_from(FORMS),
    st.sampled_from(ZONES),
    st.lists(st.tuples(STAMPS, st.sampled_from(CLOCKS)), min_size=1, max_size=6),
    st.randoms(),
)
def test_dates_of_any_form_are_read_back(
    form: tuple[str, str], zone: str, stamps: list[tuple[datetime.datetime, str]], rng: random.Random
) -> None:
    order, pattern = form
    pairs = dict(written(stamp, pattern, clock, zone) for stamp, clock in stamps)
    times, fits = DateFormat(order).parse(array(*pairs))
    assert fits.all()
    assert times.tolist() == list(pairs.values())
    found = learn_date_format(array(*pairs), dayfirst=order == "dmy")
    has_all_or_no_zones = not zone or all(clock for _, clock in stamps) or not any(clock for _, clock in stamps)
    if has_all_or_no_zones:
        assert found == (DateFormat(order), "")
    shuffled = list(pairs)
    rng.shuffle(shuffled)
    for dayfirst in (None, False, True):
        assert learn_date_format(array(*shuffled), dayfirst=dayfirst) == learn_date_format(array(*pairs), dayfirst=dayfirst)


@given(st.integers(-290_000, 293_999), st.integers(0, 364))
def test_years_of_any_length_are_read_as_numpy_does(year: int, day: int) -> None:
    date = np.datetime64(year - 1970, "Y").astype("M8[D]") + day
    assert DateFormat("ymd").parse(array(str(date)))[0][0] == date.astype("M8[us]")


TEXTS = st.lists(
    st.one_of(
        st.from_regex(
            r"(20[12][0-9]-[01][0-9]-[0-3][0-9]|[0-3]?[0-9][-/.][0-3]?[0-9][-/.](20)?[12][0-9])"
            r"([T ][0-2]?[0-9](:[0-6][0-9](:[0-6][0-9](\.[0-9]{1,8})?)?)?( ?[AP]M)?(Z|[+-][0-2][0-9](:?[0-6][0-9])?)?)?",
            fullmatch=True,
        ),
        st.sampled_from(["1 Aug 2022", "Aug 1, 2022", "x"]),
    ),
    min_size=1,
    max_size=4,
    unique=True,
)


@given(TEXTS, st.sampled_from(["ymd", "dmy", "mdy"]), st.randoms())
@example(["2010-01-01", "2010-01-01T10"], "ymd", random.Random(0))
def test_a_text_is_read_alike_in_any_company(texts: list[str], order: str, rng: random.Random) -> None:
    """Alone, ISO 8601 takes Arrow's way; beside a word, it takes the long one."""
    form = DateFormat(order)
    times, fits = form.parse(array(*texts, "no date"))
    alone = [form.parse(array(text)) for text in texts]
    np.testing.assert_array_equal(times[:-1], np.concatenate([time for time, _ in alone]))
    assert fits[:-1].tolist() == [bool(fit[0]) for _, fit in alone]
    np.testing.assert_array_equal(form.parse(array(*texts))[0], times[:-1])
    found = learn_date_format(array(*texts))
    rng.shuffle(texts)
    assert learn_date_format(array(*texts)) == found
    assert found is None or found.format.parse(array(*texts))[1].all()
