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
_EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": "validation rows, batches and dropout masks count rows, not weights",
}
_OF_NUMBERS = "check_methods_subset_invariance"


@parametrize_with_checks(_ESTIMATORS, expected_failed_checks=lambda _: _EXPECTED)
def test_an_estimator_of_tables_keeps_the_contract(estimator: BaseEstimator, check: Any) -> None:
    if isinstance(estimator, TabularRegressor) and check.func.__name__ == _OF_NUMBERS:
        # test_one_row.py compares rows and tables.
        pytest.skip("features are float32, whose last digit depends on the size of a batch")
    check(estimator)
