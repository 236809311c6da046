"""What columns of text are taken for, and what is said about it."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

from lamina.data import DataWarning, TableEncoder, holdout
from lamina.data.arrow_tables import as_columns
from lamina.data.repeated_rows import groups_of_copies, joined_groups
from lamina.errors import DataError
from lamina.model import fit_table


def kind_of(values: Any, **settings: Any) -> tuple[str, str]:
    row = TableEncoder(min_count=1, **settings).fit(pd.DataFrame({"a": values})).columns_[0]
    return row.kind, row.form


@pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")
@pytest.mark.parametrize(
    ("texts", "kind", "form"),
    [
        (["+03.70", "00.5", "1"], "number", ""),
        (["007", "100", "042"], "category", ""),
        (["21,5", "40,2", "7"], "number", "decimal comma"),
        (["1,234", "12,345"], "number", "thousands comma"),
        (["$1,234.50", "$5.00", "($3.20)"], "number", "currency $, thousands comma"),
        (["12%", "7%"], "number", "per cent"),
        (["77.8 kg", "1 kg"], "number", "unit kg"),
        (["77.8 kg", "1 lb"], "category", ""),
        (["3", "-", "4"], "number", ""),
        (["-", "x", "y"], "category", ""),
        (["01 Aug 2022", "2 Sep 2022"], "date", "day-month-year"),
        (["2022-08-01T10:00:00Z", "2022-08-01T12:30:00.1234567+02:00"], "date", "year-month-day"),
        (["Yes", "no", "YES"], "boolean", "yes/no"),
        (["yes", "no", "perhaps"], "category", ""),
        (["1 day 02:00:00", "0 days 00:30:00"], "number", None),
    ],
)
def test_texts_are_taken_for_what_all_of_them_spell(texts: list[str], kind: str, form: str | None) -> None:
    found = kind_of(texts)
    assert found[0] == kind
    assert form in (None, found[1])


@pytest.mark.parametrize(
    ("values", "plain"),
    [
        ([Decimal("1.10"), Decimal(3), None], [1.1, 3.0, None]),
        (pd.period_range("2024-01", periods=3, freq="M"), pd.date_range("2024-01-01", periods=3, freq="MS")),
        (pd.arrays.SparseArray([0.0, 1.0, 0.0]), [0.0, 1.0, 0.0]),
        ([datetime.time(1, 30), datetime.time(0), None], [5.4e9, 0.0, None]),
        (pd.array([1, None, 3], dtype="Int64"), [1.0, None, 3.0]),
        (pd.Series([1, "2", 3.0], dtype=object), [1, 2, 3]),
        ([2**70, 1, 2], [2.0**70, 1.0, 2.0]),
    ],
)
def test_values_of_rarer_types_are_read_as_their_plain_relatives(values: Any, plain: Any) -> None:
    found, expected = (TableEncoder().fit_transform(pd.DataFrame({"a": column})) for column in (values, plain))
    assert np.array_equal(found, expected)


def test_what_is_decided_is_said_once_for_all_columns_of_which_the_same_is() -> None:
    prices = ["$1.50", "$2,000.00"]
    with pytest.warns(DataWarning) as notes:
        TableEncoder().fit(pd.DataFrame({"a": prices, "b": prices, "c": [1, 2]}))
    assert [str(found.message) for found in notes] == ["columns 'a', 'b': read as numbers (currency $, thousands comma)."]
    assert notes[0].filename == __file__


def test_an_ambiguous_date_is_read_with_the_month_first_and_a_note_unless_a_setting_says_otherwise() -> None:
    dates = pd.DataFrame({"a": ["05/01/2020", "06/02/2021"]})
    with pytest.warns(DataWarning, match="dayfirst=True"):
        encoder = TableEncoder().fit(dates)
    assert encoder.columns_[0].form == "month-day-year"
    with pytest.warns(DataWarning, match=r"column 'a': read as dates \(day-month-year\)\."):
        assert kind_of(dates["a"], dayfirst=True)[1] == "day-month-year"


def test_a_few_odd_words_make_categories_of_numbers_and_the_note_says_what_to_do() -> None:
    with pytest.warns(DataWarning, match=r"1 of 40 fields are not numbers, for example 'old'; .*missing=\['old'\]"):
        assert kind_of([*map(str, range(39)), "old"])[0] == "category"
    assert kind_of([*map(str, range(39)), "old"], missing=["old"])[0] == "number"


def test_values_that_do_not_fit_later_end_with_an_error_or_count_as_missing() -> None:
    encoder = TableEncoder().fit(pd.DataFrame({"age": [23, 40, None, 31]}))
    later = pd.DataFrame({"age": ["23", "old", "older", "40"]})
    with pytest.raises(
        DataError, match=r"column 'age' must hold numbers, as in training, got 'old' \(row 2\).*on_error='missing'"
    ):
        encoder.transform(later)
    encoder.set_params(on_error="missing")
    with pytest.warns(DataWarning, match=r"column 'age': values that are not numbers count as missing \(2, such as 'old'\)"):
        features = encoder.transform(later)
    assert np.array_equal(features, encoder.transform(pd.DataFrame({"age": [23, None, None, 40]})))


@pytest.mark.parametrize(
    ("trained", "later", "words"),
    [
        (["red", "blue"], [None, [1]], r"column 'a' must hold numbers, truth values, dates or text, .* got \[1\] \(row 2\)"),
        ([1, 2], [None, [1]], r"column 'a' must hold numbers, as in training, got \[1\] \(row 2\)"),
        ([1, 2], [None, pd.Timestamp("2024-01-01")], r"column 'a' must hold numbers, .* \(row 2\)"),
    ],
)
def test_a_column_of_another_type_is_missing_on_demand(trained: Any, later: Any, words: str) -> None:
    encoder = TableEncoder(min_count=1).fit(pd.DataFrame({"a": trained, "x": [1, 2]}))
    frame = pd.DataFrame({"a": later, "x": [1, 2]})
    with pytest.raises(DataError, match=f"{words}.*on_error='missing'"):
        encoder.transform(frame)
    encoder.set_params(on_error="missing")
    with pytest.warns(DataWarning, match=r"column 'a': values that are not .* count as missing \(1, such as "):
        features = encoder.transform(frame)
    np.testing.assert_array_equal(features, encoder.transform(frame.assign(a=None)))


@pytest.mark.parametrize("trained", [["red", "blue"], [1, 2]])
def test_a_column_that_arrow_cannot_hold_is_not_said_to_be_missing_on_demand(trained: Any) -> None:
    encoder = TableEncoder(min_count=1, on_error="missing").fit(pd.DataFrame({"a": trained, "x": [1, 2]}))
    message = "column 'a' must hold .*, as in training, got the type object, with a complex among them. Convert it."
    with pytest.raises(DataError, match=message) as raised:
        encoder.transform(pd.DataFrame({"a": ["red", 1j], "x": [1, 2]}))
    assert "on_error" not in str(raised.value)


def test_the_reason_for_leaving_a_column_out_is_the_true_one() -> None:
    free = [f"a text of many words, number {i}" for i in range(50)]
    with pytest.warns(DataWarning, match="column 'note': left out, because all categories are too rare to learn from: none has"):
        TableEncoder().fit(pd.DataFrame({"note": free, "x": range(50)}))
    with pytest.warns(DataWarning, match="column 'inf': left out, because its finite values are equal, or too close"):
        TableEncoder().fit(pd.DataFrame({"inf": [1.0, np.inf] * 25, "x": range(50)}))


@pytest.mark.parametrize(
    ("trained", "later"),
    [
        ([1.5, 2.0, 4.0], ["soon"] * 2),
        ([True, False, True], ["maybe"] * 2),
        ([True, False, True], [5, 7]),
        (pd.to_datetime(["2024-01-01", "2025-02-03", "2024-05-01"]), ["soon"] * 2),
        (pd.to_datetime(["2024-01-01", "2025-02-03", "2024-05-01"]), [5, 7]),
    ],
)
def test_a_table_in_which_no_value_fits_is_all_missing_on_demand(trained: Any, later: Any) -> None:
    encoder = TableEncoder(on_error="missing").fit(pd.DataFrame({"a": trained}))
    with pytest.warns(DataWarning, match="count as missing"):
        features = encoder.transform(pd.DataFrame({"a": later}))
    assert np.array_equal(features, encoder.transform(pd.DataFrame({"a": [None, None]})))


@pytest.mark.parametrize(
    ("usual", "odd"),
    [
        ([f"{i} kg" for i in range(39)], "8"),
        ([f"${i}" for i in range(39)], "8"),
        ([f"2024-01-{1 + i % 28:02d}" for i in range(39)], "soon"),
        ([f"{1 + i % 12:02d}/{13 + i % 15:02d}/2024" for i in range(39)], "23/02/2020"),
        (["yes", "no", "no"] * 13, "maybe"),
        ([str(i) for i in range(39)], "007"),
    ],
)
def test_one_odd_value_is_named_whatever_the_others_spell(usual: list[str], odd: str) -> None:
    with pytest.warns(DataWarning, match=f"read as text, because 1 of 40 fields are not .*, for example '{odd}'"):
        kind_of([*usual, odd])


@pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")
def test_a_number_by_hand_or_by_training_may_have_leading_zeros() -> None:
    codes = [f"{i:03d}" for i in range(40)]
    assert kind_of(codes, kinds={"a": "number"})[0] == "number"
    encoder = TableEncoder().fit(pd.DataFrame({"a": range(40)}))
    assert np.array_equal(encoder.transform(pd.DataFrame({"a": codes})), encoder.transform(pd.DataFrame({"a": range(40)})))


@pytest.mark.parametrize("texts", [["$1,234.50", "$7.00"], ["1.234,50 €", "7,00 €"], ["12%", "7%"]])
def test_texts_of_a_column_that_held_numbers_in_training_are_read_with_a_note(texts: list[str]) -> None:
    numbers = [1234.5, 7.0] if "%" not in texts[0] else [12.0, 7.0]
    encoder = TableEncoder().fit(pd.DataFrame({"a": numbers}))
    with pytest.warns(DataWarning, match="column 'a' held no text in training; its texts are read as"):
        assert np.array_equal(encoder.transform(pd.DataFrame({"a": texts})), encoder.transform(pd.DataFrame({"a": numbers})))


@pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")
def test_durations_of_whole_days_are_durations() -> None:
    days = pd.DataFrame({"a": pd.to_timedelta(range(1, 30), unit="D")})
    expected = TableEncoder().fit_transform(days)
    assert np.array_equal(TableEncoder().fit_transform(days.astype(str)), expected)
    assert np.array_equal(TableEncoder().fit(days.astype(str)).transform(days), expected)


def test_a_number_that_stands_for_a_missing_value_does_in_every_kind_of_column() -> None:
    for column in ([1, -999, 3], [1.0, -999.0, 3.0], ["1", "-999", "3"], ["1.0", "-999.0", "3.0"]):
        encoder = TableEncoder(missing=["-999", "-999.0"]).fit(pd.DataFrame({"a": column}))
        assert encoder.columns_[0].missing == 1


@pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")
def test_copies_of_rows_stay_on_one_side() -> None:
    rng = np.random.default_rng(0)
    noise = pd.DataFrame({"a": rng.normal(size=400), "b": rng.normal(size=400), "y": rng.choice(["no", "yes"], 400)})
    five_times = pd.concat([noise] * 5, ignore_index=True)
    auc = fit_table(five_times, "y").metrics["model"]["auc"]
    assert abs(auc - 0.5) < 0.15
    assert fit_table(train_test_split(five_times, random_state=0)[0], "y").metrics["model"]["auc"] < 0.65


def test_rows_of_few_categories_are_no_copies() -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"sex": rng.choice(["f", "m"], 500), "class": rng.choice(["1", "2", "3", "crew"], 500)})
    assert groups_of_copies(TableEncoder().learn(as_columns(table, owner="test"))) is None


def test_joined_groups_are_the_chains_of_both() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        first, second = rng.integers(0, 15, 40), rng.integers(0, 15, 40)
        joined, chains = joined_groups(first, second), np.arange(40)
        assert joined is not None
        for _ in range(40):  # the smallest number of a neighbor, until none changes
            for groups in (first, second):
                chains = np.array([chains[groups == group].min() for group in groups])
        assert (np.equal.outer(joined, joined) == np.equal.outer(chains, chains)).all()


def test_a_split_by_groups_keeps_them_whole_and_the_share_nearly() -> None:
    groups = np.repeat(np.arange(300), 3)
    kept, held = holdout(900, 0.2, seed=1, groups=groups)
    assert not set(groups[kept]) & set(groups[held])
    assert len(held) == 180
    assert sorted([*kept, *held]) == list(range(900))
