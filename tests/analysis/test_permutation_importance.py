"""Permutation importance has scikit-learn's numbers, and takes every table that the model takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse
from sklearn import inspection
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import mean_pinball_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lamina import MLPRegressor, TabularRegressor, fit_table, permutation_importance
from lamina.analysis import PermutationImportance
from lamina.errors import DataError, InvalidSettingError
from lamina.losses import Quantile
from lamina.model import StoppingSettings, TableSettings

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4))
NUMBERS = 2 * X[:, 0] + X[:, 2] + RNG.normal(size=120) / 5
LABELS = np.where(NUMBERS > 1, "high", np.where(NUMBERS < -1, "low", "middle"))


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("as_frame", [False, True])
@pytest.mark.parametrize(("model", "y"), [(LinearRegression(), NUMBERS), (LogisticRegression(), LABELS)])
def test_the_drops_are_scikit_learns(model: Any, y: np.ndarray, as_frame: bool, seed: int):
    table = pd.DataFrame(X, columns=list("abcd"), index=np.arange(120)[::-1] // 2) if as_frame else X
    model.fit(table, y)
    theirs = inspection.permutation_importance(model, table, y, n_repeats=6, random_state=seed)
    found = permutation_importance(model, table, y, repeats=6, seed=seed)
    np.testing.assert_allclose(found.drops, theirs.importances, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.means, theirs.importances_mean, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.deviations, theirs.importances_std, rtol=0, atol=1e-12)
    assert found.value == pytest.approx(model.score(table, y))
    assert found.names == (("a", "b", "c", "d") if as_frame else ("x0", "x1", "x2", "x3"))


@pytest.mark.parametrize(("score", "theirs"), [("log_loss", "neg_log_loss"), ("auc", "roc_auc_ovr"), ("f1", "f1_macro")])
def test_other_scores_give_scikit_learns_drops_too(score: str, theirs: str):
    model = LogisticRegression().fit(X, LABELS)
    expected = inspection.permutation_importance(model, X, LABELS, n_repeats=3, random_state=0, scoring=theirs)
    np.testing.assert_allclose(permutation_importance(model, X, LABELS, repeats=3, score=score).drops, expected.importances)


def test_a_function_can_be_the_score():
    def share_of_low(truth: np.ndarray, predicted: np.ndarray) -> float:
        return float(((truth == "low") & (predicted == "low")).mean())

    found = permutation_importance(LogisticRegression().fit(X, LABELS), X, LABELS, score=share_of_low)
    assert found.score == "share_of_low"
    assert found.order[0] == 0
    assert "Drop of share_of_low" in str(found)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("levels", [(0.1, 0.5, 0.9), (0.9,)])
@pytest.mark.parametrize("as_table", [False, True])
def test_of_quantiles_the_pinball_loss_of_all_levels_is_measured(levels: tuple[float, ...], as_table: bool):
    y = NUMBERS + X[:, 1] * RNG.exponential(size=120)
    table: Any = pd.DataFrame(X, columns=list("abcd")) if as_table else X
    kind: Any = (
        TabularRegressor(hidden=8, max_epochs=30) if as_table else MLPRegressor(hidden_layer_sizes=8, learning_rate_init=0.01)
    )
    model = kind.set_params(loss=Quantile(levels), random_state=0).fit(table, y)
    found = permutation_importance(model, table, y)
    predicted = model.predict(table).reshape(120, -1)
    losses = [mean_pinball_loss(y, column, alpha=level) for column, level in zip(predicted.T, levels, strict=True)]
    assert (found.score, found.change, found.value) == ("pinball", "rise", pytest.approx(np.mean(losses)))
    assert found.order[0] == 0
    median = kind.set_params(loss=Quantile(0.5)).fit(table, y)
    assert permutation_importance(median, table, y, repeats=1).score == "r2"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("levels", [(0.1, 0.9), (0.9,)])
def test_a_pipeline_of_quantiles_is_measured_as_its_last_step(levels: tuple[float, ...]):
    scaler, regressor = StandardScaler(), MLPRegressor(hidden_layer_sizes=8, loss=Quantile(levels), max_iter=5, random_state=0)
    model = make_pipeline(scaler, regressor).fit(X, NUMBERS)
    found = permutation_importance(model, X, NUMBERS, repeats=2)
    alone = permutation_importance(regressor, scaler.transform(X), NUMBERS, repeats=2)
    assert found.score == "pinball"
    np.testing.assert_array_equal(found.drops, alone.drops)
    np.testing.assert_array_equal(permutation_importance(model, X, NUMBERS, repeats=2, score="pinball").drops, found.drops)


COLUMNS: dict[str, Any] = {
    "size": X[:, 0].tolist(),
    "city": ["Ulm", "Bonn", None] * 40,
    "late": RNG.integers(0, 2, 120).astype(bool).tolist(),
}


@pytest.mark.parametrize("make", [pa.table, pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize("target", ["size", "kind"])
def test_a_tables_model_is_measured_on_every_kind_of_table(make: Any, target: str):
    columns = {**COLUMNS, "kind": np.where(np.array(COLUMNS["size"]) > 0, "big", "small").tolist(), "twin": COLUMNS["size"]}
    table = make(columns)
    model = fit_table(table, target, settings=TableSettings(stopping=StoppingSettings(max_epochs=20))).model
    found = permutation_importance(model, table, target, repeats=2)
    assert set(found.names) == columns.keys() - {target}
    assert found.score == ("r2" if target == "size" else "accuracy")
    evaluated = model.evaluate(table)["model"]
    assert found.value == pytest.approx(evaluated[found.score])
    by_name = dict(zip(found.names, found.means, strict=True))
    assert by_name["twin"] > max(by_name["city"], by_name["late"])
    if target == "kind":
        worse = permutation_importance(model, table, columns["kind"], repeats=2, score="log_loss")
        assert worse.value == pytest.approx(evaluated["log_loss"])
        assert dict(zip(worse.names, worse.means, strict=True))["kind"] == 0.0  # the model does not look at it


def test_the_table_is_not_changed():
    array, frame = X.copy(), pd.DataFrame(X)
    permutation_importance(LinearRegression().fit(X, NUMBERS), array, NUMBERS)
    permutation_importance(LinearRegression().fit(X, NUMBERS), frame, NUMBERS)
    assert np.array_equal(array, X)
    assert np.array_equal(frame.to_numpy(), X)


def test_columns_of_an_array_have_the_names_that_the_model_was_fitted_with():
    model = LogisticRegression().fit(pd.DataFrame(X, columns=list("abcd")), LABELS)
    with pytest.warns(UserWarning, match="feature names"):
        assert permutation_importance(model, X, LABELS, repeats=1).names == ("a", "b", "c", "d")


def test_the_result_in_words_and_as_a_frame():
    found = PermutationImportance(("age", "height"), np.array([[0.0, 0.0], [0.25, 0.5]]), "log_loss", 0.3)
    assert str(found).splitlines() == [
        "column  mean rise  deviation",
        "----------------------------",
        "height      0.375      0.125",
        "age             0          0",
        "Rise of log_loss, which is 0.3 with nothing shuffled: 2 shuffles of each column.",
    ]
    assert found.to_frame()["column"].tolist() == ["height", "age"]


@pytest.mark.parametrize(
    ("table", "y", "settings", "error", "words"),
    [
        (X, NUMBERS, {"repeats": 0}, InvalidSettingError, "repeats must be an integer >= 1"),
        (X, NUMBERS, {"seed": -1}, InvalidSettingError, "seed must be"),
        (X, NUMBERS, {"score": "acuracy"}, InvalidSettingError, "Did you mean 'accuracy'"),
        (X, NUMBERS, {"score": "auc"}, InvalidSettingError, "must have predict_proba"),
        (X, NUMBERS[:-1], {}, DataError, "must have 120 rows"),
        (X, "d", {}, DataError, "must have 120 rows"),
        (pd.DataFrame(X, columns=list("abcd")), "e", {}, DataError, "must be one of the columns"),
        (X[:, 0], NUMBERS, {}, DataError, r"must be a data frame or have shape \(n, columns\)"),
        (sparse.csr_matrix(X), NUMBERS, {}, DataError, "Give X.toarray()"),
    ],
)
def test_what_cannot_be_measured_is_refused(table: Any, y: Any, settings: dict[str, Any], error: type, words: str):
    with pytest.raises(error, match=words):
        permutation_importance(LinearRegression().fit(X, NUMBERS), table, y, **settings)
