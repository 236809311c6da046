"""The commands know networks of one's own, saved from Python: what is in them, and what they say of a table's rows."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from lamina import Concat, CustomLoss, Dense, Graph, Input, MLPClassifier, MLPRegressor, Sequential, Trainer, save_model
from lamina.cli.main import main
from lamina.data import read_table, write_table

RNG = np.random.default_rng(2)
X = RNG.normal(size=(30, 4))
COLUMNS = {name: X[:, i] for i, name in enumerate("abcd")}


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Trainer]:
    """A network of two inputs and outputs, a table of its inputs with an id in front, and the trainer."""
    a, b = Input(3, name="first"), Input(1, name="second")
    h = Concat()([Dense(4, activation="tanh")(a), b])
    network = Graph([a, b], [Dense(3, name="kind")(h), Dense(1, name="price")(h)])
    trainer = Trainer(network, ["softmax_cross_entropy", "squared_error"], dtype="float64")
    trainer.fit([X[:, :3], X[:, 3:]], [RNG.integers(3, size=30), X[:, 0]], max_epochs=12)
    save_model(tmp_path / "net.lamina", trainer)
    write_table(tmp_path / "x.parquet", pa.table({"id": np.arange(30), **COLUMNS}))
    return tmp_path / "net.lamina", tmp_path / "x.parquet", trainer


def refusal(capfd: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main([str(argument) for argument in arguments]) in (1, 2)
    return " ".join(capfd.readouterr().err.split())


def test_info_prints_network_outputs_history_and_why_it_stopped(files, capfd) -> None:
    assert main(["info", str(files[0])]) == 0
    printed = capfd.readouterr().out
    for words in (
        "Dense(4, tanh)",
        "kind: softmax_cross_entropy, predicts with softmax",
        "price loss",
        "Trained for 12 epochs",
        "Stopped",
    ):
        assert words in printed


def test_info_of_a_network_without_training_says_so(tmp_path: Path, capfd) -> None:
    save_model(tmp_path / "a", Trainer(Sequential([Dense(1)], 2), "squared_error"))
    assert main(["info", str(tmp_path / "a")]) == 0
    assert "Not trained." in capfd.readouterr().out


def test_info_as_json_holds_the_whole_history(files, capfd) -> None:
    assert main(["info", str(files[0]), "--json"]) == 0
    printed = json.loads(capfd.readouterr().out)
    assert [record["loss"] for record in printed["history"]] == files[2].history[:, "loss"]
    assert printed["outputs"]["kind"] == {"width": 3, "loss": "softmax_cross_entropy", "link": "softmax"}
    assert printed["inputs"] == {"first": 3, "second": 1}


def test_columns_that_are_not_kept_are_the_inputs_in_their_order(files, tmp_path: Path) -> None:
    model, table, trainer = files
    output = tmp_path / "out.parquet"
    assert main(["predict", str(model), str(table), "-o", str(output), "--keep", "id"]) == 0
    kinds, prices = trainer.predict([X[:, :3], X[:, 3:]])
    predicted = read_table(output)
    assert predicted.column_names == ["id", "kind", "kind[0]", "kind[1]", "kind[2]", "price"]
    np.testing.assert_array_equal(predicted["price"].to_numpy(), prices[:, 0])
    np.testing.assert_array_equal(predicted["kind"].to_numpy(), kinds.argmax(axis=1))
    np.testing.assert_array_equal(np.column_stack([predicted[f"kind[{i}]"] for i in range(3)]), kinds)


def one_output() -> Sequential:
    return Sequential([Dense(5, activation="tanh"), Dense(1)], 4)


def one_output_of_a_graph() -> Graph:
    a = Input(4, name="rows")
    return Graph([a], [Dense(1, name="price")(Dense(5, activation="tanh")(a))])


def two_outputs_of_a_graph() -> Graph:
    a = Input(4, name="rows")
    h = Dense(5, activation="tanh")(a)
    return Graph([a], [Dense(1, name="price")(h), Dense(1, name="area")(h)])


@pytest.mark.parametrize("build", [one_output, one_output_of_a_graph, two_outputs_of_a_graph])
@pytest.mark.parametrize("keep", [(), ("id",)])
def test_a_network_of_one_input_predicts_what_it_does_from_python(build, keep: tuple[str, ...], tmp_path: Path) -> None:
    network = build()
    names = network.output_names
    trainer = Trainer(network, ["squared_error"] * len(names), dtype="float64")
    save_model(tmp_path / "net.lamina", trainer)
    kept = {name: np.arange(30) for name in keep}
    write_table(tmp_path / "x.parquet", pa.table({**COLUMNS, **kept}))
    output = tmp_path / "out.parquet"
    options = ["--keep", *keep] if keep else []
    assert main(["predict", str(tmp_path / "net.lamina"), str(tmp_path / "x.parquet"), "-o", str(output), *options]) == 0
    predicted = read_table(output)
    expected = trainer.predict(X) if len(names) > 1 else [trainer.predict(X)]
    assert predicted.column_names == [*keep, *names]
    for name, values in zip(names, expected, strict=True):
        np.testing.assert_array_equal(predicted[name].to_numpy(), values[:, 0])


def test_another_number_of_columns_is_refused_with_what_to_do(files, tmp_path: Path, capfd) -> None:
    model, table, _ = files
    words = refusal(capfd, "predict", model, table, "-o", tmp_path / "out.csv")
    assert "one column for each of the network's 4 inputs (first: 3, second: 1), got 5 (id, a, b, c, d)" in words
    assert "name them with --keep" in words


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (["x"] * 30, "column 'c' must hold numbers for a network without an encoder, got string"),
        ([None, *X[1:, 2]], "column 'c' must have a number in every row, got 1 without"),
        ([np.inf, *X[1:, 2]], "must hold finite numbers, got 1"),
    ],
)
def test_columns_that_hold_no_numbers_are_refused_by_name(files, tmp_path: Path, capfd, column: list, words: str) -> None:
    write_table(tmp_path / "bad.parquet", pa.table({**COLUMNS, "c": column}))
    assert words in refusal(capfd, "predict", files[0], tmp_path / "bad.parquet", "-o", tmp_path / "out.csv")


def test_a_kept_column_must_not_have_a_predicted_ones_name(files, tmp_path: Path, capfd) -> None:
    write_table(tmp_path / "x.parquet", pa.table({"price": np.arange(30), **COLUMNS}))
    words = refusal(capfd, "predict", files[0], tmp_path / "x.parquet", "-o", tmp_path / "out.csv", "--keep", "price")
    assert "--keep must not name a predicted column, got 'price'" in words


def test_a_link_that_no_file_holds_is_said(tmp_path: Path, capfd) -> None:
    def absolute(logits, targets):
        return np.abs(logits - targets).sum(axis=1)

    save_model(tmp_path / "a", Trainer(Sequential([Dense(1)], 4), CustomLoss(absolute, inverse_link=np.tanh)))
    write_table(tmp_path / "x.parquet", pa.table(COLUMNS))
    assert "must have a name" in refusal(capfd, "predict", tmp_path / "a", tmp_path / "x.parquet", "-o", tmp_path / "out.csv")


def test_evaluate_is_for_models_of_tables(files, capfd) -> None:
    assert "must be a table model saved by" in refusal(capfd, "evaluate", files[0], files[1])


def test_an_estimator_predicts_in_python(files, tmp_path: Path, capfd) -> None:
    save_model(tmp_path / "e", MLPRegressor(hidden_layer_sizes=4, solver="lbfgs", random_state=0).fit(X, X[:, 0]))
    refused = refusal(capfd, "predict", tmp_path / "e", files[1], "-o", tmp_path / "out.csv")
    assert "got a MLPRegressor. Use it from Python" in refused


def test_info_describes_an_estimator(tmp_path: Path, capfd) -> None:
    model = MLPClassifier(hidden_layer_sizes=4, solver="lbfgs", random_state=0)
    save_model(tmp_path / "e", model.fit(pd.DataFrame(COLUMNS), np.array(["no", "yes"])[(X[:, 0] > 0).astype(int)]))
    assert main(["info", str(tmp_path / "e")]) == 0
    printed = " ".join(capfd.readouterr().out.split())
    assert printed.startswith("An MLPClassifier of 2 classes (no, yes), fitted in Python on 4 columns (a, b, c, d).")
    for words in ("dense_2", f"Trained for {len(model.history_)} epochs", f"Stopped: {model.stop_reason_.text}"):
        assert words in printed
    assert main(["info", str(tmp_path / "e"), "--json"]) == 0
    described = json.loads(capfd.readouterr().out)
    assert (described["estimator"], described["classes"], described["columns"]) == ("MLPClassifier", ["no", "yes"], list("abcd"))
    assert len(described["history"]) == len(model.history_)


def test_info_describes_an_estimator_of_numbers(tmp_path: Path, capfd) -> None:
    save_model(tmp_path / "e", MLPRegressor(hidden_layer_sizes=4, solver="lbfgs", random_state=0).fit(X[:, :1], X[:, 0]))
    assert main(["info", str(tmp_path / "e")]) == 0
    assert "An MLPRegressor, fitted in Python on 1 column." in capfd.readouterr().out
