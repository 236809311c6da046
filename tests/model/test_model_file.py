"""A model read from its file predicts the same bits, and files that hold none are refused."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse
from sklearn.base import clone

from lamina.activations import get_activation
from lamina.data import DataWarning
from lamina.errors import FileError, InvalidSettingError
from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.files import read_tensors, write_tensors
from lamina.initializers import get_initializer
from lamina.layers import Add, Dense, Input
from lamina.losses import Quantile
from lamina.model import TableModel, TableSettings, fit_table, load_model, save_model
from lamina.model.table_settings import (
    EncodingSettings,
    OptimizationSettings,
    RunSettings,
    StoppingSettings,
    usual_batch_size,
)
from lamina.network import Graph, Sequential
from lamina.optimizers import Momentum
from lamina.schedules import get_schedule
from lamina.training.history import without_durations

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
NUMBERS = X @ RNG.normal(size=4)
LABELS = np.where(NUMBERS > 0, "yes", "no")
QUICK = {"hidden_layer_sizes": (6, 5), "max_iter": 3, "random_state": 0}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def graph() -> Graph:
    x = Input(4)
    h = Dense(4, activation="tanh")(x)
    return Graph(x, Dense(1)(Add()([x, h])))


ESTIMATORS: dict[str, tuple[Any, Any]] = {
    "two classes": (MLPClassifier(**QUICK), LABELS),
    "three classes of numbers": (MLPClassifier(**QUICK, label_smoothing=0.1), np.digitize(NUMBERS, [-1, 1])),
    "weighted classes": (MLPClassifier(**QUICK, class_weight={"yes": 2.0, "no": 1.0}), LABELS),
    "truth values": (MLPClassifier(**QUICK), NUMBERS > 0),
    "several labels": (MLPClassifier(**QUICK), np.stack([NUMBERS > 0, X[:, 0] > 0], axis=1).astype(int)),
    "several sparse labels": (MLPClassifier(**QUICK), sparse.csr_matrix(np.eye(3, dtype=int)[np.arange(60) % 3])),
    "hinge": (MLPClassifier(**QUICK, loss="hinge"), LABELS),
    "one number": (MLPRegressor(**QUICK), NUMBERS),
    "two numbers": (MLPRegressor(**QUICK), np.stack([NUMBERS, -NUMBERS], axis=1)),
    "counts": (MLPRegressor(**QUICK, loss="poisson"), np.abs(NUMBERS).round()),
    "quantiles": (MLPRegressor(**QUICK, loss=Quantile((0.1, 0.5, 0.9))), NUMBERS),
    "batch norm and dropout": (MLPRegressor(**QUICK, batch_norm=True, dropout=(0.1, 0.2), input_dropout=0.1), NUMBERS),
    "an activation a layer": (MLPRegressor(**QUICK, activation=("tanh", get_activation("leaky_relu", slope=0.3))), NUMBERS),
    "described objects": (
        MLPRegressor(
            **QUICK,
            optimizer=Momentum(0.01),
            learning_rate=get_schedule("cosine"),
            weight_init=get_initializer("orthogonal"),
        ),
        NUMBERS,
    ),
    "a graph": (MLPRegressor(max_iter=3, random_state=0, network=graph()), NUMBERS),
    "stopped early": (MLPClassifier(**QUICK, early_stopping=True), LABELS),
    "full batches": (MLPRegressor(**QUICK, solver="lbfgs"), NUMBERS),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", ESTIMATORS)
def test_estimators_predict_the_same_bits_after_loading(tmp_path: Path, case: str, dtype: str) -> None:
    estimator, y = ESTIMATORS[case]
    fitted = clone(estimator).fit(X.astype(dtype), y)
    save_model(tmp_path / "a.model", fitted)
    loaded = load_model(tmp_path / "a.model")
    assert type(loaded) is type(fitted)
    for method in ("predict", "predict_proba", "decision_function"):
        if hasattr(fitted, method):
            before, after = (getattr(model, method)(X.astype(dtype)) for model in (fitted, loaded))
            if sparse.issparse(before):
                before, after = before.toarray(), after.toarray()
            assert before.dtype == after.dtype, method
            assert np.array_equal(before, after), method


@pytest.mark.parametrize("case", ESTIMATORS)
def test_parameters_and_fitted_attributes_come_back(tmp_path: Path, case: str) -> None:
    estimator, y = ESTIMATORS[case]
    fitted = clone(estimator).fit(X, y)
    save_model(tmp_path / "a.model", fitted)
    loaded = load_model(tmp_path / "a.model")
    assert repr(loaded) == repr(fitted)
    for name in (
        "n_iter_",
        "loss_",
        "loss_curve_",
        "best_loss_",
        "stop_reason_",
        "validation_scores_",
    ):
        assert getattr(loaded, name) == getattr(fitted, name), name
    assert loaded.history_.to_list() == without_durations(fitted.history_)
    for before, after in zip(fitted.coefs_ + fitted.intercepts_, loaded.coefs_ + loaded.intercepts_, strict=True):
        assert np.array_equal(before, after)


def test_a_loaded_estimator_can_be_trained_on(tmp_path: Path) -> None:
    save_model(tmp_path / "a.model", MLPRegressor(**QUICK).fit(X, NUMBERS))
    loaded = load_model(tmp_path / "a.model")
    before = loaded.loss_
    for _ in range(20):
        loaded.partial_fit(X, NUMBERS)
    assert loaded.loss_ < before


def test_loading_draws_no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_model(tmp_path / "a.model", MLPRegressor(**QUICK, weight_init="orthogonal").fit(X, NUMBERS))
    monkeypatch.setattr(Graph, "initialize", None)
    monkeypatch.setattr(Sequential, "initialize", None)
    assert isinstance(load_model(tmp_path / "a.model"), MLPRegressor)


def test_loading_takes_no_more_memory_than_is_promised(tmp_path: Path) -> None:
    wide = MLPRegressor(hidden_layer_sizes=(4000,), max_iter=1, random_state=0).fit(np.ones((4, 500), np.float32), np.arange(4.0))
    save_model(tmp_path / "a.model", wide)
    del wide
    gc.collect()
    tracemalloc.start()
    try:
        load_model(tmp_path / "a.model")
        assert tracemalloc.get_traced_memory()[1] < 4 * (tmp_path / "a.model").stat().st_size + (1 << 20)
    finally:
        tracemalloc.stop()


def test_a_history_of_many_epochs_is_read(tmp_path: Path) -> None:
    model = MLPRegressor(**QUICK).fit(X, NUMBERS)
    for _ in range(20_000):
        model.history_.append(dict(model.history_[-1]))
    save_model(tmp_path / "a.model", model)
    assert len(load_model(tmp_path / "a.model").history_) == 20_003


def test_functions_are_refused_by_name(tmp_path: Path) -> None:
    estimator = MLPRegressor(**QUICK, learning_rate=lambda step: 0.01).fit(X, NUMBERS)
    with pytest.raises(InvalidSettingError, match="learning_rate must be describable in JSON to be stored in a model file"):
        save_model(tmp_path / "a.model", estimator)
    assert not (tmp_path / "a.model").exists()


def test_files_of_another_kind_or_shape_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.model"
    write_tensors(path, {}, {"kind": "checkpoint"})
    with pytest.raises(FileError, match="must be a model, got a file of kind 'checkpoint'"):
        load_model(path)
    save_model(path, MLPRegressor(**QUICK).fit(X, NUMBERS))
    arrays, header = read_tensors(path)
    header["estimator"]["estimator"] = "os.system"
    write_tensors(path, arrays, header)
    with pytest.raises(FileError, match=r"model that this version can restore \(.* must be one of .*, got 'os.system'\)"):
        load_model(path)


# Models of tables ---------------------------------------------------------------------------------------------------------------


def table(num_rows: int = 120) -> pa.Table:
    rng = np.random.default_rng(1)
    size = rng.uniform(0, 10, num_rows)
    letters = np.array(["a", "b", "c"])[rng.integers(3, size=num_rows)]
    columns = {"size": size, "letter": letters, "price": 100 * size + 50.5, "count": rng.poisson(size)}
    return pa.table({**columns, "late": size > 5, "grade": size.astype(int) // 4})


SETTINGS = TableSettings(stopping=StoppingSettings(max_epochs=4))


@pytest.mark.filterwarnings("ignore:target .* distinct whole numbers:lamina.data.DataWarning")
@pytest.mark.parametrize("target", ["price", "count", "letter", "late", "grade"])
def test_table_models_predict_the_same_bits_after_loading(tmp_path: Path, target: str) -> None:
    result = fit_table(table(), target, settings=SETTINGS)
    save_model(tmp_path / "a.model", result.model)
    loaded = load_model(tmp_path / "a.model")
    assert isinstance(loaded, TableModel)
    assert np.array_equal(loaded.predict(table()), result.model.predict(table()))
    assert loaded.evaluate(table()) == result.model.evaluate(table())
    assert loaded.summary == result.model.summary
    if result.model.has_probabilities:
        assert np.array_equal(loaded.predict_proba(table()), result.model.predict_proba(table()))


def test_classes_are_given_back_as_they_came() -> None:
    with pytest.warns(DataWarning, match="target 'grade' holds 3 distinct whole numbers, taken for classes"):
        grade = fit_table(table(), "grade", settings=SETTINGS)
    assert set(grade.model.predict(table()).tolist()) <= {0, 1, 2}
    assert set(fit_table(table(), "letter", settings=SETTINGS).model.predict(table()).tolist()) <= {"a", "b", "c"}


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "log_cosh", "quantile", "poisson", "gamma", "tweedie"])
def test_other_losses_keep_the_unit_of_the_target(loss: str) -> None:
    settings = TableSettings(optimization=OptimizationSettings(loss=loss), stopping=StoppingSettings(max_epochs=100))
    metrics = fit_table(table(300), "price", settings=settings).metrics
    assert metrics["model"]["mae"] < metrics["baseline"]["mae"] / 2


def test_losses_without_probabilities_are_measured_by_their_choices() -> None:
    settings = TableSettings(optimization=OptimizationSettings(loss="hinge"))
    result = fit_table(table(300), "late", settings=settings)
    assert list(result.metrics["model"]) == ["accuracy", "balanced_accuracy", "precision", "recall", "f1"]
    assert result.metrics["model"]["accuracy"] > 0.9


def test_the_best_weights_are_kept() -> None:
    for averaging, key in ((None, "averaged_validation_loss"), (0, "validation_loss")):
        settings = TableSettings(optimization=OptimizationSettings(averaging=averaging), run=RunSettings(preset="fast"))
        result = fit_table(table(400), "price", validation=0.3, settings=settings)
        losses = result.model.estimator.history_[:, key]
        assert result.model.summary["best_epoch"] == int(np.argmin(losses)) + 1


def test_the_encoder_sees_training_rows_only() -> None:
    rows = table(100)
    marked = rows.append_column("rare", pa.array(["x"] * 99 + ["only in one row"]))
    with pytest.warns(DataWarning, match="column 'rare': left out"):
        result = fit_table(marked.slice(0, 99), "price", settings=SETTINGS, test=marked)
    assert "rare" in result.model.encoder.ignored_


def test_settings_reach_the_encoder() -> None:
    encoding = EncodingSettings(kinds={"letter": "ignore"}, scaling="standard")
    settings = TableSettings(encoding=encoding, stopping=StoppingSettings(max_epochs=1))
    encoder = fit_table(table(), "price", settings=settings).model.encoder
    assert encoder.scaling == "standard"
    assert encoder.ignored_ == {"letter": "left out by setting"}


@pytest.mark.parametrize(("num_rows", "expected"), [(1, 32), (99, 32), (3_200, 32), (6_399, 32), (6_400, 64), (10**7, 256)])
def test_the_usual_batch_is_a_power_of_two(num_rows: int, expected: int) -> None:
    assert usual_batch_size(num_rows) == expected
