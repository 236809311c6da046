"""Estimators in every format: labels in the type that y had, probabilities, numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_linnerud, load_wine
from tests.export.runners import assert_close, c_programs, onnx_reference, onnx_runtime, python_program

from lamina import MLPClassifier, MLPRegressor, Perceptron
from lamina.export.models import computation_of
from lamina.losses import GaussianNLL, Quantile

X = np.random.default_rng(0).normal(size=(120, 3)).astype(np.float32)
_SIDE = np.digitize(X[:, 0], [-0.5, 0.5])
BOTH = np.column_stack([X[:, 0] > 0, X[:, 1] > 0]).astype(int)

CLASSIFIERS: dict[str, tuple[dict[str, Any], Any]] = {
    "texts": ({}, np.array(["low", "middle é", 'high "x"'])[_SIDE]),
    "two_texts": ({}, np.array(["no", "yes"])[BOTH[:, 0]]),
    "whole_numbers": ({}, np.array([7, -3, 2**40])[_SIDE]),
    "numbers": ({}, np.array([1.0, 3.0])[BOTH[:, 0]]),
    "truth_values": ({}, BOTH[:, 0].astype(bool)),
    "objects": ({}, np.array(["no", "yes"], dtype=object)[BOTH[:, 0]]),
    "several_labels": ({}, BOTH),
    "focal": ({"loss": "focal"}, _SIDE),
    "softmax_of_two": ({"loss": "softmax_cross_entropy"}, BOTH[:, 0]),
    "members": ({"members": 3}, _SIDE),
    "members_of_two": ({"members": 3}, BOTH[:, 0]),
    "hinge": ({"loss": "hinge"}, BOTH[:, 0]),
    "hinge_of_several": ({"loss": "hinge"}, _SIDE),
    "categorical_hinge": ({"loss": "categorical_hinge"}, BOTH[:, 0]),
    "squared_error": ({"loss": "squared_error"}, _SIDE),
    "members_of_squared_error": ({"loss": "squared_error", "members": 3}, BOTH[:, 0]),
}
REGRESSORS: dict[str, tuple[dict[str, Any], Any]] = {
    "number": ({}, X[:, 0]),
    "several_numbers": ({}, X[:, :2]),
    "quantiles": ({"loss": Quantile((0.1, 0.5, 0.9))}, X[:, 0]),
    "spread": ({"loss": GaussianNLL()}, X[:, 0]),
    "poisson": ({"loss": "poisson", "members": 3}, np.exp(X[:, 0])),
}
# Trainings end before they are done, on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RUNNERS: dict[str, Callable] = {"onnxruntime": onnx_runtime, "onnx": onnx_reference, "python": python_program}


def fitted(name: str) -> MLPClassifier | MLPRegressor:
    kind = MLPClassifier if name in CLASSIFIERS else MLPRegressor
    settings, y = {**CLASSIFIERS, **REGRESSORS}[name]
    fast = {"solver": "sgd", "learning_rate_init": 0.1, "max_iter": 30, "random_state": 0}
    return kind(hidden_layer_sizes=5, **fast, **settings).fit(X, y)


def assert_same(model: MLPClassifier | MLPRegressor, found: dict[str, np.ndarray]) -> None:
    wanted = model.predict(X)
    if isinstance(model, MLPRegressor):
        assert_close(found["prediction"], wanted)
        return
    assert found["label"].tolist() == wanted.tolist()
    if hasattr(model, "predict_proba"):
        assert_close(found["probabilities"], model.predict_proba(X))
    else:
        assert_close(found["scores"], model.decision_function(X))


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("name", [*CLASSIFIERS, *REGRESSORS])
def test_what_is_exported_predicts_what_the_estimator_predicts(name: str, runner: str, tmp_path: Path) -> None:
    model = fitted(name)
    computation = computation_of(model, owner="test")
    run = RUNNERS[runner](computation, tmp_path) if runner == "python" else RUNNERS[runner](computation)
    assert_same(model, run({"X": X}))


def test_headers_of_c_predict_what_the_estimators_predict(tmp_path: Path) -> None:
    models = {name: fitted(name) for name in (*CLASSIFIERS, *REGRESSORS)}
    programs = c_programs({name: computation_of(model, owner="test") for name, model in models.items()}, tmp_path)
    for name, model in models.items():
        assert_same(model, programs[name]({"X": X}))


@pytest.mark.parametrize(
    "load", [load_iris, load_wine, load_breast_cancer, load_diabetes, load_linnerud], ids=lambda load: load.__name__
)
def test_real_data_give_the_same(load: Callable) -> None:
    given, y = load(return_X_y=True)
    rows = ((given - given.mean(axis=0)) / given.std(axis=0)).astype(np.float32)
    kind = MLPClassifier if load in (load_iris, load_wine, load_breast_cancer) else MLPRegressor
    model = kind(hidden_layer_sizes=20, batch_norm=True, max_iter=20, random_state=0).fit(rows, y)
    found = onnx_runtime(computation_of(model, owner="test"))({"X": rows})
    if kind is MLPClassifier:
        assert np.array_equal(found["label"], model.predict(rows))
        assert_close(found["probabilities"], model.predict_proba(rows))
    else:
        assert_close(found["prediction"], model.predict(rows))


def test_the_file_tells_the_version_the_classes_and_the_features(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    import json

    import pandas as pd

    import lamina
    from lamina.export import to_onnx

    model = MLPClassifier(4, max_iter=3).fit(pd.DataFrame(X, columns=["a", "b", "c"]), np.array(["no", "yes"])[BOTH[:, 0]])
    to_onnx(model, tmp_path / "model.onnx")
    written = onnx.load(tmp_path / "model.onnx")
    about = {entry.key: entry.value for entry in written.metadata_props}
    assert about["lamina"] == written.producer_version == lamina.__version__
    assert json.loads(about["classes"]) == ["no", "yes"]
    assert json.loads(about["features"]) == ["a", "b", "c"]
    assert written.opset_import[0].version >= 20


def test_an_estimator_that_is_not_fitted_is_refused(tmp_path: Path) -> None:
    from sklearn.exceptions import NotFittedError

    from lamina.export import to_python

    with pytest.raises(NotFittedError):
        to_python(MLPClassifier(), tmp_path / "model.py")


@pytest.mark.parametrize("y", [np.array(["no", "yes"])[BOTH[:, 0]], _SIDE], ids=["two classes", "several"])
@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.filterwarnings("ignore::lamina.training.TrainingWarning")
def test_a_perceptron_is_a_row_of_weights(runner: str, y: np.ndarray, tmp_path: Path) -> None:
    model = Perceptron(max_iter=5, random_state=0).fit(X, y)
    computation = computation_of(model, owner="test")
    found = (RUNNERS[runner](computation, tmp_path) if runner == "python" else RUNNERS[runner](computation))(
        {"X": X.astype(np.float64)}
    )
    assert found["label"].tolist() == model.predict(X).tolist()
    assert_close(found["scores"], model.decision_function(X))
