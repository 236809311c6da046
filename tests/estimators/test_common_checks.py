"""scikit-learn's contract for estimators, for the defaults and for settings that take other paths."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.base import BaseEstimator
from sklearn.utils.estimator_checks import parametrize_with_checks

import lamina
from lamina import MLPClassifier, MLPRegressor

# The checks fit for a few epochs only.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# Equivalence of weights and repetitions holds for the whole data set in one batch, without what is random or counts rows.
_BATCHES_AND_CHANCE = {
    "check_sample_weight_equivalence_on_dense_data": "dropout masks and batch statistics count rows, not weights",
    "check_sample_weight_equivalence_on_sparse_data": "dropout masks and batch statistics count rows, not weights",
}

_ESTIMATORS: list[Any] = [
    MLPClassifier(),
    MLPRegressor(),
    MLPClassifier(solver="lbfgs", hidden_layer_sizes=20, max_iter=50),
    MLPRegressor(solver="lbfgs", hidden_layer_sizes=20, max_iter=50),
    MLPClassifier(
        solver="sgd", learning_rate_init=0.05, max_iter=100, loss="hinge", hidden_layer_sizes=(9, 8), activation=["tanh", "relu"]
    ),
    MLPClassifier(batch_norm=True, dropout=0.1, optimizer=lamina.RMSprop(0.01), max_iter=60),
    MLPRegressor(
        layer_norm=True, dropout=[0.05], input_dropout=0.02, solver="nadam", learning_rate_init=0.05, loss="huber", max_iter=150
    ),
]


def _expected_failures(estimator: BaseEstimator) -> dict[str, str]:
    return _BATCHES_AND_CHANCE if estimator.dropout else {}


@parametrize_with_checks(_ESTIMATORS, expected_failed_checks=_expected_failures)
def test_an_estimator_keeps_the_contract(estimator: BaseEstimator, check: Any) -> None:
    check(estimator)
