"""The main job: train on a table, look at the model, measure it, predict with it."""

from __future__ import annotations

import dataclasses
import inspect
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from sklearn.datasets import load_digits

import lamina
from lamina.activations import get_activation
from lamina.cli.main import main
from lamina.data import read_table, write_table
from lamina.engine import engine_info
from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.initializers import Constant, Normal
from lamina.losses import Huber
from lamina.model import TableSettings, load_model
from lamina.model.table_settings import PRESETS
from lamina.optimizers import LBFGS, Adam, PerturbOne
from lamina.schedules import Cosine, CosLog, FlatCosine, Step, WarmUp
from lamina.training import Progress

ADULT = Path(__file__).parents[2] / "examples" / "data" / "adult.csv.gz"


def run(capfd: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    """The JSON object that a command prints."""
    assert main([*map(str, arguments), "--json"]) == 0
    printed: dict[str, Any] = json.loads(capfd.readouterr().out)
    return printed


def write_regression(path: Path, num_rows: int = 300) -> Path:
    rng = np.random.default_rng(0)
    size, noise = rng.uniform(0, 10, num_rows), rng.normal(0, 10, num_rows)
    letters = np.array(["a", "b", "c"])[rng.integers(3, size=num_rows)]
    price = 1000 + 100 * size + 300 * (letters == "b") + noise
    write_table(path, pa.table({"size": size, "letter": letters, "price": price}))
    return path


def test_adult_with_one_network_reaches_an_auc_of_0_92(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """With the defaults, tests/docs/test_pages.py trains on it."""
    report = run(capfd, "train", ADULT, "--target", "income", "-o", tmp_path / "a.model", "--preset", "fast")
    assert report["test"]["model"]["auc"] >= 0.92
    assert report["test"]["baseline"]["auc"] == 0.5
    assert report["rows"] == {"read": 48842, "dropped": 0, "training": 35165, "validation": 3906, "test": 9771}
    assert report["stop_reason"]["code"] == "no_improvement"


@pytest.mark.parametrize("seed", [0, 1])
def test_digits_with_the_defaults_are_97_percent_right(tmp_path: Path, capfd: pytest.CaptureFixture[str], seed: int) -> None:
    digits = load_digits()
    columns = {f"pixel{i}": digits.data[:, i] for i in range(64)}
    write_table(tmp_path / "digits.csv", pa.table({**columns, "digit": digits.target}))
    report = run(capfd, "train", tmp_path / "digits.csv", "-t", "digit", "-o", tmp_path / "a.model", "--seed", seed)
    assert report["task"] == "classification"
    assert report["test"]["model"]["accuracy"] >= 0.97


def test_several_targets_are_trained_measured_and_predicted_together(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table = read_table(write_regression(tmp_path / "houses.parquet"))
    table = table.append_column("area", pa.array(10.0 * table["size"].to_numpy()))
    write_table(tmp_path / "houses.csv", table)
    model = tmp_path / "a.model"
    report = run(capfd, "train", tmp_path / "houses.csv", "-t", "price", "--target", "area", "-o", model, "--target-scale", "log")
    assert report["target"] == ["price", "area"]
    assert report["target_scale"] == ["log", "log"]
    measured = run(capfd, "evaluate", model, tmp_path / "houses.csv")["metrics"]
    assert min(of_target["model"]["r2"] for of_target in measured["targets"].values()) > 0.9
    arguments = ["predict", model, tmp_path / "houses.csv", "-o", tmp_path / "p.csv", "--keep", "area"]
    assert run(capfd, *arguments)["columns"] == ["area", "price", "predicted area"]
    assert main(["info", str(model)]) == 0
    assert "Predicts 'price', 'area': regression, learned on the scales log, log." in capfd.readouterr().out


def test_numbers_are_predicted_in_their_own_unit(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table = write_regression(tmp_path / "houses.parquet")
    report = run(capfd, "train", table, "-t", "price", "-o", tmp_path / "a.model")
    assert report["task"] == "regression"
    assert report["test"]["model"]["r2"] > 0.95
    assert 5 < report["test"]["model"]["rmse"] < 80 < report["test"]["baseline"]["rmse"]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet", ".feather"])
def test_predictions_come_in_every_format_and_equal_those_of_the_model(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], suffix: str
) -> None:
    table = write_regression(tmp_path / "houses.csv")
    run(capfd, "train", table, "-t", "letter", "-o", tmp_path / "a.model", "--max-epochs", 3)
    output = tmp_path / f"out{suffix}"
    report = run(capfd, "predict", tmp_path / "a.model", table, "-o", output, "--keep", "size")
    assert report["columns"] == ["size", "letter", "probability of a", "probability of b", "probability of c"]
    read = read_table(output)
    expected = load_model(tmp_path / "a.model").predict(read_table(table))
    assert read["letter"].to_pylist() == expected.tolist()
    np.testing.assert_allclose(sum(read[f"probability of {name}"].to_numpy() for name in "abc"), 1.0, rtol=1e-5)


def test_a_target_that_is_kept_stands_beside_its_prediction(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table = write_regression(tmp_path / "houses.csv")
    run(capfd, "train", table, "-t", "price", "-o", tmp_path / "a.model", "--max-epochs", 3)
    report = run(capfd, "predict", tmp_path / "a.model", table, "-o", tmp_path / "out.csv", "--keep", "price")
    assert report["columns"] == ["price", "predicted price"]
    read = read_table(tmp_path / "out.csv")
    assert read["price"].to_pylist() == read_table(table)["price"].to_pylist() != read["predicted price"].to_pylist()


def test_evaluating_the_test_rows_again_gives_the_same_metrics(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    train, test = write_regression(tmp_path / "a.csv"), write_regression(tmp_path / "b.csv", 100)
    report = run(capfd, "train", train, "-t", "price", "-o", tmp_path / "a.model", "--test", test, "--max-epochs", 5)
    assert report["rows"]["test"] == 100
    again = run(capfd, "evaluate", tmp_path / "a.model", test)
    assert again["metrics"] == report["test"]


def test_validation_rows_may_come_from_a_file_or_not_at_all(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    train, other = write_regression(tmp_path / "a.csv"), write_regression(tmp_path / "b.csv", 50)
    common = ("train", train, "-t", "price", "-o", tmp_path / "a.model", "--max-epochs", 3)
    assert run(capfd, *common, "--validation", other)["rows"]["validation"] == 50
    report = run(capfd, *common, "--validation", 0, "--test", 0)
    assert (report["rows"]["training"], report["rows"]["validation"], report["rows"]["test"]) == (300, 0, 0)
    assert report["test"] == {}


def test_info_says_what_is_in_the_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table = write_regression(tmp_path / "a.csv")
    run(capfd, "train", table, "-t", "price", "-o", tmp_path / "a.model", "--max-epochs", 2, "--hidden", 5, 4, "--preset", "fast")
    described = run(capfd, "info", tmp_path / "a.model")
    assert described["num_parameters"] == (4 + 16 + 1) * 5 + (5 + 1) * 4 + (4 + 1)
    assert sorted(described["columns"]["letter"]["features"]) == ["letter=a", "letter=b", "letter=c"]
    assert len(described["history"]) == 2
    assert described["calibration"] == {"rows": 24, "temperature": 1.0}
    assert main(["info", str(tmp_path / "a.model")]) == 0
    out = capfd.readouterr().out
    assert "Predicts 'price': regression." in out
    assert "Dense(5)" in out
    assert "PiecewiseLinear(16 bins)" in out
    assert "members" not in out
    assert "Calibrated on 24 validation rows." in out


def test_info_says_what_computes_here(capfd: pytest.CaptureFixture[str]) -> None:
    described = run(capfd, "info", "--engine")
    assert described == engine_info()
    assert main(["info", "--engine"]) == 0
    printed = capfd.readouterr().out
    assert described["engine"] in printed
    assert f"Mixed precision: {described['mixed_precision'].replace('bfloat16', 'products of bfloat16')}" in printed


@pytest.mark.parametrize("arguments", [[], ["a.model", "--engine"]])
def test_info_is_about_a_model_or_the_engine(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["info", *arguments]) == 2
    assert "the model file must be given, or --engine, but not both" in capfd.readouterr().err


def test_info_says_how_many_members_and_bins_a_model_has(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table, small = write_regression(tmp_path / "a.csv"), ("--max-epochs", 1, "--hidden", 4)
    run(capfd, "train", table, "-t", "price", "-o", tmp_path / "a.model", *small, "--members", 3, "--bins", 5)
    described = run(capfd, "info", tmp_path / "a.model")
    assert described["network"]["members"] == 3
    assert described["settings"]["averaging"] == PRESETS["default"]["averaging"]
    assert main(["info", str(tmp_path / "a.model")]) == 0
    out = capfd.readouterr().out
    assert "members: 3" in out
    assert "PiecewiseLinear(5 bins)" in out


def test_a_preset_stands_in_for_what_is_not_given(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table, common = write_regression(tmp_path / "a.csv"), ("-t", "price", "--max-epochs", 1, "--hidden", 4)
    for preset in PRESETS:
        run(capfd, "train", table, "-o", tmp_path / "a.model", *common, "--preset", preset, "--patience", 7)
        model = load_model(tmp_path / "a.model")
        expected = {**PRESETS[preset], "patience": 7}
        estimator, kept = model.estimator, model.summary["settings"]
        found = {"members": estimator.members, "bins": estimator.bins, **{key: kept[key] for key in ("averaging", "patience")}}
        assert found == expected
    assert main(["train", str(table), "-t", "price", "-o", str(tmp_path / "b.model"), "--preset", "quick"]) == 2
    assert '--preset. Choose from: "default", "fast".' in " ".join(capfd.readouterr().err.split())
    assert not (tmp_path / "b.model").exists()


def test_train_prints_metrics_beside_the_baseline_why_it_stopped_and_where_the_model_is(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    table = write_regression(tmp_path / "a.csv")
    assert main(["train", str(table), "-t", "price", "-o", str(tmp_path / "a.model"), "--max-epochs", "2"]) == 0
    captured = capfd.readouterr()
    for words in ("R²", "mean absolute error", "Stopped: All 2 epochs asked for were run.", f"Model: {tmp_path / 'a.model'}"):
        assert words in captured.out
    assert captured.err == ""  # no progress bar where there is no terminal


def test_a_settings_file_serves_and_the_command_line_wins(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table = write_regression(tmp_path / "a.csv")
    (tmp_path / "a.toml").write_text('target = "price"\nhidden = [7]\nmax_epochs = 3\nlearning-rate = 0.01\nbatch_norm = true\n')
    report = run(capfd, "train", table, "-o", tmp_path / "a.model", "--config", tmp_path / "a.toml", "--max-epochs", 2)
    assert report["epochs"] == 2
    estimator = load_model(tmp_path / "a.model").estimator
    assert (tuple(estimator.hidden_layer_sizes), estimator.learning_rate_init, estimator.batch_norm) == ((7,), 0.01, True)


def test_equal_seeds_give_equal_models_and_threads_change_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table = write_regression(tmp_path / "a.csv")
    common = ("train", table, "-t", "price", "--max-epochs", 3, "-o")
    first = run(capfd, *common, tmp_path / "a.model", "--threads", 1)
    second = run(capfd, *common, tmp_path / "b.model", "--threads", 2)
    assert first["test"] == second["test"]
    third = run(capfd, *common, tmp_path / "c.model", "--seed", 1)
    assert first["test"] != third["test"]


def test_ctrl_c_ends_the_epoch_saves_the_best_weights_and_says_so(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def press_ctrl_c(_: Progress, trainer: Any, record: dict[str, Any]) -> None:
        if record["epoch"] == 4:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Progress, "on_epoch_end", press_ctrl_c)
    table = write_regression(tmp_path / "a.csv")
    assert main(["train", str(table), "-t", "price", "-o", str(tmp_path / "a.model")]) == 0
    out = capfd.readouterr().out
    assert "Stopped: The training was interrupted after" in out
    assert "The best average of the weights, up to epoch" in out
    model = load_model(tmp_path / "a.model")
    assert model.estimator.stop_reason_.code == "interrupted"
    assert len(model.estimator.history_) in (4, 5)
    assert np.isfinite(model.predict(read_table(table))).all()


def test_without_averages_an_interrupted_training_names_the_epoch_that_is_kept(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Progress, "on_epoch_end", lambda *_: signal.raise_signal(signal.SIGINT))
    table, model = write_regression(tmp_path / "a.csv"), tmp_path / "a.model"
    assert main(["train", str(table), "-t", "price", "-o", str(model), "--averaging", "0"]) == 0
    kept = load_model(model).summary["best_epoch"]
    assert f"The best weights, of epoch {kept}, were kept." in capfd.readouterr().out


def test_ctrl_c_before_training_saves_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def press_ctrl_c(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("lamina.data.read_table", press_ctrl_c)
    assert main(["train", "a.csv", "-t", "y", "-o", str(tmp_path / "a.model")]) == 1
    assert "interrupted before there was anything to save" in capfd.readouterr().err
    assert not (tmp_path / "a.model").exists()


def test_every_schedule_and_optimizer_that_takes_no_settings_trains(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table = write_regression(tmp_path / "a.csv", 60)
    common = ("train", table, "-t", "price", "-o", tmp_path / "a.model", "--max-epochs", 2, "--hidden", 4)
    for schedule in (
        *("constant", "cosine", "flat_cosine", "coslog", "one_cycle"),
        *("inverse_scaling", "adaptive", "reduce_on_plateau"),
    ):
        assert run(capfd, *common, "--schedule", schedule)["epochs"] == 2, schedule
    for optimizer in ("gradient_descent", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw", "nadam", "lbfgs"):
        assert run(capfd, *common, "--optimizer", optimizer)["epochs"] == 2, optimizer


@pytest.mark.parametrize(
    ("options", "parameter", "expected"),
    [
        (("--weight-init", "normal:std=0.05"), "weight_init", Normal(0.05)),
        (("--bias-init", "constant:value=0.1"), "bias_init", Constant(0.1)),
        (("--activation", "leaky_relu:slope=0.2"), "activation", get_activation("leaky_relu", slope=0.2)),
        (("--activation", "prelu"), "activation", "prelu"),
        (("--loss", "huber:delta=2"), "loss", Huber(2)),
        (("--schedule", "step:epochs=1,factor=0.5"), "learning_rate", Step(1, 0.5)),
        (("--schedule", "warm_up:steps=5,then=cosine"), "learning_rate", WarmUp(5, Cosine())),
        (("--dropout-schedule", "flat_cosine:flat=0.2"), "dropout_schedule", FlatCosine(0.2)),
        (("--weight-decay-schedule", "coslog:cycles=2"), "weight_decay_schedule", CosLog(2)),
        (("--optimizer", "lbfgs:memory=5"), "optimizer", LBFGS(5)),
        (("--optimizer", "perturb-one:trials=5,scale=0.2"), "optimizer", PerturbOne(0.2, 5)),
        (("--optimizer", "adam:beta1=0.5", "--beta2", "0.9"), "optimizer", Adam(0.002, 0.5, 0.9, weight_decay=0.01)),
        (("--clip-value", "-0.5", "1"), "clip_value", (-0.5, 1.0)),
        (("--batch-norm", "--norm-position", "after"), "norm_position", "after"),
    ],
)
def test_settings_behind_a_name_reach_the_model(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], options: tuple[str, ...], parameter: str, expected: Any
) -> None:
    table = write_regression(tmp_path / "a.csv", 60)
    run(capfd, "train", table, "-t", "price", "-o", tmp_path / "a.model", "--max-epochs", 1, "--hidden", 4, *options)
    assert load_model(tmp_path / "a.model").estimator.get_params()[parameter] == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("normal:std", "a name with settings must have the form name:setting=value,setting=value, got 'normal:std'"),
        ("normal:sdt=1", "Normal: a setting's name must be one of std, got 'sdt'. Did you mean 'std'?"),
        ("nromal:std=1", "got 'nromal'. Did you mean 'normal'?"),
    ],
)
def test_wrong_settings_behind_a_name_are_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], given: str, message: str
) -> None:
    table = write_regression(tmp_path / "a.csv", 60)
    assert main(["train", str(table), "-t", "price", "-o", str(tmp_path / "a.model"), "--weight-init", given]) == 2
    assert message in " ".join(capfd.readouterr().err.split())


def test_l12_a_low_loss_and_a_small_gradient_end_the_training(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table = write_regression(tmp_path / "a.csv", 60)
    common = ("train", table, "-t", "price", "-o", tmp_path / "a.model", "--hidden", 4)
    assert run(capfd, *common, "--target-loss", 1e9)["stop_reason"]["code"] == "target_reached"
    assert run(capfd, *common, "--gradient-tol", 1e9)["stop_reason"]["code"] == "gradient_zero"


def test_every_knob_of_the_estimators_is_an_option() -> None:
    left_out = {
        # what the command line has options of its own for
        "validation_fraction": "--validation",
        "early_stopping": "--validation",
        "validation_split": "--validation",
        "n_iter_no_change": "--patience",
        "tol": "--tol",
        "solver": "--optimizer",
        "power_t": "--schedule inverse_scaling",
        "nesterovs_momentum": "--optimizer nesterov",
        # what needs Python
        "network": "",
        "cardinalities": "--embed-from",
        "callbacks": "",
        "warm_start": "--continue",
        "verbose": "",
        "max_fun": "",
        "on_interrupt": "",
    }
    reached = {*TableSettings().parameters("classification", 1000), "loss"}
    for estimator in (MLPClassifier, MLPRegressor):
        assert set(estimator().get_params()) - set(left_out) <= reached


def test_the_options_default_to_the_settings_of_fit_table(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table = write_regression(tmp_path / "a.csv", 60)
    run(capfd, "train", table, "-t", "price", "-o", tmp_path / "a.model", "--max-epochs", 2)
    parameters = load_model(tmp_path / "a.model").estimator.get_params()
    for name, value in {**TableSettings().parameters("regression", 43), "max_iter": 2}.items():
        assert parameters[name] == value, name


def test_help_and_version_are_quick_because_nothing_heavy_is_imported() -> None:
    code = (
        "import sys; from lamina.cli.main import main; main(['train', '--help']); "
        "heavy = {'sklearn', 'scipy', 'numpy', 'pyarrow', 'narwhals'} & set(sys.modules); sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--learning-rate" in done.stdout


def test_a_training_loads_no_statistics_of_scipy(tmp_path: Path) -> None:
    table = write_regression(tmp_path / "a.csv", 60)
    code = (
        "import sys; from lamina.__main__ import start; code = start(); "
        "sys.exit('it is loaded' if 'scipy.stats._stats_py' in sys.modules else code)"
    )
    arguments = ["train", str(table), "-t", "price", "-o", str(tmp_path / "a.model"), "--max-epochs", "2", "--quiet"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


_LECTURE = [sys.executable, "-c", "import sys; from lamina.cli.main import main; sys.exit(main(['lecture']))"]


def test_a_reader_that_goes_away_is_no_failure() -> None:
    with subprocess.Popen(_LECTURE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        command.stdout.close()
        assert command.stderr.read() == ""
        assert command.wait() == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_an_output_that_is_full_is_said_in_one_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(_LECTURE, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "lamina: cannot continue: no space left on device. Free some space, or send the output elsewhere.\n"


def test_version(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capfd.readouterr().out.strip() == lamina.__version__


def test_every_setting_is_documented() -> None:
    for group in dataclasses.fields(TableSettings):
        kind = group.default_factory  # type: ignore[union-attr]
        for setting in dataclasses.fields(kind):  # type: ignore[arg-type]
            assert f"\n{setting.name} : " in (inspect.getdoc(kind) or ""), setting.name


def test_numbers_of_categories_in_parquet_and_csv_are_the_same_to_a_model(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shops = [i % 4 for i in range(80)]
    table = pa.table({"shop": shops, "open": [i % 2 == 0 for i in shops], "sales": [100.0 + 50 * i + 0.5 for i in shops]})
    parquet.write_table(table, tmp_path / "a.parquet")
    write_table(tmp_path / "a.csv", table)
    run(capfd, "train", tmp_path / "a.parquet", "-t", "sales", "-o", tmp_path / "a.model", "--kinds", "shop=category")
    for kind in ("csv", "parquet"):
        run(capfd, "predict", tmp_path / "a.model", tmp_path / f"a.{kind}", "-o", tmp_path / f"{kind}.parquet")
    assert read_table(tmp_path / "csv.parquet") == read_table(tmp_path / "parquet.parquet")


def test_training_goes_on_with_the_settings_of_the_model_unless_they_are_given(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    old, new = write_regression(tmp_path / "old.csv"), write_regression(tmp_path / "new.csv", 200)
    model, after = tmp_path / "old.model", tmp_path / "new.model"
    common = ("--hidden", 8, "--max-epochs", 4, "--patience", 3, "--learning-rate", 0.01)
    first = run(capfd, "train", old, "-t", "price", "-o", model, *common)
    report = run(capfd, "train", "--continue", model, new, "-o", after)
    assert first["earlier"] == []
    assert report["target"] == "price"
    assert report["epochs"] <= 4
    assert report["earlier"] == [{"rows": first["rows"], "metrics": first["test"], "best_epoch": first["best_epoch"]}]
    assert load_model(after).estimator.learning_rate_init == 0.01
    again = run(capfd, "train", new, "--continue", model, "-t", "price", "-o", after, "--learning-rate", 0.002, "--max-epochs", 2)
    assert again["epochs"] == 2
    assert load_model(after).estimator.learning_rate_init == 0.002  # the default, but given
    assert load_model(after).summary["settings"]["patience"] == 3


def test_training_goes_on_in_place_and_says_so(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table, model = write_regression(tmp_path / "a.csv"), tmp_path / "a.model"
    run(capfd, "train", table, "-t", "price", "-o", model, "--hidden", 8, "--max-epochs", 2)
    assert main(["train", str(table), "--continue", str(model), "-o", str(model)]) == 0
    assert "Trained on 216 rows (earlier on 216) for 2 epochs" in capfd.readouterr().out
    assert main(["info", str(model)]) == 0
    assert "Trained on 216 rows (earlier on 216), 2 epochs." in capfd.readouterr().out


def test_a_table_is_read_as_that_of_the_model_to_go_on_from(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = write_regression(tmp_path / "a.csv").read_text(encoding="utf-8")
    table, model = tmp_path / "b.csv", tmp_path / "b.model"
    table.write_text(text.replace(",", "|").replace(".", ","), encoding="latin-1")
    run(capfd, "train", table, "-t", "price", "-o", model, "--delimiter", "|", "--encoding", "latin-1", "--max-epochs", 2)
    run(capfd, "train", table, "--continue", model, "-o", model, "--hidden", 128, 64, 32)
    assert load_model(model).summary["reading"] == {"delimiter": "|", "encoding": "latin-1"}


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ([], 2, "--target requires an argument without --continue: the column to predict."),
        (["--continue", "a.model", "-t", "size"], 1, "target must be 'price', as of the model to go on from, got 'size'"),
        (["--continue", "a.model", "--hidden", "9"], 2, "--hidden must stay 8, as the model to go on from has learned it"),
        (["--continue", "a.model", "--kinds", "size=category"], 2, "--kinds must stay {}"),
        (["--continue", "a.model", "--restarts", "3"], 2, "--restarts must be 1 to go on from a model"),
        (["--continue", "a.model", "--task", "classification"], 2, "task must be auto or regression"),
        (["--continue", "none.model"], 1, "cannot read 'none.model'"),
        (["--continue", "a.csv"], 1, "a.csv"),
    ],
)
def test_what_cannot_go_on_is_refused(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    code: int,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_regression(tmp_path / "a.csv")
    run(capfd, "train", "a.csv", "-t", "price", "-o", "a.model", "--hidden", 8, "--max-epochs", 2)
    assert main(["train", "a.csv", "-o", "b.model", *options]) == code
    assert words in " ".join(capfd.readouterr().err.split())
    assert not (tmp_path / "b.model").exists()


def test_l13_restarts_are_reported_and_the_best_is_kept(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table = write_regression(tmp_path / "t.csv")
    settings = ("-t", "price", "-o", tmp_path / "a.model", "--max-epochs", 5, "--hidden", 4)
    report = run(capfd, "train", table, *settings, "--restarts", 3)
    assert len({row["seed"] for row in report["restarts"]}) == len(report["restarts"]) == 3
    assert main([*map(str, ("train", table, *settings, "--restarts", 3))]) == 0
    assert "The best of 3 trainings, whose validation loss ranged from" in capfd.readouterr().out


@pytest.mark.parametrize("optimizer", ["perturb-one", "perturb-all"])
def test_l8_l9_weights_are_perturbed_from_the_command_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], optimizer: str
) -> None:
    table = write_regression(tmp_path / "t.csv")
    settings = ("-t", "price", "-o", tmp_path / "a.model", "--max-epochs", 60, "--hidden", 4, "--optimizer", optimizer)
    report = run(capfd, "train", table, *settings, "--learning-rate", 0.02, "--objective", "r2")
    assert report["test"]["model"]["r2"] > 0.4
    assert main([*map(str, ("train", table, *settings, "--dropout", 0.2, "--objective", "r3"))]) == 2
    assert "Did you mean 'r2'?" in capfd.readouterr().err
