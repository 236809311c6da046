"""Columns of many categories as codes, for a network that learns vectors of them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse

from lamina.data import TableEncoder
from lamina.data.columns import CodedColumn
from lamina.errors import InvalidSettingError
from lamina.validation import InvalidParameterError

TOWNS = [*("Bonn", "Kiel", "Ulm") * 3, "Jena", None, None]
TABLE = pa.table({"size": np.arange(12.0), "town": TOWNS, "sky": ["gray", "blue"] * 6})


def encoder(**settings: Any) -> TableEncoder:
    return TableEncoder(**{"min_count": 3, "embed_from": 3, **settings}).fit(TABLE)


def test_a_category_of_many_values_becomes_one_feature_of_codes() -> None:
    fitted = encoder()
    assert fitted.get_feature_names_out().tolist() == ["size", "town", "sky=blue", "sky=gray"]
    assert fitted.cardinalities == (None, 5, None, None)
    assert fitted.transform(TABLE)[:, 1].tolist() == [1, 2, 3] * 3 + [0, 4, 4]


def test_frequent_categories_come_first_and_ties_by_name_whatever_the_order_of_rows() -> None:
    towns = ["b", "a", "c", "c", "a", "c", "b"]
    for order in (slice(None), slice(None, None, -1)):
        fitted = TableEncoder(min_count=1, embed_from=2).fit(pa.table({"town": towns[order]}))
        assert fitted.encoders_[0].categories == ("c", "a", "b")  # type: ignore[attr-defined]


def test_unseen_categories_have_the_code_of_rare_ones_without_a_note_and_are_unfamiliar() -> None:
    fitted = encoder()
    later = pa.table({"size": [0.0] * 3, "town": ["Ulm", "Trier", None], "sky": ["blue"] * 3})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fitted.transform(later)[:, 1].tolist() == [3, 0, 4]
    (column,) = (column for column in fitted.encoders_ if isinstance(column, CodedColumn))
    assert column.is_unfamiliar(fitted.read(later)["town"]).tolist() == [False, True, False]


def test_a_missing_value_is_unknown_where_training_had_none() -> None:
    fitted = TableEncoder(min_count=1, embed_from=2).fit(pa.table({"town": ["a", "b", "b"]}))
    assert fitted.cardinalities == (3,)
    missing = pa.table({"town": pa.array(["b", None], pa.string())})
    assert fitted.transform(missing)[:, 0].tolist() == [1, 0]
    assert fitted.encoders_[0].is_unfamiliar(fitted.read(missing)["town"]).tolist() == [False, True]


def test_below_so_many_frequent_categories_each_has_a_feature() -> None:
    names = ["town=Bonn", "town=Kiel", "town=Ulm", "town=(rare)", "town=(missing)"]
    for fitted in (encoder(embed_from=4), encoder(embed_from=None), encoder(min_count=5, max_categories=3, embed_from=3)):
        assert fitted.cardinalities is None
    assert encoder(embed_from=4).get_feature_names_out().tolist()[1:6] == names


def test_codes_have_no_maximum_of_categories() -> None:
    assert encoder(max_categories=1).cardinalities == (None, 5, None, None)


def test_sparse_features_hold_the_same_codes() -> None:
    found = encoder(sparse_output=True).transform(TABLE)
    assert sparse.issparse(found)
    np.testing.assert_array_equal(found.toarray(), encoder().transform(TABLE))


def test_a_column_of_codes_is_no_reason_for_a_sparse_matrix() -> None:
    towns = pa.table({"town": [f"town {i}" for i in range(50)] * 2})
    assert TableEncoder(min_count=1, embed_from=20, sparse_output="auto").fit(towns).is_sparse is False
    assert TableEncoder(min_count=1, sparse_output="auto").fit(towns).is_sparse is True


def test_the_summary_calls_it_a_category_and_counts_codes_and_rare_rows() -> None:
    (row,) = (row for row in encoder().columns_ if row.column == "town")
    assert (row.kind, row.form, row.features, row.missing, row.rare) == ("category", "5 codes", 1, 2, 1)


def test_a_dict_gives_the_encoder_back() -> None:
    fitted = encoder()
    again = TableEncoder.from_dict(fitted.to_dict())
    assert again.cardinalities == fitted.cardinalities
    np.testing.assert_array_equal(again.transform(TABLE), fitted.transform(TABLE))


@pytest.mark.parametrize("wrong", [1, 0, 2.5, "many", True])
def test_other_numbers_of_categories_are_refused(wrong: Any) -> None:
    with pytest.raises(InvalidParameterError, match="embed_from must be"):
        encoder(embed_from=wrong)


@pytest.mark.parametrize("categories", [(), ("a", "a")])
def test_categories_of_a_description_are_distinct(categories: tuple[str, ...]) -> None:
    with pytest.raises(InvalidSettingError, match="must have distinct categories, at least one"):
        CodedColumn("town", categories, has_missing=False)
