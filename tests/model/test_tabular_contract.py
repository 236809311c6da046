"""scikit-learn's contract for the estimators of tables, on arrays."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.base import BaseEstimator
from sklearn.utils.estimator_checks import parametrize_with_checks

from lamina import TabularClassifier, TabularRegressor

# Columns without information are left out with a note.
pytestmark = pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")

_ESTIMATORS: list[Any] = [TabularClassifier(max_epochs=30, n_threads=1), TabularRegressor(max_epochs=30, n_threads=1)]
_EXPECTED: dict[str, str] = {
}


def _expected_failures(estimator: BaseEstimator) -> dict[str, str]:
    return _EXPECTED


@parametrize_with_checks(_ESTIMATORS, expected_failed_checks=_expected_failures)
def test_an_estimator_of_tables_keeps_the_contract(estimator: BaseEstimator, check: Any) -> None:
    check(estimator)
