"""Rows and targets of many forms, and what is said of those that cannot be used."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier as OfScikitLearn
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lamina import (
    Callback,
    Dense,
    Graph,
    Input,
    MLPClassifier,
    MLPRegressor,
    Sequential,
    TabularClassifier,
    TabularRegressor,
    Trainer,
    diagnose,
    treat,
)
from lamina.errors import DataError, DataTypeError, InvalidSettingError, LaminaError, ShapeError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4))
Y = (X[:, 0] + X[:, 1] > 0).astype(int)
TABLE = pd.DataFrame(X, columns=["height", "b", "c", "d"]).assign(label=np.where(Y, "yes", "no"))


def classifier(**settings: Any) -> MLPClassifier:
    return MLPClassifier((4,), random_state=0, **{"max_iter": 5} | settings)


def trainer(**settings: Any) -> Trainer:
    return Trainer(Sequential([Dense(2)], 4), "softmax_cross_entropy", seed=0, **settings)


@pytest.mark.parametrize("model", [classifier(), trainer()], ids=["estimator", "trainer"])
@pytest.mark.parametrize(
    ("rows", "targets", "error", "said"),
    [
        (X, Y[:100], ShapeError, "y must hold a target for each of the 120 rows of X, got 100"),
        (X[:100], Y, ShapeError, "y must hold a target for each of the 100 rows of X, got 120"),
        (X[:0], Y[:0], DataError, "at least 20 rows"),
        (None, Y, DataTypeError, "X must be an array, a sparse matrix or a table, got None"),
        ("table.csv", "label", DataTypeError, "Read a file first"),
        (X, None, DataTypeError, "y must be one array of targets, or the name of a column of X, got None"),
        (X, {"a": Y}, DataTypeError, "y must be one array of targets"),
        (X, "label", DataError, "y must be an array, or name a column of X, got 'label'"),
        (TABLE, "lable", DataError, "The columns are 'height', 'b', 'c', 'd', 'label'"),
        (X, np.zeros(120, int), DataError, r"y must hold at least two classes, got \[0\]"),
        (X, np.array([None, *"ab" * 59, "a"], dtype=object), DataError, "got 1 missing label"),
        (X, pd.Series([pd.NA, *"ab" * 59, "a"]), DataError, "got 1 missing label"),
        (X, np.array([1, *"ab" * 59, "a"], dtype=object), DataTypeError, r"labels of one type, got \['int', 'str'\]"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(model: Any, rows: Any, targets: Any, error: type, said: str):
    with pytest.raises(error, match=said):
        diagnose(model, rows, targets)


def test_labels_in_one_column_are_labels():
    assert diagnose(classifier(), X, Y[:, None]).to_dict() == diagnose(classifier(), X, Y).to_dict()


def test_a_list_of_rows_is_not_several_inputs():
    assert diagnose(classifier(), list(X), Y).to_dict() == diagnose(classifier(), X, Y).to_dict()


def test_targets_can_be_several_columns_by_name():
    table = TABLE.drop(columns="label")
    model = TabularRegressor(max_epochs=3, random_state=0)
    by_name = diagnose(model, table, ["c", "d"])
    assert by_name.to_dict() == diagnose(model, table[["height", "b"]], table[["c", "d"]]).to_dict()


@pytest.fixture(scope="module")
def leaking() -> tuple[pd.DataFrame, np.ndarray]:
    """A column that is the answer, among others that tell something of it."""
    rng = np.random.default_rng(1)
    columns = rng.normal(size=(300, 3))
    y = (columns @ (1.0, 1.0, 0.5) + rng.normal(size=300) > 0).astype(int)
    return pd.DataFrame(columns, columns=["a", "b", "c"]).assign(answer=1.0 * y), y


@pytest.mark.parametrize(
    "model",
    [classifier(), make_pipeline(StandardScaler(), classifier()), TabularClassifier(max_epochs=5, random_state=0), trainer()],
    ids=["estimator", "pipeline", "table", "trainer"],
)
def test_a_column_is_called_as_in_the_table(model: Any, leaking: tuple[pd.DataFrame, np.ndarray]):
    found = diagnose(model, *leaking)
    assert found.case.data.columns.names[-1].startswith("answer")
    assert found["leak"].where.column.startswith("answer")


def test_columns_without_names_are_numbered():
    assert diagnose(classifier(), X, Y).case.data.columns.names == ("x0", "x1", "x2", "x3")


def test_sparse_inputs_are_treated_without_centering():
    treatment = treat(classifier(learning_rate_init=1e-6), sparse.csr_matrix(X), Y, budget=10, control=False)
    assert not [result.problem for result in treatment.tried if result.problem]
    assert treatment.improved
    scaler = treatment.model[0]
    assert isinstance(scaler, StandardScaler)
    assert not scaler.with_mean
    assert "with_mean=False" in treatment.diagnosis.spell({"scale_inputs": True})


@pytest.mark.parametrize("y", [np.full(len(X), 3.5), np.full((len(X), 2), 3)])
def test_numbers_that_are_all_the_same_cannot_be_learned(y: np.ndarray):
    for examine in (diagnose, treat):
        with pytest.raises(DataError, match="y must hold at least two different numbers"):
            examine(MLPRegressor(max_iter=5), X, y)


def test_a_diagnosis_of_another_model_is_refused():
    with pytest.raises(InvalidSettingError, match="diagnosis must be one of this model"):
        treat(MLPRegressor(max_iter=5), X, X[:, 0], diagnosis=diagnose(classifier(), X, Y))


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (MLPClassifier, r"got the class MLPClassifier\. Give an object: MLPClassifier\(\)"),
        (OfScikitLearn(), r"got sklearn's MLPClassifier\. Lamina's own takes the same parameters"),
        (make_pipeline(StandardScaler(), LogisticRegression()), "a Pipeline that ends in sklearn's LogisticRegression"),
        (make_pipeline(classifier(), "passthrough"), "a Pipeline that ends in 'passthrough'"),
        (None, "got None"),
    ],
)
def test_another_model_is_called_by_its_name(model: Any, said: str):
    with pytest.raises(InvalidSettingError, match=said):
        diagnose(model, X, Y)


@pytest.mark.parametrize(
    ("fit", "said"),
    [
        ({"epochs": 5}, "Did you mean 'max_epochs'"),
        ({"max_epochs": "5"}, "max_epochs must be an integer"),
        ({"sample_weight": np.ones(10)}, "sample_weight must have a number for each of the 120 rows"),
        ({"sample_weight": "a"}, "sample_weight must have a number for each of the 120 rows"),
    ],
)
def test_wrong_settings_of_fit_are_refused(fit: dict[str, Any], said: str):
    with pytest.raises(LaminaError, match=said):
        diagnose(trainer(), X, Y, **fit)


def test_a_network_of_several_outputs_is_refused():
    inputs = Input(4)
    network = Graph(inputs, [Dense(2, name="label")(inputs), Dense(1, name="number")(inputs)])
    with pytest.raises(InvalidSettingError, match="the network must have one output, got 2"):
        diagnose(Trainer(network, ["softmax_cross_entropy", "squared_error"]), X, [Y, X[:, 0]])


class Interrupting(Callback):
    def on_epoch_end(self, *_: Any) -> None:
        raise KeyboardInterrupt


@pytest.mark.parametrize("make", [classifier, trainer])
def test_an_interrupt_ends_the_examination_even_where_it_only_ends_training(make: Any):
    with pytest.raises(KeyboardInterrupt):
        diagnose(make(callbacks=Interrupting(), on_interrupt="return"), X, Y)


class Locked(Callback):
    def __init__(self) -> None:
        self.lock = threading.Lock()


def test_a_callback_that_cannot_be_copied_is_named():
    with pytest.raises(InvalidSettingError, match=r"a callback must be one that can be copied .*got 'Locked'"):
        diagnose(classifier(callbacks=Locked()), X, Y)
