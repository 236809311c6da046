"""Models of tables with free text: trained, kept in files as arrays, and refused where a file is wrong."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.base import clone

from lamina import TabularClassifier
from lamina.errors import FileError
from lamina.files import read_tensors, write_tensors
from lamina.model import TableModel, TableSettings, fit_table, load_model, save_model
from lamina.model.table_settings import EncodingSettings, NetworkSettings, StoppingSettings

RNG = np.random.default_rng(0)
PRAISES = RNG.random(400) < 0.5
WORDS = {True: ["lovely", "fresh", "tasty", "great"], False: ["stale", "awful", "cold", "rude"]}
PLAIN = ["the", "coffee", "service", "was", "and", "table", "very", "our", "waiter", "with", "today", "food"]
TEXTS = [
    " ".join(RNG.permutation([*RNG.choice(PLAIN, 8), *RNG.choice(WORDS[bool(praises)], 2)])) + f" {i}"
    for i, praises in enumerate(PRAISES)
]
TABLE = pa.table({"note": TEXTS, "x": RNG.normal(size=400), "kind": np.where(PRAISES, "good", "bad")})

pytestmark = pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")


def trained(**encoding: Any) -> TableModel:
    settings = TableSettings(
        network=NetworkSettings(hidden=(8,)), stopping=StoppingSettings(max_epochs=40), encoding=EncodingSettings(**encoding)
    )
    return fit_table(TABLE, "kind", settings=settings).model


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "a.model"
    save_model(path, trained())
    return path


def test_a_model_learns_from_free_text_and_without_it_does_not() -> None:
    assert trained().summary["metrics"]["model"]["auc"] > 0.95
    assert trained(text="off").summary["metrics"]["model"]["auc"] < 0.75
    assert trained(text="off", kinds=("note=text",)).encoder.columns_[0].kind == "text"


def test_the_estimators_have_the_setting() -> None:
    X, y = TABLE.select(["note", "x"]), TABLE["kind"].to_pylist()
    model = clone(TabularClassifier(hidden=8, max_epochs=8, random_state=0)).fit(X, y)
    assert [row.kind for row in model.columns_] == ["text", "number"]
    assert model.set_params(text="off").fit(X, y).columns_[0].kind == "left out"


def test_a_file_gives_the_same_model_back_and_holds_its_numbers_as_arrays(tmp_path: Path) -> None:
    model = trained()
    save_model(tmp_path / "a", model)
    loaded = load_model(tmp_path / "a")
    assert isinstance(loaded, TableModel)
    assert np.array_equal(loaded.predict_proba(TABLE), model.predict_proba(TABLE))
    assert str(loaded.columns_) == str(model.columns_)
    assert loaded.encoder.text == "auto"
    save_model(tmp_path / "b", loaded)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    arrays, header = read_tensors(tmp_path / "a")
    assert {name for name in arrays if "encoder" in name} == {f"encoder.0.{name}" for name in ("center", "rarity", "topics")}
    assert "topics" not in header["table"]["encoder"]["encoders"][0]


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("encoder.0.topics", lambda array: array[:-1], r"topics of column 'note' must be an array of shape \(\d+, \d+\)"),
        ("encoder.0.center", lambda array: array[:-1], "topics of column 'note' must be an array of shape"),
        ("encoder.0.rarity", lambda array: array * np.nan, "rarity of column 'note' must be .* of finite float32"),
        ("encoder.0.rarity", lambda array: 0 * array, "rarity of column 'note' must be > 0"),
        ("encoder.0.spoon", lambda array: np.zeros(3), "column 'note' must have no keys other than .*, got 'spoon'"),
        ("encoder.1.topics", lambda array: np.zeros(3), "column 'x' must have no keys other than .*, got 'topics'"),
        ("encoder.9.topics", lambda array: np.zeros(3), "IndexError"),
        ("encoder.topics", lambda array: np.zeros(3), "ValueError"),
        (
            "encoder.-2.topics",
            lambda array: np.zeros(3),
            r"must have the name that it is saved under, got \['encoder.-2.topics'\]",
        ),
    ],
)
def test_arrays_that_are_not_the_encoders_are_refused(stored: Path, tmp_path: Path, name: str, wrong: Any, message: str) -> None:
    arrays, header = read_tensors(stored)
    write_tensors(tmp_path / "a", {**arrays, name: wrong(arrays.get(name))}, header)
    with pytest.raises(FileError, match=message):
        load_model(tmp_path / "a")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("words", ["coffee"], "rarity of column 'note' must be an array of shape"),
        ("words", lambda words: [words[1], *words[1:]], "the words of column 'note' must be distinct"),
        ("words", 3, "\"words\" of column 'note' must be a list"),
        ("length_deviation", 0.0, "length_deviation of column 'note' must be > 0"),
        ("mean_length", None, "\"mean_length\" of column 'note' must be a finite number"),
    ],
)
def test_a_description_that_is_not_an_encoders_is_refused(
    stored: Path, tmp_path: Path, field: str, value: Any, message: str
) -> None:
    arrays, header = copy.deepcopy(read_tensors(stored))
    column = header["table"]["encoder"]["encoders"][0]
    column[field] = value(column[field]) if callable(value) else value
    write_tensors(tmp_path / "a", arrays, header)
    with pytest.raises(FileError, match=message):
        load_model(tmp_path / "a")
