"""A few inputs so far off that scaling presses all others together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lamina import Adam, Dense, MLPClassifier, Sequential, Trainer, diagnose
from lamina.doctor.patients import admit
from lamina.doctor.probes.squeezed_columns import by_ranks, squeezed_columns

X, Y = make_classification(600, 8, n_informative=6, n_redundant=0, n_clusters_per_class=1, class_sep=1.5, random_state=0)
RNG = np.random.default_rng(0)


def network() -> Any:
    return make_pipeline(StandardScaler(), MLPClassifier((24,), max_iter=60, random_state=0))


def missing_as(code: float) -> np.ndarray:
    return np.where(RNG.uniform(size=X.shape) < 0.05, code, X)


@pytest.mark.parametrize(
    "rows",
    [lambda: missing_as(-9999.0), lambda: np.exp(4 * X), lambda: np.vstack([1e6 * X[:3], X[3:]])],
    ids=["code for missing", "long tail", "three rows in another unit"],
)
def test_what_scaling_presses_together_is_named_and_its_cure_helps(rows: Callable[[], np.ndarray]):
    given = rows()
    found = diagnose(network(), given, Y)
    assert found.findings[0].name == "outlying_inputs"
    assert not found.is_healthy
    cured = admit(network(), owner="test").changed(found["outlying_inputs"].cures[0].changes).model()
    assert diagnose(cured, given, Y).case.outcome.held_out > found.case.outcome.held_out + 0.05


@pytest.mark.parametrize(
    "rows",
    [
        lambda: X,
        lambda: np.hstack([X, (1e4 * RNG.exponential(size=(len(X), 1)) ** 4) * (RNG.uniform(size=(len(X), 1)) < 0.1)]),
        lambda: np.hstack([X, np.exp(3 * RNG.normal(size=(len(X), 1)))]),
    ],
    ids=["normal", "gains that few have", "a long tail that tells nothing"],
)
def test_columns_that_hide_nothing_are_not_named(rows: Callable[[], np.ndarray]):
    assert "outlying_inputs" not in diagnose(network(), rows(), Y)


def test_a_trainer_takes_ranks_around_its_fit():
    trainer = Trainer(Sequential([Dense(24, activation="relu"), Dense(1)]), "sigmoid_cross_entropy", Adam(0.005), seed=0)
    patient = admit(trainer, owner="test", fit={"max_epochs": 40}).changed({"scale_inputs": "ranks"})
    model = patient.model().fit(missing_as(-9999.0), Y, max_epochs=40)
    assert np.abs(model.transform(X)).max() < 6
    assert patient.spelled({"scale_inputs": "ranks"}).startswith("a QuantileTransformer(")


def test_where_most_values_are_equal_there_is_no_tail():
    found = squeezed_columns(np.r_[np.zeros(80), 1e6 * np.arange(1, 21)][:, None])
    assert (found.tail, found.far) == (0.0, 0.0)


def test_missing_and_empty_columns_have_no_tail():
    numbers = np.column_stack([np.full(50, np.nan), np.r_[np.nan, np.arange(49.0)]])
    assert squeezed_columns(numbers).columns.size == 0


def test_ranks_keep_order_and_ties():
    ranked = by_ranks(np.array([[3.0], [1.0], [3.0], [1e9]]), np.array([0]))[:, 0]
    assert ranked[0] == ranked[2]
    assert ranked[1] < ranked[0] < ranked[3] < 2
