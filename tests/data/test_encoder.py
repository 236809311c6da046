"""The encoder gives equal, finite features for every data frame library, and survives what tables bring."""

from __future__ import annotations

import datetime
import json
import math
import warnings
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from lamina.data import DataWarning, TableEncoder
from lamina.data.columns import Scaling
from lamina.errors import DataError, InvalidSettingError

NUM_ROWS = 60
START = datetime.datetime(2024, 1, 1)


def mixed() -> dict[str, list[Any]]:
    rows = range(NUM_ROWS)
    return {
        "whole": [None if i % 7 == 0 else i for i in rows],
        "real": [float(i) ** 2 for i in rows],
        "truth": [None if i % 5 == 0 else i % 2 == 0 for i in rows],
        "day": [None if i % 9 == 0 else (START + datetime.timedelta(days=i * 11)).date() for i in rows],
        "time": [START + datetime.timedelta(hours=7 * i) for i in rows],
        "duration": [datetime.timedelta(hours=7 * i) for i in rows],
        "letter": [None if i % 6 == 0 else "abcdefg"[i % 7] for i in rows],
    }


LIBRARIES = {
    "pyarrow": pa.table,
    "polars": pl.DataFrame,
    "pandas": pd.DataFrame,
    "pandas with Arrow types": lambda data: pa.table(data).to_pandas(types_mapper=pd.ArrowDtype),
    "pandas from Arrow": lambda data: pa.table(data).to_pandas(),
}


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_library_gives_equal_features(library: str) -> None:
    reference = TableEncoder().fit(pa.table(mixed()))
    frame = LIBRARIES[library](mixed())
    expected = reference.transform(pa.table(mixed()))
    assert np.array_equal(TableEncoder().fit(frame).transform(frame), expected)
    assert np.array_equal(reference.transform(frame), expected)


def test_a_description_in_json_restores_the_encoder_bit_for_bit() -> None:
    table = pa.table(mixed())
    encoder = TableEncoder(kinds={"whole": "category", "real": "ignore"}).fit(table)
    restored = TableEncoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    assert np.array_equal(restored.transform(table), encoder.transform(table))
    assert restored.get_feature_names_out().tolist() == encoder.get_feature_names_out().tolist()
    assert restored.get_params() == {**encoder.get_params(), "kinds": {"whole": "category", "real": "ignore"}, "missing": []}


def test_it_is_a_scikit_learn_transformer() -> None:
    frame = pd.DataFrame(mixed())
    named = clone(TableEncoder()).set_output(transform="pandas").fit_transform(frame)
    assert named.columns.tolist() == TableEncoder().fit(frame).get_feature_names_out().tolist()
    assert make_pipeline(TableEncoder(), LinearRegression()).fit(frame, frame["real"]).predict(frame).shape == (NUM_ROWS,)


def test_robust_scaling_follows_its_formula() -> None:
    values = np.array([0.0, 1.0, 2.0, 3.0, 100.0])
    z = (values - 2.0) / (2.0 / 1.349)
    features = TableEncoder().fit(pa.table({"a": values})).transform(pa.table({"a": values}))
    np.testing.assert_allclose(features[:, 0], z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-6)


def test_standard_scaling_has_mean_0_and_deviation_1() -> None:
    table = pa.table({"a": np.random.default_rng(0).normal(5, 3, 1000)})
    features = TableEncoder(scaling="standard").fit(table).transform(table)
    assert features.mean() == pytest.approx(0, abs=1e-5)
    assert features.std() == pytest.approx(1, abs=1e-5)


def test_equal_quartiles_fall_back_on_the_standard_deviation() -> None:
    table = pa.table({"gain": [0.0] * 95 + [1000.0] * 5})
    features = TableEncoder().fit(table).transform(table)
    assert features[0, 0] == 0.0
    assert 2.0 < features[-1, 0] < 3.0


EXTREME = (0.0, 5e-324, -5e-324, 2.2e-308, 1e-300, 1.0, 1.0 + 2**-52, -1e300, 1.7976931348623157e308, -1.7976931348623157e308)


@pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")
@given(st.lists(st.one_of(st.floats(), st.sampled_from(EXTREME)), min_size=3, max_size=20))
@example([1.797e308, 1.797e308, -2.99e292, -6.27e307, -6.27e307])
@example([0.0, 5e-324, 5e-324])
@example([1e-320, 0.0, 1e-320, 1.0])
def test_any_column_of_floats_becomes_finite_features(values: list[float]) -> None:
    table = pa.table({"a": pa.array(values, from_pandas=False), "b": np.arange(len(values))})
    for scaling in ("robust", "standard"):
        with np.errstate(all="raise"):
            features = TableEncoder(scaling=scaling).fit_transform(table)  # type: ignore[arg-type]
        assert np.isfinite(features).all()
        assert np.abs(features).max() <= 1e4


@pytest.mark.parametrize("scaling", ["robust", "standard"])
@pytest.mark.parametrize("size", [2.0**-1070, 2.0**-1000, 2.0**1000, 2.0**1022])
def test_huge_and_tiny_columns_get_the_features_of_ordinary_ones(scaling: Scaling, size: float) -> None:
    values = np.array([3.0, -2.0, 0.0, 1.0, 3.0, -3.5, 2.0])
    plain = TableEncoder(scaling=scaling).fit_transform(pa.table({"a": values}))
    scaled = TableEncoder(scaling=scaling).fit_transform(pa.table({"a": values * size}))
    # A tiny scale has a few bits only.
    np.testing.assert_allclose(scaled, plain, rtol=0.05 if size < 2.0**-1022 else 1e-6)


def test_two_numbers_that_differ_by_the_least_possible_are_told_apart() -> None:
    for pair in ([0.0, 5e-324], [1.0, 1.0 + 2**-52], [1.7976931348623157e308, 1.7976931348623155e308]):
        first, second = TableEncoder().fit_transform(pa.table({"a": pair}))[:, 0]
        assert abs(first - second) > 0.5


def test_infinities_count_as_the_extreme_finite_value() -> None:
    with pytest.warns(DataWarning, match="column 'a': 1 infinite values are replaced by the largest or smallest finite one"):
        encoder = TableEncoder().fit(pa.table({"a": [1.0, 2.0, 3.0, float("inf")]}))
    features = encoder.transform(pa.table({"a": [3.0, float("inf"), -float("inf"), 1.0]}))
    assert features[0] == features[1]
    assert features[2] == features[3]


def test_missing_numbers_become_the_median_and_are_marked() -> None:
    table = pa.table({"a": [1.0, 2.0, 3.0, None]})
    encoder = TableEncoder().fit(table)
    assert encoder.get_feature_names_out().tolist() == ["a", "a=(missing)"]
    assert encoder.transform(table)[3].tolist() == [0.0, 1.0]
    assert encoder.transform(pa.table({"a": [2.0]}))[0].tolist() == [0.0, 0.0]


def test_categories_have_slots_for_the_rare_the_missing_and_the_unseen() -> None:
    column = ["a"] * 6 + ["b"] * 5 + ["c"] * 2 + [None]
    encoder = TableEncoder(min_count=3).fit(pa.table({"x": column}))
    assert encoder.get_feature_names_out().tolist() == ["x=a", "x=b", "x=(rare)", "x=(missing)"]
    codes = encoder.transform(pa.table({"x": ["a", "c", "never seen", None]}))
    assert codes.tolist() == [[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1]]


def test_unseen_and_missing_count_as_an_average_row_where_training_had_none() -> None:
    encoder = TableEncoder().fit(pa.table({"x": ["a"] * 6 + ["b"] * 18}))
    with pytest.warns(DataWarning, match=r"column 'x': 1 value not seen in training \('new'\), encoded as an average row"):
        codes = encoder.transform(pa.table({"x": ["new", None, "a"]}))
    assert codes.tolist() == [[0.75, 0.25], [0.75, 0.25], [0.0, 1.0]]


def test_categories_beyond_the_most_allowed_share_the_rare_slot() -> None:
    column = ["abcdefghij"[i % 10] for i in range(100)]
    encoder = TableEncoder(max_categories=3).fit(pa.table({"x": column}))
    assert len(encoder.get_feature_names_out()) == 4


def test_whole_numbers_and_their_spellings_are_one_category() -> None:
    encoder = TableEncoder(kinds={"x": "category"}).fit(pa.table({"x": [1, 2] * 5}))
    for spelled in ([1], [1.0], ["1"], ["1.0"], ["+1"]):
        assert encoder.transform(pa.table({"x": spelled})).tolist() == [[1.0, 0.0]]


def test_dates_move_in_circles() -> None:
    days = [START + datetime.timedelta(days=i) for i in range(800)]
    encoder = TableEncoder().fit(pa.table({"d": days}))
    assert encoder.get_feature_names_out().tolist() == ["d", "d:sin(year)", "d:cos(year)", "d:sin(week)", "d:cos(week)"]
    features = encoder.transform(pa.table({"d": days}))
    assert (np.diff(features[:, 0]) > 0).all()
    np.testing.assert_allclose(features[7:, 3:], features[:-7, 3:], atol=1e-6)
    np.testing.assert_allclose(features[366:, 1:3], features[:-366, 1:3], atol=0.02)
    assert encoder.transform(pa.table({"d": [days[9].isoformat()]})).tolist() == features[9:10].tolist()


def test_times_with_a_zone_are_taken_in_utc() -> None:
    zoned = pd.DataFrame({"t": pd.date_range("2024-01-01", periods=50, freq="5h", tz="Europe/Paris")})
    plain = pd.DataFrame({"t": zoned["t"].dt.tz_convert("UTC").dt.tz_localize(None)})
    assert np.array_equal(TableEncoder().fit_transform(zoned), TableEncoder().fit_transform(plain))


def test_columns_that_say_nothing_are_left_out_with_a_note() -> None:
    table = pa.table(
        {"a": [1, 2, 3], "nothing": pa.nulls(3), "same": [7] * 3, "name": ["p", "q", "r"], "nan": [float("nan")] * 3}
    )
    with pytest.warns(DataWarning) as notes:
        encoder = TableEncoder().fit(table)
    assert list(encoder.ignored_) == ["nothing", "same", "name", "nan"]
    assert "columns 'nothing', 'nan': left out, because every value is missing." in [str(found.message) for found in notes]
    assert encoder.transform(pa.table({"a": [1]})).shape == (1, 1)


@pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")
def test_a_table_that_says_nothing_at_all_is_refused() -> None:
    with pytest.raises(DataError, match=r"at least one column that varies, got 'a': every row holds the same value\. Add one"):
        TableEncoder().fit(pa.table({"a": [1, 1]}))


def test_a_missing_column_is_named_and_its_nearest_relative_suggested() -> None:
    encoder = TableEncoder().fit(pa.table({"age": [1, 2], "height": [3, 4]}))
    with pytest.raises(DataError, match=r"got none named 'height'\. Is it 'heigth' for 'height'\? Rename it"):
        encoder.transform(pa.table({"age": [1], "heigth": [2]}))
    with pytest.raises(DataError, match=r"got none named 'age'\. Add the column"):
        encoder.transform(pa.table({"height": [2]}))


def test_extra_columns_are_ignored_with_a_note_and_order_does_not_matter() -> None:
    encoder = TableEncoder().fit(pa.table({"a": [1, 2], "b": [3, 5]}))
    expected = encoder.transform(pa.table({"a": [1], "b": [5]}))
    with pytest.warns(DataWarning, match="ignored 1 column that the model was not trained on: 'c'"):
        assert np.array_equal(encoder.transform(pa.table({"c": [0], "b": [5], "a": [1]})), expected)


@pytest.mark.parametrize(
    ("trained", "given", "message"),
    [
        ([1, 2, 3], ["1", "many", "3"], r"column 'x' must hold numbers, as in training, got 'many' \(row 2\)"),
        ([True, False, True], ["yes"], "column 'x' must hold true or false, as in training, got 'yes'"),
        ([START, START.replace(year=2025)], ["soon"], "column 'x' must hold dates, as in training, got 'soon'"),
        ([START, START.replace(year=2025)], [5], "column 'x' must hold dates, as in training, got 5"),
    ],
)
def test_changed_types_are_refused(trained: list[Any], given: list[Any], message: str) -> None:
    encoder = TableEncoder().fit(pa.table({"x": trained}))
    with pytest.raises(DataError, match=message):
        encoder.transform(pa.table({"x": given}))


def test_spelled_values_of_the_right_kind_are_understood() -> None:
    encoder = TableEncoder().fit(pa.table({"n": [1, 2, 3], "b": [True, False, True]}))
    plain = encoder.transform(pa.table({"n": [2.0, 3.0], "b": [True, False]}))
    assert np.array_equal(encoder.transform(pa.table({"n": ["2", "3"], "b": ["TRUE", "false"]})), plain)
    assert np.array_equal(encoder.transform(pa.table({"n": [2, 3], "b": [1, 0]})), plain)


def test_tables_that_cannot_be_encoded_are_refused() -> None:
    with pytest.raises(DataError, match="must be a data frame of pandas, polars or pyarrow, got ndarray"):
        TableEncoder().fit(np.eye(2))
    with pytest.raises(DataError, match="must have at least one row, got none"):
        TableEncoder().fit(pd.DataFrame({"a": []}))
    with pytest.raises(DataError, match="column names must be unique, got 'a' as columns 1 and 2"):
        TableEncoder().fit(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(DataError, match="column names must be text, got 0 as column 1"):
        TableEncoder().fit(pd.DataFrame([[1, 2]]))
    with pytest.raises(DataError, match="column 'x' must hold numbers, truth values, dates or text, got the type list<"):
        TableEncoder(kinds={"x": "number"}).fit(pa.table({"x": [[1], [2]]}))


def test_wrong_settings_are_refused() -> None:
    table = pa.table({"a": [1, 2]})
    with pytest.raises(
        InvalidSettingError, match=r"scaling must be one of 'robust', 'standard', got 'robst'\. Did you mean 'robust'\?"
    ):
        TableEncoder(scaling="robst").fit(table)  # type: ignore[arg-type]
    with pytest.raises(InvalidSettingError, match="min_count must be an integer >= 1, got 0"):
        TableEncoder(min_count=0).fit(table)
    with pytest.raises(InvalidSettingError, match="kinds must be one of a, got 'b'"):
        TableEncoder(kinds={"b": "category"}).fit(table)


def test_narwhals_frames_are_taken_as_they_are() -> None:
    table = pa.table(mixed())
    assert np.array_equal(TableEncoder().fit_transform(nw.from_native(table)), TableEncoder().fit_transform(table))


def test_lists_where_truth_values_were_are_refused() -> None:
    encoder = TableEncoder().fit(pa.table({"late": [True, False]}))
    with pytest.raises(DataError, match=r"column 'late' must hold true or false, as in training, got \[1\]"):
        encoder.transform(pa.table({"late": [[1], [0]]}))


@pytest.mark.parametrize("sparse_output", [False, True])
def test_features_do_not_depend_on_how_many_rows_are_written_at_a_time(
    monkeypatch: pytest.MonkeyPatch, sparse_output: bool
) -> None:
    kinds = {
        "size": [1.5, None, math.inf, -2.0] * 600,
        "open": [True, False, None, True] * 600,
        "born": [datetime.date(2020, 1, 1 + i % 28) for i in range(2400)],
        "color": ["red", "blue", "green", None] * 600,
    }
    encoder = TableEncoder(sparse_output=sparse_output)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # about the infinities
        encoder.fit(pa.table(kinds))
    later = pa.table(kinds | {"color": ["red", "blue", "pink", None] * 600})
    with pytest.warns(DataWarning, match="600 values not seen in training") as said:
        whole = encoder.transform(later)
    monkeypatch.setattr("lamina.data.dense_features._BLOCK", 1)
    with pytest.warns(DataWarning, match="600 values not seen in training"):
        in_parts = encoder.transform(later)
    assert len(said) == 1
    assert np.array_equal(whole.toarray() if sparse_output else whole, in_parts.toarray() if sparse_output else in_parts)
