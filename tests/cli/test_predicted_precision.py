"""``lamina predict --precision mixed``: predictions and probabilities are those of mixed precision, what measures them is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lamina import Dense, Sequential, Trainer, save_model
from lamina.cli.main import main
from lamina.data import read_table, write_table
from lamina.model import load_model

RNG = np.random.default_rng(5)
X = RNG.normal(size=(300, 3)).astype(np.float32)
TABLE = pa.table({"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "sum": X.sum(axis=1), "kind": np.where(X[:, 0] > 0, "up", "down")})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_table(folder / "table.csv", TABLE)
    for target in ("sum", "kind"):
        train = ["train", str(folder / "table.csv"), "-t", target, "-o", str(folder / target), "--validation", "0.3", "--quiet"]
        assert main([*train, "--max-epochs", "3", "--hidden", "16"]) == 0
    for dtype in ("float32", "float64"):
        network = Sequential([Dense(8, activation="relu"), Dense(1)], 3)
        save_model(folder / dtype, Trainer(network, "squared_error", dtype=dtype).build())
    return folder


def predict(capfd: pytest.CaptureFixture[str], folder: Path, model: str, *options: str, table: str = "table.csv") -> pa.Table:
    """What is written with mixed precision."""
    output = folder / "out.parquet"
    arguments = ["predict", str(folder / model), str(folder / table), "-o", str(output), "--precision", "mixed", *options]
    assert main([*arguments, "--json", "--quiet"]) == 0
    assert json.loads(capfd.readouterr().out)["rows"] == len(X)
    return read_table(output)


def test_numbers_are_rounded_and_their_intervals_and_spreads_are_not(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    written, model = predict(capfd, folder, "sum", "--interval", "0.8", "--spread"), load_model(folder / "sum")
    table: Any = read_table(folder / "table.csv")
    np.testing.assert_array_equal(written["sum"], model.predict(table, precision="mixed"))
    assert not np.array_equal(written["sum"], model.predict(table))
    low, high = model.predict_interval(table, 0.8).T  # type: ignore[union-attr]
    np.testing.assert_array_equal(written["sum low"], low)
    np.testing.assert_array_equal(written["sum high"], high)
    np.testing.assert_array_equal(written["sum spread"], model.predict_distribution(table).spread)


def test_classes_have_rounded_probabilities(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    written, model = predict(capfd, folder, "kind"), load_model(folder / "kind")
    table: Any = read_table(folder / "table.csv")
    probabilities = model.predict_proba(table, precision="mixed")  # type: ignore[union-attr]
    np.testing.assert_array_equal(written["probability of up"], probabilities[:, 1])
    assert written["kind"].to_pylist() == model.predict(table, precision="mixed").tolist()
    assert not np.array_equal(written["probability of up"], model.predict_proba(table)[:, 1])  # type: ignore[union-attr]


def test_a_custom_network_predicts_so_too(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_table(folder / "x.parquet", pa.table({name: X[:, i] for i, name in enumerate("abc")}))
    written = predict(capfd, folder, "float32", table="x.parquet")
    np.testing.assert_array_equal(written.column(0), load_model(folder / "float32").predict(X, precision="mixed")[:, 0])


def test_a_model_of_float64_is_refused_before_the_table_is_read(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    output = ["-o", str(folder / "out.csv"), "--precision", "mixed"]
    assert main(["predict", str(folder / "float64"), str(folder / "nowhere.csv"), *output]) == 2
    words = " ".join(capfd.readouterr().err.split())
    assert "--precision must be 'full' with float64: mixed precision rounds float32" in words
    assert words.endswith("Leave it out, or train in float32.")
