"""``lamina predict`` writes intervals, sets of classes and unfamiliar columns where they are asked for."""

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

RNG = np.random.default_rng(0)
SIZE = RNG.uniform(0, 10, 400)
TABLE = pa.table(
    {
        "size": SIZE,
        "letter": np.array(["a", "b", "c"])[np.clip(SIZE / 4 + RNG.normal(size=400) / 3, 0, 2.9).astype(int)],
        "price": 1000 + 100 * SIZE + RNG.normal(0, 10, 400),
        "area": 50 + 9 * SIZE,
    }
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table, and a model of its numbers, of two of them, and of its classes."""
    folder = tmp_path_factory.mktemp("models")
    write_table(folder / "table.csv", TABLE)
    for name, targets in (("price", ["price"]), ("both", ["price", "area"]), ("letter", ["letter"])):
        options = [option for target in targets for option in ("-t", target)]
        train = ["train", str(folder / "table.csv"), *options, "-o", str(folder / name), "--max-epochs", "5", "--quiet"]
        assert main([*train, "--validation", "0.3"]) == 0
    return folder


def predict(capfd: pytest.CaptureFixture[str], folder: Path, model: str, *options: str) -> tuple[list[str], pa.Table]:
    """The names of the columns that are written, and the table."""
    output = folder / "out.csv"
    arguments = ["predict", str(folder / model), str(folder / "table.csv"), "-o", str(output), *options, "--json", "--quiet"]
    assert main(arguments) == 0
    columns: list[str] = json.loads(capfd.readouterr().out)["columns"]
    return columns, read_table(output)


def test_the_ends_of_an_interval_are_columns_behind_the_prediction(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    columns, written = predict(capfd, folder, "price", "--interval", "0.8")
    assert columns == ["price", "price low", "price high"]
    expected: Any = load_model(folder / "price").predict_interval(TABLE, 0.8)  # type: ignore[union-attr]
    np.testing.assert_allclose(np.column_stack([written["price low"], written["price high"]]), expected)


def test_several_targets_have_the_ends_of_each(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    columns, written = predict(capfd, folder, "both", "--interval", "0.9", "--keep", "price")
    names = [f"{name} {side}" for name in ("predicted price", "area") for side in ("low", "high")]
    assert columns == ["price", "predicted price", "area", *names]
    assert all(low < high for low, high in zip(written[names[2]].to_pylist(), written[names[3]].to_pylist(), strict=True))


def test_a_set_names_its_classes(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    columns, written = predict(capfd, folder, "letter", "--set", "0.95", "--no-proba")
    assert columns == ["letter", "letter set"]
    sets: Any = load_model(folder / "letter").predict_set(TABLE, 0.95)  # type: ignore[union-attr]
    assert written["letter set"].to_pylist() == [" | ".join(np.array(["a", "b", "c"])[row]) for row in sets]
    assert sets.sum() > len(sets)


def test_probabilities_are_written_unless_they_are_declined(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    probabilities = [f"probability of {letter}" for letter in "abc"]
    assert predict(capfd, folder, "letter")[0] == predict(capfd, folder, "letter", "--proba")[0] == ["letter", *probabilities]
    assert predict(capfd, folder, "letter", "--no-proba")[0] == ["letter"]


def test_the_spread_of_members_stands_beside_numbers(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    columns, written = predict(capfd, folder, "both", "--spread", "--keep", "price")
    assert columns == ["price", "predicted price", "predicted price spread", "area", "area spread"]
    model: Any = load_model(folder / "both")
    expected, found = model.predict(TABLE), model.predict_distribution(TABLE)
    np.testing.assert_array_equal(found.mean, expected)
    for i, name in enumerate(("predicted price", "area")):
        np.testing.assert_allclose(written[name], expected[:, i])
        np.testing.assert_allclose(written[f"{name} spread"], found.spread[:, i])


@pytest.mark.parametrize("threshold", [(), ("--decision-threshold", "0.9")])
def test_the_spread_of_a_class_is_that_of_the_predicted_one(
    folder: Path, capfd: pytest.CaptureFixture[str], threshold: tuple[str, ...]
) -> None:
    write_table(folder / "two.csv", TABLE.select(["size"]).append_column("big", pa.array(np.where(SIZE > 5, "yes", "no"))))
    train = ["train", str(folder / "two.csv"), "-t", "big", "-o", str(folder / "two"), "--max-epochs", "3", "--quiet"]
    assert main([*train, *threshold]) == 0
    assert (
        main(["predict", *(str(folder / name) for name in ("two", "two.csv")), "-o", str(folder / "o.csv"), "--spread", "-q"])
        == 0
    )
    written, model = read_table(folder / "o.csv"), load_model(folder / "two")
    assert written.column_names == ["big", "big spread", "probability of no", "probability of yes"]
    spreads = model.predict_distribution(TABLE.select(["size"])).spread  # type: ignore[union-attr]
    places = [["no", "yes"].index(label) for label in written["big"].to_pylist()]
    assert set(places) == {0, 1}
    np.testing.assert_allclose(written["big spread"], spreads[np.arange(400), places], rtol=1e-6)


def test_every_quantile_has_a_spread(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    train = ["train", str(folder / "table.csv"), "-t", "price", "-o", str(folder / "levels"), "--max-epochs", "2", "--quiet"]
    assert main([*train, "--loss", "quantile:levels=0.1,0.9"]) == 0
    names = [f"price at {level}{part}" for level in (0.1, 0.9) for part in ("", " spread")]
    assert predict(capfd, folder, "levels", "--spread")[0] == names


def test_a_spread_that_the_loss_predicts_is_written_in_any_case(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    train = ["train", str(folder / "table.csv"), "-t", "price", "-o", str(folder / "nll"), "--max-epochs", "2", "--quiet"]
    for members in ("1", "2"):
        assert main([*train, "--loss", "gaussian_nll", "--members", members]) == 0
        asked, written = predict(capfd, folder, "nll", "--spread")
        assert asked == predict(capfd, folder, "nll")[0] == ["price", "price spread"]
        np.testing.assert_allclose(written["price"], load_model(folder / "nll").predict(TABLE))  # type: ignore[union-attr]


def test_a_model_without_members_has_no_spread(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    train = ["train", str(folder / "table.csv"), "-o", str(folder / "one"), "--max-epochs", "1", "--quiet"]
    for options, words in (
        (("-t", "price", "--members", "1"), "a model of one network, got True. Train with --members 4."),
        (("-t", "letter", "--loss", "hinge"), "a model without probabilities, got True. Train with the loss log_loss."),
    ):
        assert main([*train, *options]) == 0
        assert main(["predict", str(folder / "one"), "nowhere.csv", "-o", str(folder / "o.csv"), "--spread"]) == 2
        assert f"--spread must be left out for {words}" in " ".join(capfd.readouterr().err.split())


def test_unfamiliar_columns_are_counted(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    odd = TABLE.set_column(0, "size", pa.array([*SIZE[:-1], 1e6]))
    write_table(folder / "odd.csv", odd)
    arguments = [
        "predict",
        str(folder / "price"),
        str(folder / "odd.csv"),
        "-o",
        str(folder / "o.csv"),
        "--unfamiliar",
        "--quiet",
    ]
    assert main(arguments) == 0
    counts = read_table(folder / "o.csv")["unfamiliar columns"].to_pylist()
    assert counts[-1] == 1
    assert sum(counts) < 10


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("price", ("--set", "0.9"), "--set must be left out for a model of numbers, got 0.9. Use --interval."),
        ("letter", ("--interval", "0.9"), "--interval must be left out for a model of classes, got 0.9. Use --set."),
        ("price", ("--interval", "90"), "--interval must be a number in (0, 1), got 90.0"),
        ("letter", ("--set", "0"), "--set must be a number in (0, 1), got 0.0"),
        ("network", ("--interval", "0.9"), "--interval must be left out for a custom network, got 0.9"),
        ("network", ("--spread",), "--spread must be left out for a custom network, got True"),
        ("network", ("--unfamiliar",), "--unfamiliar must be left out for a custom network, got True"),
    ],
)
def test_what_a_model_does_not_have_is_refused_before_the_table_is_read(
    folder: Path, capfd: pytest.CaptureFixture[str], model: str, options: tuple[str, ...], message: str
) -> None:
    if model == "network":
        trainer = Trainer(Sequential([Dense(1)]), "squared_error").build(2)
        save_model(folder / model, trainer)
    assert main(["predict", str(folder / model), "nowhere.csv", "-o", str(folder / "o.csv"), *options]) == 2
    assert message in " ".join(capfd.readouterr().err.split())


def test_a_training_without_calibration_has_no_intervals(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table, model, output = (str(folder / name) for name in ("table.csv", "bare", "o.csv"))
    assert main(["train", table, "-t", "price", "-o", model, "--max-epochs", "2", "--no-calibration", "--quiet"]) == 0
    assert main(["predict", model, table, "-o", output, "--interval", "0.9"]) == 1
    error = " ".join(capfd.readouterr().err.split())
    assert "--interval needs a model that was calibrated on validation rows" in error
    assert "Train again with validation rows (--validation above 0), and without --no-calibration." in error


def test_the_option_is_named_where_validation_rows_are_too_few(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_table(folder / "few.csv", TABLE[:12])
    few, model, output = (str(folder / name) for name in ("few.csv", "of_few", "o.csv"))
    assert main(["train", few, "-t", "price", "-o", model, "--max-epochs", "2", "--quiet"]) == 0
    assert main(["predict", model, few, "-o", output, "--interval", "0.9"]) == 1
    error = " ".join(capfd.readouterr().err.split())
    assert "--interval needs" in error
    assert "too few validation rows, 1 and not 2. Train again on more rows, or hold out more of them (--validation)." in error
    assert "no-calibration" not in error


def test_a_loss_without_probabilities_has_no_sets_in_the_words_of_the_command(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    table, model, output = (str(folder / name) for name in ("table.csv", "hinge", "o.csv"))
    options = ["--max-epochs", "2", "--loss", "hinge", "--quiet"]
    assert main(["train", table, "-t", "letter", "-o", model, *options]) == 0
    assert main(["predict", model, table, "-o", output, "--set", "0.9"]) == 1
    error = " ".join(capfd.readouterr().err.split())
    assert "--set needs a classifier trained with log_loss, which this model is not. Leave it out." in error


def test_a_class_with_the_separator_in_its_name_is_quoted(tmp_path: Path) -> None:
    names = np.array(["x", "y", "x | y", 'say "y"'])
    table = pa.table({"size": SIZE, "kind": names[np.arange(400) % 4]})
    write_table(tmp_path / "table.csv", table)
    train = ["train", str(tmp_path / "table.csv"), "-t", "kind", "-o", str(tmp_path / "m"), "--max-epochs", "2", "--quiet"]
    assert main(train) == 0
    output = str(tmp_path / "o.csv")
    assert main(["predict", str(tmp_path / "m"), str(tmp_path / "table.csv"), "-o", output, "--set", "0.99", "--quiet"]) == 0
    assert 'x | "x | y" | y' in read_table(output)["kind set"].to_pylist()[0]
    assert '"say ""y"""' in read_table(output)["kind set"].to_pylist()[0]
