"""Numbers in every way of writing them are read as Python reads them without the ornaments."""

from __future__ import annotations

import random
import struct

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lamina.data.formats import NumberFormat, learn_number_format
from lamina.errors import InvalidSettingError


def array(*texts: str) -> pa.Array:
    return pa.array(texts, pa.large_string())


def read(*texts: str, **settings: str) -> list[float]:
    """The numbers that texts are found to be."""
    found = learn_number_format(array(*texts), **settings)
    assert found is not None
    values, fits = found.format.parse(array(*texts))
    assert fits.all()
    return values.tolist()


def form(*texts: str, **settings: str) -> NumberFormat:
    found = learn_number_format(array(*texts), **settings)
    assert found is not None
    assert isinstance(found.format, NumberFormat)
    return found.format


@pytest.mark.parametrize(
    ("texts", "expected", "numbers"),
    [
        (["-3", "+03.70", ".5", "1e5", "1E-3", "inf", "-Infinity"], (), [-3, 3.7, 0.5, 1e5, 1e-3, np.inf, -np.inf]),
        (["0", "00.5", "5."], (), [0, 0.5, 5]),
        (["1" * 40, "1e400", "-1e400", "1e-400"], (), [float("1" * 40), np.inf, -np.inf, 0]),
        (["\u22123", "\u20134", "+5", "- 6"], (), [-3, -4, 5, -6]),
        (["(3.20)", "3.20-", "4"], (), [-3.2, -3.2, 4]),
        (["$1,234.50", "$ 2", "-$3", "$-4", "($5)", "$(6)", "$7-"], (".", ",", "$"), [1234.5, 2, -3, -4, -5, -6, -7]),
        (["3.20- EUR", "1 EUR-"], (".", "", "", "EUR"), [-3.2, -1]),
        (["EUR 1e3", "EUR2"], (".", "", "EUR"), [1000, 2]),
        (["1.234,50 €", "3€", "4\u00a0€"], (",", ".", "", "€"), [1234.5, 3, 4]),
        (["R$ 5", "R$ 6.5"], (".", "", "R$"), [5, 6.5]),
        (["5%", "7.5 %"], (".", "", "", "%"), [5, 7.5]),
        (["5‰", "-7‰"], (".", "", "", "‰"), [5, -7]),
        (["5 kg", "7.5kg"], (".", "", "", "kg"), [5, 7.5]),
        (["5 °C", "(7)°C"], (".", "", "", "°C"), [5, -7]),
        (["5 µg/m³", "1e3µg/m³"], (".", "", "", "µg/m³"), [5, 1000]),
        (["5 m2", "7,5 m2"], (",", "", "", "m2"), [5, 7.5]),
        (["5 eV", "7.5 eV"], (".", "", "", "eV"), [5, 7.5]),
        (["1,234", "12,345,678"], (".", ","), [1234, 12345678]),
        (["1,234", "5.5"], (".", ","), [1234, 5.5]),
        (["21,5", "1,234", "inf"], (",",), [21.5, 1.234, np.inf]),
        (["0,123", "1,234"], (",",), [0.123, 1.234]),
        (["1.234", "2.5"], (), [1.234, 2.5]),
        (["1.234"], (), [1.234]),
        (["1.234.567", "1.234"], (",", "."), [1234567, 1234]),
        (["1.234", "5,6"], (",", "."), [1234, 5.6]),
        (["1 234,5", "12"], (",", " "), [1234.5, 12]),
        (["1\u202f234.5", "1\u00a0234\u2009567"], (".", " "), [1234.5, 1234567]),
        (["1'234.5", "1’234"], (".", "'"), [1234.5, 1234]),
        (["1 234", "12"], (".", " "), [1234, 12]),
        (["1e5", "1,5e-3"], (",",), [1e5, 1.5e-3]),
    ],
)
def test_numbers_are_read(texts: list[str], expected: tuple[str, ...], numbers: list[float]) -> None:
    assert form(*texts) == NumberFormat(*expected)
    assert read(*texts) == numbers


@pytest.mark.parametrize(
    "texts",
    [
        ["007"],
        ["-01", "5"],
        ["+01"],
        ["00"],
        ["$007", "$5"],
        ["007 kg"],
        ["007,", "0123"],
        ["1.2.3"],
        ["192.168.0.1"],
        ["12-34"],
        ["3/5"],
        ["3/5", "4/5"],
        ["A12"],
        ["3-Zimmer", "4-Zimmer"],
        ["5 kg", "6 g"],
        ["5 kg", "6"],
        ["$5", "€5"],
        ["$5", "5"],
        ["$5", "inf"],
        ["5 bottles of milk"],
        ["5 kilogrammeter"],
        ["kg 5"],
        ["1,5", "1.5"],
        ["1 234,5", "1.5"],
        ["1 234", "1'234"],
        ["1 23"],
        ["1,23,456.5"],
        ["0,123.5"],
        ["-(3)"],
        ["--3"],
        ["+-3"],
        ["-3-"],
        ["(3"],
        ["nan"],
        ["nan(1)", "1"],
        ["0x10"],
        ["1_000"],
        ["١"],
        ["."],
        ["-"],
        ["e5"],
        ["1e"],
        ["$"],
        ["abc"],
        ["\u00b2"],
        ["5²", "6²"],
        ["5.-", "5.50"],
        ["CHF 5.-"],
        ["5,-", "7,-"],
        ["5 e3"],
    ],
)
def test_what_is_no_number_has_no_format(texts: list[str]) -> None:
    assert learn_number_format(array(*texts)) is None
    assert learn_number_format(array(*texts[::-1])) is None


def test_a_comma_that_no_text_settles_has_a_note() -> None:
    assert learn_number_format(array("5", "1,234")).note == "1,234 was read as 1234; decimal=',' reads it as 1.234"
    assert learn_number_format(array("$12,345")).note == "$12,345 was read as 12345; decimal=',' reads it as 12.345"
    for settled in (["1,234,567"], ["1,234.5"], ["1,234", "5.5"], ["21,5"], ["1.234"]):
        assert learn_number_format(array(*settled)).note == ""


def test_the_marks_given_settle_it() -> None:
    assert read("1,234", decimal=",") == [1.234]
    assert read("1.234", decimal=",") == [1234]
    assert read("1,234", decimal=".") == [1234]
    assert read("1.234", thousands=".") == [1234]
    assert read("1,234", thousands="") == [1.234]
    assert read("1,234.5", thousands=",") == [1234.5]
    assert read("1 234.5", decimal=".", thousands=" ") == [1234.5]
    assert form("5", decimal=",", thousands=".") == NumberFormat(",", ".")
    assert form("5", thousands=",") == NumberFormat(".", ",")
    for settings in ({"decimal": ","}, {"thousands": "."}):
        assert learn_number_format(array("1.5"), **settings) is None
        assert learn_number_format(array("1,234"), **settings).note == ""


@pytest.mark.parametrize("settings", [{"decimal": ";"}, {"thousands": "x"}, {"decimal": ",", "thousands": ","}])
def test_other_marks_are_refused(settings: dict[str, str]) -> None:
    with pytest.raises(InvalidSettingError, match="must be"):
        learn_number_format(array("1"), **settings)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (NumberFormat(), "plain"),
        (NumberFormat(","), "decimal comma"),
        (NumberFormat(".", ",", "$"), "currency $, thousands comma"),
        (NumberFormat(suffix="%"), "per cent"),
        (NumberFormat(suffix="‰"), "per mille"),
        (NumberFormat(suffix="kg"), "unit kg"),
        (NumberFormat(",", " ", "", "EUR"), "currency EUR, decimal comma, thousands space"),
    ],
)
def test_formats_describe_themselves(form: NumberFormat, words: str) -> None:
    assert form.describe() == words


def test_texts_of_another_format_are_nan() -> None:
    values, fits = NumberFormat(prefix="$").parse(array("$5", "€5", "$007", "x"))
    assert fits.tolist() == [True, False, False, False]
    np.testing.assert_array_equal(values, [5, np.nan, np.nan, np.nan])


def test_slices_and_short_offsets_are_read() -> None:
    texts = pa.array(["x", "$1,000", "$2", "y"])[1:3]
    assert learn_number_format(texts).format.parse(texts)[0].tolist() == [1000, 2]


def test_no_texts_and_empty_ones_are_read() -> None:
    for form in (NumberFormat(), NumberFormat(",", ".", "$", "kg")):
        assert [len(part) for part in form.parse(array())] == [0, 0]
        values, fits = form.parse(array("", "\u2212$5 kg", "", "\u2212 5", ""))
        assert fits.sum() == 1
        assert np.nansum(values) == -5


def test_a_stray_text_among_many_is_found() -> None:
    numbers = [f"${i:,}.25" for i in range(10_000)]
    assert form(*numbers) == NumberFormat(".", ",", "$")
    assert learn_number_format(array(*numbers, "five")) is None
    assert learn_number_format(array(*map(str, range(10_000)), "five")) is None
    assert learn_number_format(array(*map(str, range(10_000)), "007")) is None
    assert read(*map(str, range(10_000)), "(7)")[-1] == -7
    assert read(*map(str, range(10_000)), "7,5")[-1] == 7.5


FORMATS = st.builds(
    lambda marks, affixes: NumberFormat(*marks, *affixes),
    st.sampled_from([(d, t) for d in ".," for t in ("", ",", ".", " ", "'") if d != t]),
    st.sampled_from([("", ""), ("$", ""), ("EUR", ""), ("", "%"), ("", "€"), ("", "SEK"), ("", "kg"), ("", "m2"), ("", "eV")]),
)
PLAIN = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(lambda x: f"{abs(x):f}"),
    st.floats(0, 1e9).map(repr).filter(lambda text: "e" not in text),
    st.integers(0, 10**45).map(str),
    st.decimals(0, 10**9, places=2).map(str).filter(lambda text: "E" not in text and "-" not in text),
)
SIGNS = st.sampled_from(["{}", "-{}", "+{}", "({})", "\u2212{}", "- {}"])


def written(plain: str, form: NumberFormat, sign: str, space: str) -> tuple[str, float]:
    """A plain number in a format, and its value."""
    whole, dot, fraction = plain.partition(".")
    text = f"{int(whole):,}".replace(",", form.thousands) + (dot and form.decimal) + fraction
    before, behind = form.prefix and form.prefix + space, form.suffix and space + form.suffix
    value = float(plain)
    return sign.format(before + text + behind), -value if sign[0] in "-(\u2212" else value


def bits(values) -> list[bytes]:
    return [struct.pack("d", value) for value in values]


@given(FORMATS, st.lists(st.tuples(PLAIN, SIGNS, st.sampled_from(["", " ", "\u00a0"])), min_size=1, max_size=8), st.randoms())
def test_numbers_of_any_format_are_read_back_bit_for_bit(
    form: NumberFormat, numbers: list[tuple[str, str, str]], rng: random.Random
) -> None:
    pairs = dict(written(plain, form, sign, space) for plain, sign, space in numbers)
    values, fits = form.parse(array(*pairs))
    assert fits.all()
    assert bits(values) == bits(pairs.values())
    found = learn_number_format(array(*pairs), decimal=form.decimal, thousands=form.thousands)
    assert found is not None
    assert found.format == form
    shuffled = list(pairs)
    rng.shuffle(shuffled)
    assert learn_number_format(array(*shuffled)) == learn_number_format(array(*pairs))


@given(st.lists(st.floats(allow_nan=False).map(repr), min_size=1))
@example(["1e+16", "5e-324", "1.7976931348623157e+308", "-0.0"])
def test_pythons_own_texts_are_plain_and_read_back_bit_for_bit(texts: list[str]) -> None:
    assert form(*texts) == NumberFormat()
    assert bits(read(*texts)) == bits(map(float, texts))


TEXTS = st.lists(
    st.one_of(
        st.from_regex(r"[-+(]?(\$|EUR)? ?[0-9]{1,4}([., '][0-9]{1,3}){0,2}(e[0-9])?( ?(kg|%|\$))?[-)]?", fullmatch=True),
        st.from_regex(r"[-+]?[0-9]{0,3}\.?[0-9]{0,3}", fullmatch=True).filter(bool),
        st.sampled_from(["inf", "nan", "-Infinity", "007", "1e5"]),
    ),
    min_size=1,
    max_size=6,
    unique=True,
)


@given(TEXTS, FORMATS, st.randoms())
def test_a_text_is_read_alike_in_any_company(texts: list[str], form: NumberFormat, rng: random.Random) -> None:
    values, fits = form.parse(array(*texts))
    alone = [form.parse(array(text)) for text in texts]
    assert fits.tolist() == [bool(fit[0]) for _, fit in alone]
    assert bits(values) == bits(value[0] for value, _ in alone)
    found = learn_number_format(array(*texts))
    rng.shuffle(texts)
    assert found == learn_number_format(array(*texts))
    assert found is None or found.format.parse(array(*texts))[1].all()
