"""Prose is told from categories, becomes the topics of its words, and does so alike wherever it came from."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
import uuid
import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from lamina.data import DataWarning, TableEncoder
from lamina.data.words import count_words
from lamina.errors import InvalidSettingError

NUM_ROWS = 200
GOOD = ["lovely", "fresh", "tasty", "great", "perfect", "friendly"]
BAD = ["stale", "broken", "awful", "cold", "late", "rude"]
PLAIN = ["the", "coffee", "service", "was", "and", "table", "very", "our", "waiter", "with", "today", "food", "Häagen"]


def prose(num_rows: int = NUM_ROWS, seed: int = 0) -> tuple[list[str], np.ndarray]:
    """Reviews, and whether they praise."""
    rng = np.random.default_rng(seed)
    praises = rng.random(num_rows) < 0.5
    texts = []
    for i, is_good in enumerate(praises):
        words = [*rng.choice(PLAIN, 8), *rng.choice(GOOD if is_good else BAD, 2)]
        texts.append(f"{' '.join(rng.permutation(words))}! no{i}".capitalize())
    return texts, praises


TEXTS, PRAISES = prose()
TABLE = pa.table({"note": TEXTS, "x": range(NUM_ROWS)})
SURNAMES = [first + last for first in ("Ander", "Berg", "Carl", "Dahl", "Erik") for last in ("son", "gren", "ström", "qvist")]


def fitted(table: Any, **settings: Any) -> TableEncoder:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return TableEncoder(**settings).fit(table)


def test_prose_is_read_by_its_words_with_one_note() -> None:
    with pytest.warns(DataWarning) as notes:
        encoder = TableEncoder().fit(TABLE)
    assert [str(found.message) for found in notes] == ["column 'note': read as free text, by its words."]
    row = encoder.columns_[0]
    assert (row.kind, row.missing, row.note) == ("text", 0, "read as free text, by its words")
    assert 16 <= row.features <= 32
    names = encoder.get_feature_names_out().tolist()
    assert names[:2] == ["note:topic1", "note:topic2"]
    assert names[row.features - 1 :] == ["note:length", "x"]


def test_its_features_tell_what_the_words_do() -> None:
    rows = np.arange(NUM_ROWS)
    features = fitted(TABLE).transform(TABLE)[:, :-1]
    train, test = rows[:150], rows[150:]
    slope = np.linalg.lstsq(np.c_[features[train], np.ones(150)], 2.0 * PRAISES[train] - 1, rcond=None)[0]
    right = (np.c_[features[test], np.ones(50)] @ slope > 0) == PRAISES[test]
    assert right.mean() > 0.9


@pytest.mark.parametrize(
    "values",
    [
        [str(uuid.UUID(int=i * 10**30)) for i in range(NUM_ROWS)],
        [f"{SURNAMES[i % 20]}, Mr Karl {SURNAMES[i // 20]} {i:b}" for i in range(NUM_ROWS)],
        [f"{i} {SURNAMES[i % 20]} Road, Durham, North Carolina 277{i % 10}" for i in range(NUM_ROWS)],
        [f"on {datetime.date(2024, 1, 1) + datetime.timedelta(i):%a %d of %B %Y}, Pacific Time" for i in range(NUM_ROWS)],
        [f"SKU {i:05d} rev {i % 7}" for i in range(NUM_ROWS)],
        [f"{i % 90}.5 N, {i // 2}.25 W" for i in range(NUM_ROWS)],
        [f"the same words in all of the rows, number {i}" for i in range(NUM_ROWS)],
    ],
    ids=["identifiers", "names", "addresses", "dates", "codes", "places", "forms"],
)
def test_what_only_looks_like_prose_is_not_taken_for_it(values: list[str]) -> None:
    assert fitted(pa.table({"a": values, "x": range(NUM_ROWS)})).reader_.readers["a"].kind == "category"


def test_texts_that_many_rows_have_are_categories() -> None:
    answers = [TEXTS[i % 8] for i in range(NUM_ROWS)]
    assert fitted(pa.table({"a": answers})).columns_[0].kind == "category"


def test_the_order_of_rows_changes_no_bit() -> None:
    order = np.random.default_rng(1).permutation(NUM_ROWS)
    encoder, other = fitted(TABLE), fitted(TABLE.take(pa.array(order)))
    assert other.columns_[0].kind == "text"
    assert np.array_equal(encoder.transform(TABLE)[order], other.transform(TABLE.take(pa.array(order))))


@pytest.mark.parametrize(("text", "kinds"), [("off", None), ("auto", {"note": "category"})])
def test_it_can_be_left_to_the_rules_of_categories(text: str, kinds: Any) -> None:
    encoder = fitted(TABLE, text=text, kinds=kinds)
    assert encoder.ignored_ == {
        "note": "all categories are too rare to learn from: none has as many rows as min_count",
    }
    assert fitted(TABLE, text=text, kinds=kinds, min_count=1).columns_[0].kind == "category"


def test_a_column_may_be_said_to_be_text() -> None:
    few = [f"{a} {b}" for a in GOOD for b in PLAIN] * 5
    assert fitted(pa.table({"a": few}), max_categories=50).columns_[0].kind == "category"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder = TableEncoder(kinds={"a": "text"}, text="off").fit(pa.table({"a": few}))
    assert (encoder.columns_[0].kind, encoder.columns_[0].note) == ("text", "")
    assert encoder.transform(pa.table({"a": ["fresh coffee"]})).any()


def test_texts_that_share_no_words_are_left_out_for_that_reason() -> None:
    alone = [f"{chr(97 + i % 26)}{i}x {i}y" for i in range(40)]
    with pytest.warns(
        DataWarning, match="column 'a': left out, because its texts do not differ in words that several of them share"
    ):
        TableEncoder(kinds={"a": "text"}).fit(pa.table({"a": alone, "x": range(40)}))
    with pytest.warns(DataWarning, match="column 'a': left out, because every row holds the same value"):
        TableEncoder(kinds={"a": "text"}).fit(pa.table({"a": ["one text"] * 40, "x": range(40)}))


def test_missing_texts_are_marked_and_those_without_known_words_have_no_topic() -> None:
    table = pa.table({"note": [None, *TEXTS[1:]]})
    encoder = fitted(table)
    names = encoder.get_feature_names_out().tolist()
    assert names[-2:] == ["note:length", "note=(missing)"]
    features = encoder.transform(pa.table({"note": [None, "Xyzzy 99", "", TEXTS[5]]}))
    assert features[0].tolist() == features[2].tolist() == [0.0] * (len(names) - 1) + [1.0]
    assert features[1, :-2].tolist() == [0.0] * (len(names) - 2)
    assert features[1, -1] == features[3, -1] == 0.0
    assert features[3, :-2].any()
    # Where training had none, the missing are an average text, without a mark.
    assert fitted(TABLE.select(["note"])).transform(pa.table({"note": [None]})).tolist() == [[0.0] * (len(names) - 1)]


def test_case_and_marks_do_not_count_and_words_need_two_letters() -> None:
    counted = count_words(pa.array(["Don't STOP, a “naïve” i_o 日本語、テスト!", "", "stop-stop"], pa.large_string()))
    assert counted.words.to_pylist() == ["don", "naïve", "stop", "テスト", "日本語"]
    assert counted.counts.toarray().tolist() == [[1, 1, 1, 1, 1], [0, 0, 0, 0, 0], [0, 0, 2, 0, 0]]
    assert counted.num_texts.tolist() == [1, 1, 2, 1, 1]
    assert count_words(pa.array([f"{'é ' * 2499}of later"], pa.large_string())).words.to_pylist() == ["of"]
    encoder = fitted(TABLE)
    shouted = pa.table({"note": [text.upper().replace(" ", " -- ") for text in TEXTS], "x": range(NUM_ROWS)})
    assert np.array_equal(encoder.transform(shouted), encoder.transform(TABLE))


def test_features_follow_their_formula() -> None:
    column = fitted(TABLE).encoders_[0]
    words = TEXTS[7].lower().replace("!", "").split()
    weights = np.array(
        [
            (1 + np.log(words.count(word))) * rarity if word in words else 0.0
            for word, rarity in zip(column.words, column.rarity, strict=True)
        ]
    )
    topics = weights / np.linalg.norm(weights) @ column.topics - column.center
    known = sum(words.count(word) for word in column.words)
    z = np.append(topics, (np.log(1 + known) - column.mean_length) / column.length_deviation)
    features = fitted(TABLE).transform(TABLE)[7, :-1]
    np.testing.assert_allclose(features, z / np.sqrt(1 + (z / 3) ** 2), atol=1e-5)


def test_rows_are_encoded_one_by_one_as_together_and_beside_many_categories() -> None:
    table = TABLE.append_column("shop", pa.array([f"s{i % 20}" for i in range(NUM_ROWS)]))
    dense, either = fitted(table), fitted(table, sparse_output="auto")
    features = dense.transform(table)
    assert np.array_equal(either.transform(table).toarray(), features)
    for i in (0, 50, 199):
        assert np.array_equal(dense.transform(table.slice(i, 1)), features[i : i + 1])


@pytest.mark.parametrize("library", [pa.table, pl.DataFrame, pd.DataFrame])
def test_categoricals_are_free_text_only_by_hand(library: Any) -> None:
    series = pd.Series(TEXTS, dtype="category")
    assert fitted(pd.DataFrame({"note": series, "x": range(NUM_ROWS)})).ignored_.keys() == {"note"}
    encoder = fitted(pd.DataFrame({"note": series, "x": range(NUM_ROWS)}), kinds={"note": "text"})
    expected = fitted(TABLE, kinds={"note": "text"}).transform(TABLE)
    assert np.array_equal(encoder.transform(library({"note": TEXTS, "x": range(NUM_ROWS)})), expected)


PROGRAM = """
import sys
import pyarrow as pa
from lamina.data import TableEncoder
texts = sys.stdin.read().split("|")
table = pa.table({"note": texts})
features = TableEncoder().fit(table).transform(table)
print(features.shape[1], features.tobytes().hex())
"""


def test_neither_the_hash_seed_nor_the_number_of_threads_changes_a_bit() -> None:
    def run(seed: str, threads: str) -> bytes:
        given = {"PYTHONHASHSEED": seed, "PYTHONWARNINGS": "ignore", "OPENBLAS_NUM_THREADS": threads}
        program = [sys.executable, "-c", PROGRAM]
        return subprocess.run(
            program, check=True, env={**os.environ, **given}, input="|".join(TEXTS).encode(), capture_output=True
        ).stdout

    assert run("1", "1") == run("2", "2")


def test_a_wrong_setting_is_refused() -> None:
    with pytest.raises(InvalidSettingError, match=r"text must be one of 'auto', 'off', got 'on'"):
        TableEncoder(text="on").fit(TABLE)  # type: ignore[arg-type]
    with pytest.raises(InvalidSettingError, match=r"kinds must be .*'category', 'text', 'ignore'.*got {'note': 'prose'}"):
        TableEncoder(kinds={"note": "prose"}).fit(TABLE)  # type: ignore[dict-item]
