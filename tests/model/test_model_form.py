"""A model file whose checksum is right may still hold anything: it is refused before a network is built or memory is taken."""

from __future__ import annotations

import copy
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lamina.errors import FileError, InvalidSettingError
from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.files import read_tensors, write_tensors
from lamina.model import TableSettings, fit_table, load_model, save_model
from lamina.model.table_settings import NetworkSettings, StoppingSettings

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
LABELS = np.where(X[:, 0] > 0, "yes", "no")
DAYS = np.datetime64("2024-01-01") + np.arange(60)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore::lamina.data.DataWarning")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[dict[str, np.ndarray], dict[str, Any]]]:
    """Arrays and header of a file of each kind."""
    path = tmp_path_factory.mktemp("models") / "a.model"
    rows = pa.table({"size": X[:, 0], "shop": ["a", "b", "c"] * 20, "day": DAYS, "late": X[:, 1] > 0, "kind": LABELS})
    settings = TableSettings(network=NetworkSettings(hidden=(4,)), stopping=StoppingSettings(max_epochs=2))
    models = {
        "table": fit_table(rows, "kind", settings=settings).model,
        "numbers": fit_table(rows, "size", settings=settings, validation=0.5).model,
        "classifier": MLPClassifier((4,), max_iter=2, random_state=0, batch_norm=True).fit(X, LABELS),
        "regressor": MLPRegressor(hidden_layer_sizes=(4,), max_iter=2, random_state=0).fit(X, X[:, 0]),
    }
    files = {}
    for name, model in models.items():
        save_model(path, model)
        files[name] = read_tensors(path)
    return files


def changed(files: dict[str, Any], name: str, path: tuple[Any, ...], value: Any) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and header, with ``value`` (or what a function makes of the old one) at a place of the header."""
    arrays, header = copy.deepcopy(files[name])
    place = header
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value(place[path[-1]]) if callable(value) else value
    return arrays, header


LAYER = ("estimator", "network", "nodes", 0, "layer")
TARGET = ("estimator", "target")
READERS = ("table", "encoder", "reader", "readers")
SCALE = ("table", "scale")
SIZE = ("table", "encoder", "encoders", 0)
SHOP = ("table", "encoder", "encoders", 1)
DAY = ("table", "encoder", "encoders", 2)
CALIBRATION = ("table", "calibration")
DIFFICULTY = (*CALIBRATION, "difficulty")


@pytest.mark.parametrize(
    ("name", "path", "value", "message"),
    [
        ("regressor", ("estimator",), None, "the estimator must be a dict, got None"),
        ("table", CALIBRATION, 3, "the calibration must be a dict, got 3"),
        ("table", CALIBRATION, None, "the arrays of the calibration"),
        ("table", (*CALIBRATION, "kind"), "numbers", "must be one of 'classes', got 'numbers'"),
        ("table", (*CALIBRATION, "temperature"), 0, "the temperature must be above 0, got 0"),
        ("table", (*CALIBRATION, "temperature"), "1", '"temperature" of the calibration must be a number'),
        ("numbers", (*CALIBRATION, "difficulty"), None, "the arrays of the calibration"),
        ("numbers", (*DIFFICULTY, "slope"), [2.0], "slopes from 0 to 1"),
        ("numbers", (*DIFFICULTY, "scale"), [1.0, 1.0], "must have one scale, range and slope a target"),
        ("numbers", (*DIFFICULTY, "high"), [float("nan")], "ranges that rise"),
        ("numbers", (*DIFFICULTY, "network"), 5, '"network" of .* must be a dict'),
        ("numbers", (*DIFFICULTY, "network", "estimator"), "MLPClassifier", "must"),
        ("regressor", ("table",), 3, "the table's model must be a dict, got 3"),
        ("regressor", ("estimator", "estimator"), "os.system", "must be one of 'MLPClassifier', 'MLPRegressor', got 'os.system'"),
        ("regressor", ("estimator", "parameters"), [], '"parameters" of the estimator must be a dict'),
        ("regressor", ("estimator", "parameters", "alpha"), -1, "alpha must be a number >= 0, got -1"),
        ("regressor", ("estimator", "parameters", "alpha"), 10**400, "alpha must be a number >= 0, got 1000"),
        ("regressor", ("estimator", "parameters", "alpha"), {}, "not enough values to unpack"),
        ("regressor", ("estimator", "parameters", "alpha"), {"$object": {"kind": "adam"}}, "KeyError: 'alpha'"),
        ("regressor", ("estimator", "parameters", "spoon"), 1, "unexpected keyword argument 'spoon'"),
        ("regressor", ("estimator", "dtype"), "float32", "must be an array of shape .* and dtype float32"),
        ("regressor", ("estimator", "dtype"), "complex128", "must be one of 'float32', 'float64'"),
        ("regressor", ("estimator", "epoch"), -1, '"epoch" of the estimator must be an integer'),
        ("regressor", ("estimator", "step"), 2**70, '"step" of the estimator must be an integer'),
        ("regressor", ("estimator", "history"), [[]], 'entry 1 of "history" of the estimator must be a dict'),
        ("regressor", ("estimator", "stop_reason"), ["tired", ""], 'entry 1 of "stop_reason" of the estimator must be one of'),
        ("regressor", ("estimator", "fitted", "predict"), 1, "fitted attributes must have no keys other than .*, got 'predict'"),
        ("regressor", ("estimator", "fitted", "loss_curve_"), 1, '"loss_curve_" of the fitted attributes must be a list'),
        ("regressor", ("estimator", "fitted", "n_features_in_"), 4, r"widths must be \(4,\) → \(1,\), got '\(3,\) → \(1,\)'"),
        ("regressor", ("estimator", "feature_names_in"), ["a"], "must be a name for each of the 3 features, got 1"),
        ("regressor", (*TARGET, "num_targets"), 2, r"widths must be \(3,\) → \(2,\)"),
        ("regressor", (*LAYER, "units"), 2**40, r"must be an array of shape \(\d+,\) and dtype float64, got 'float64 \(21,\)'"),
        ("regressor", (*LAYER, "units"), 10**30, "units|must be an array of shape"),
        ("regressor", (*LAYER, "units"), 0, "units must be an integer >= 1"),
        ("regressor", (*LAYER, "kind"), "lstm", "the kind of a layer must be one of"),
        ("regressor", ("estimator", "network", "inputs", 0, "width"), None, "an input must have a known width"),
        ("regressor", ("estimator", "network", "inputs", 0, "width"), 2**40, "must be an array of shape"),
        ("regressor", ("estimator", "network", "nodes"), [], "must be one of input_1|a reference"),
        ("regressor", ("estimator", "network", "outputs"), [["a"]], "a reference must be one of"),
        ("classifier", (*TARGET, "classes", "values"), [10**30, 10**31], "OverflowError|classes"),
        ("classifier", (*TARGET, "classes", "values"), ["yes", "no"], "must be distinct values of dtype .*, in order"),
        ("classifier", (*TARGET, "classes", "values"), ["no", "no"], "must be distinct values"),
        ("classifier", (*TARGET, "classes", "values"), ["no", "o", "yes"], "classes must fit the kind 'binary', got 3"),
        ("classifier", (*TARGET, "classes", "values"), [None, "no"], "must be a class, got None"),
        ("classifier", (*TARGET, "classes", "dtype"), "<U99999999", "the dtype of classes must need at most 32 MB for 2 classes"),
        ("classifier", (*TARGET, "classes", "dtype"), "V8", "must be the dtype of classes, got 'V8'"),
        ("classifier", (*TARGET, "kind"), "multiclass", "classes must fit the kind 'multiclass', got 2"),
        ("table", (*SCALE, "scale"), None, '"scale" of the target\'s scale must be a finite number, got None'),
        ("table", (*SCALE, "center"), float("nan"), '"center" of the target\'s scale must be a finite number, got nan'),
        ("table", SCALE, None, '"scale" of the table\'s model must be'),
        ("table", (*SCALE, "kind"), "cubic", "must be one of 'linear', 'log', 'quantile', got 'cubic'"),
        ("table", SCALE, {"kind": "quantile", "values": [2.0, 1.0], "normal": [0.0, 1.0]}, "two or more pairs that rise"),
        ("table", ("table", "summary"), {}, "must have the key 'rows'"),
        ("table", ("table", "summary", "metrics", "model"), {"accuracy": "good"}, '"accuracy" of "model" of .* must be'),
        ("table", ("table", "summary", "metrics", "model"), {"beauty": 1.0}, "metrics must have no keys other than"),
        ("table", ("table", "target", "classes"), ["a"], "the target's classes must be 2, as the estimator's"),
        ("table", ("table", "target", "classes"), "ab", '"classes" of the target must be a list'),
        ("table", ("table", "target", "label_type"), "number", "could not convert string to float: 'no'"),
        ("table", ("table", "target", "label_type"), "picture", '"label_type" of the target must be one of'),
        ("table", ("table", "target", "labels"), ["no"], "the target's labels must be 2"),
        ("table", ("table", "target", "reader", "kind"), "number", "the target's reader must suit a classification"),
        ("table", (*READERS, 0, "kind"), "date", "readers must be one for each column in use, of its kind"),
        ("table", (*READERS, 0, "format"), {"kind": "poem"}, "the kind of a format|must be one of"),
        ("table", READERS, [], "readers must be one for each column in use"),
        ("table", ("table", "encoder", "encoders"), [], "the columns must give 10 features, got 0"),
        ("table", ("table", "encoder", "reader", "names"), ["size"] * 4, "columns must be distinct names"),
        ("table", (*SIZE, "kind"), "picture", "must be one of 'number', 'boolean', 'date', 'category'"),
        ("table", (*SIZE, "center"), "far", "\"center\" of column 'size' must be a finite number, got 'far'"),
        ("table", (*SIZE, "scale"), 0.0, "column 'size' must have a known scaling, a scale > 0"),
        ("table", (*SIZE, "has_missing"), True, "the columns must give 10 features, got 11"),
        ("table", (*SHOP, "shares"), [1e308, 0.0, 0.0], "the shares of column 'shop' must be from 0 to 1"),
        ("table", ("table", "encoder", "settings", "kinds"), 5, '"kinds" of "settings" of "encoder" of .* must be a dict'),
        ("table", (*SHOP, "shares"), [0.5], "column 'shop' must have distinct categories and one share per slot"),
        ("table", (*SHOP, "categories"), ["a", "a", "b"], "column 'shop' must have distinct categories"),
        ("table", (*SHOP, "categories"), [["a"], "b", "c"], "entry 1 of \"categories\" of column 'shop' must be a string"),
        ("table", (*DAY, "circles"), ["year", "moon"], "a circle of column 'day' must be one of day, week, year, got 'moon'"),
        ("table", (*DAY, "trend"), {}, "\"trend\" of column 'day' must have the key"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(stored: Any, tmp_path: Path, name: str, path: tuple[Any, ...], value: Any, message: str) -> None:
    write_tensors(tmp_path / "a", *changed(stored, name, path, value))
    with pytest.raises(FileError, match=message) as caught:
        load_model(tmp_path / "a")
    assert str(caught.value).startswith(f"{str(tmp_path / 'a')!r} does not hold a model that this version can restore (")
    assert str(caught.value).endswith("It was written by Lamina 0.1.0: use that version, or train again.")


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("parameters", lambda array: array[:1], r'"parameters" of the arrays must be an array of shape \(29,\)'),
        ("parameters", lambda array: array.reshape(1, -1), "must be an array of shape"),
        ("parameters", lambda array: array * np.nan, '"parameters" of the arrays must hold finite numbers, got nan'),
        ("parameters", lambda array: array.astype(np.float32), "and dtype float64"),
        ("parameters", lambda array: array.astype(np.int64), "and dtype float64"),
        ("state", lambda array: array[:0], '"state" of the arrays must be an array of shape'),
        ("state", lambda array: array + np.inf, '"state" of the arrays must hold finite numbers, got inf'),
        ("state", lambda array: -1 - array, "running_variance must not be negative"),
        ("stray", lambda array: np.zeros(3), "the arrays must have no keys other than parameters, state, got 'stray'"),
    ],
)
def test_arrays_that_are_not_the_networks_are_refused(stored: Any, tmp_path: Path, name: str, wrong: Any, message: str) -> None:
    arrays, header = copy.deepcopy(stored["classifier"])
    write_tensors(tmp_path / "a", {**arrays, name: wrong(arrays.get(name))}, header)
    with pytest.raises(FileError, match=message):
        load_model(tmp_path / "a")


def test_an_absurd_size_takes_no_memory(stored: Any, tmp_path: Path) -> None:
    write_tensors(tmp_path / "a", *changed(stored, "regressor", (*LAYER, "units"), 10**9))
    tracemalloc.start()
    try:
        with pytest.raises(FileError, match="must be an array of shape"):
            load_model(tmp_path / "a")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_the_number_of_threads_is_the_machines_and_not_the_models(tmp_path: Path) -> None:
    save_model(tmp_path / "a", MLPRegressor(hidden_layer_sizes=(4,), max_iter=2, n_threads=2).fit(X, X[:, 0]))
    loaded = load_model(tmp_path / "a")
    assert isinstance(loaded, MLPRegressor)
    assert loaded.n_threads is None


def test_weights_that_are_not_finite_are_not_saved(tmp_path: Path) -> None:
    model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=2).fit(X, X[:, 0])
    model.coefs_[0][0, 0] = np.nan
    with pytest.raises(InvalidSettingError, match='"parameters" of the arrays must hold finite numbers, got nan'):
        save_model(tmp_path / "a", model)
    assert not (tmp_path / "a").exists()


def test_a_parameter_that_became_wrong_after_the_fit_is_not_saved(tmp_path: Path) -> None:
    model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=2).fit(X, X[:, 0]).set_params(alpha=-1)
    with pytest.raises(InvalidSettingError, match="alpha must be a number >= 0"):
        save_model(tmp_path / "a", model)


@pytest.mark.parametrize(
    ("labels", "came"),
    [
        (np.array(["2020", "2021"], dtype="datetime64[Y]"), r"datetime64\[Y\]"),
        (np.array([1, 2], dtype="timedelta64[D]"), r"timedelta64\[D\]"),
    ],
    ids=["datetime64", "timedelta64"],
)
def test_classes_that_no_file_holds_are_refused_with_what_to_do(labels, came, tmp_path):
    features, y = np.arange(20.0).reshape(-1, 1), np.tile(labels, 10)
    model = MLPClassifier(2, solver="lbfgs", max_iter=5, random_state=0).fit(features, y)
    message = rf"classes_ must be strings, numbers or booleans to be saved, got '{came}'\. Fit on y\.astype\(str\), or pickle"
    with pytest.raises(InvalidSettingError, match=message):
        save_model(tmp_path / "a", model)
    save_model(tmp_path / "a", model.fit(features, y.astype(str)))
    assert load_model(tmp_path / "a").predict(features).tolist() == model.predict(features).tolist()
