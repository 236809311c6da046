"""Data that cannot be used are refused by errors of Lamina's, whoever notices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from lamina import Dense, MLPClassifier, MLPRegressor, Sequential, Trainer
from lamina.errors import DataError, DataTypeError, LaminaError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
y = np.arange(60) % 2


class Tensor:
    """An array of another library that does not want to be read."""

    shape, ndim, dtype = (60, 3), 2, np.dtype(np.float64)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")

    def __len__(self) -> int:
        return 60

    def detach(self) -> Tensor:
        return self


def with_one(value: Any) -> np.ndarray:
    array = X.astype(object)
    array[3, 1] = value
    return array


BAD_ROWS = {
    "no rows": X[:0],
    "no features": X[:, :0],
    "three dimensions": X.reshape(60, 3, 1),
    "one dimension": X[:, 0],
    "NaN": with_one(np.nan).astype(float),
    "infinity": with_one(np.inf).astype(float),
    "complex": X + 1j,
    "words": with_one("red"),
    "None": with_one(None),
    "objects": with_one(object()),
    "dicts": with_one({"a": 1}),
    "huge integers": with_one(10**400),
    "dates": np.full((60, 3), np.datetime64("2020-01-01")),
    "ragged": [[1.0], [2.0, 3.0]] * 30,
    "a number": 3,
    "nothing": None,
    "text": "X",
    "a tensor with a gradient": Tensor(),
    "other number of rows": X[:7],
    "a dict": {"a": X},
}
BAD_TARGETS = {
    "no rows": y[:0],
    "other number of rows": y[:7],
    "NaN": np.where(y, np.nan, 0.0),
    "infinity": np.where(y, np.inf, 0.0),
    "None in it": np.where(y, None, 0),
    "complex": y + 1j,
    "objects": np.array([object()] * 60),
    "three dimensions": y.reshape(60, 1, 1),
    "nothing": None,
    "a number": 3,
    "text": "y",
    "a tensor with a gradient": Tensor(),
    "dicts": [{"a": 1}] * 60,
    "huge integers": [10**400, 1] * 30,
}
BAD_WEIGHTS = {
    "negative": np.where(y, -1.0, 1.0),
    "NaN": np.where(y, np.nan, 1.0),
    "text": ["heavy"] * 60,
    "wrong length": np.ones(59),
    "two dimensions": np.ones((60, 2)),
    "all zero": np.zeros(60),
    "complex": np.ones(60) + 1j,
    "a tensor with a gradient": Tensor(),
}
ESTIMATORS = [MLPClassifier(hidden_layer_sizes=4, max_iter=1), MLPRegressor(hidden_layer_sizes=4, max_iter=1)]


def trainer() -> Trainer:
    return Trainer(Sequential([Dense(1)], 3), "squared_error")


@pytest.mark.parametrize("rows", BAD_ROWS)
@pytest.mark.parametrize("model", ESTIMATORS, ids=lambda model: type(model).__name__)
def test_bad_rows_are_refused_in_fit_and_predict(model: Any, rows: str) -> None:
    with pytest.raises(LaminaError):
        model.fit(BAD_ROWS[rows], y)
    if rows != "other number of rows":
        fitted = type(model)(**model.get_params(deep=False)).fit(X, y)
        with pytest.raises(LaminaError):
            fitted.predict(BAD_ROWS[rows])


@pytest.mark.parametrize("target", BAD_TARGETS)
@pytest.mark.parametrize("model", ESTIMATORS, ids=lambda model: type(model).__name__)
def test_bad_targets_are_refused(model: Any, target: str) -> None:
    with pytest.raises(LaminaError):
        model.fit(X, BAD_TARGETS[target])


@pytest.mark.parametrize("weights", BAD_WEIGHTS)
@pytest.mark.parametrize("model", ESTIMATORS, ids=lambda model: type(model).__name__)
def test_bad_weights_are_refused(model: Any, weights: str) -> None:
    with pytest.raises(LaminaError):
        model.fit(X, y, BAD_WEIGHTS[weights])


@pytest.mark.parametrize("rows", BAD_ROWS)
def test_a_trainer_refuses_bad_rows(rows: str) -> None:
    with pytest.raises(LaminaError):
        trainer().fit(BAD_ROWS[rows], y)
    if rows not in ("other number of rows", "no rows"):
        with pytest.raises(LaminaError):
            trainer().predict(BAD_ROWS[rows])


@pytest.mark.parametrize("target", BAD_TARGETS)
def test_a_trainer_refuses_bad_targets(target: str) -> None:
    with pytest.raises(LaminaError):
        trainer().fit(X, BAD_TARGETS[target])


@pytest.mark.parametrize("weights", BAD_WEIGHTS)
def test_a_trainer_refuses_bad_weights(weights: str) -> None:
    with pytest.raises(LaminaError):
        trainer().fit(X, y, sample_weight=BAD_WEIGHTS[weights])


def test_a_tensor_with_a_gradient_is_told_of_detach() -> None:
    for fit in (lambda: trainer().fit(Tensor(), y), lambda: MLPRegressor().fit(Tensor(), y)):
        with pytest.raises(DataError, match=r"X.* cannot be read as an array: RuntimeError.*Give \w+\.detach\(\)\.cpu\(\)"):
            fit()


@pytest.mark.parametrize("wrong", [with_one({"a": 1}), sparse.csr_matrix(X) * 1j], ids=["dicts", "complex and sparse"])
def test_what_is_no_number_is_both_kinds_of_error_that_scikit_learn_raises(wrong: Any) -> None:
    with pytest.raises((DataError, DataTypeError)):
        MLPClassifier().fit(wrong, y)


# Weights that leave nothing to train or to measure on

ZERO_BUT_ONE = np.r_[1.0, np.zeros(59)]


@pytest.mark.parametrize("model", ESTIMATORS, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize(
    "settings", [{"early_stopping": True}, {"validation_split": [4, 5]}, {"validation_split": [4, 5], "n_restarts": 2}]
)
def test_validation_rows_of_no_weight_are_named(model: Any, settings: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=r"the weights of the validation rows must not all be 0, got .* Hold out other rows"):
        type(model)(**model.get_params(deep=False) | settings | {"random_state": 5}).fit(X, y, ZERO_BUT_ONE)


def test_training_rows_of_no_weight_are_named() -> None:
    model = MLPClassifier(validation_split=[0, 5], max_iter=1)
    with pytest.raises(DataError, match="the weights of the training rows must not all be 0, got '58 rows of weight 0'"):
        model.fit(X, y, ZERO_BUT_ONE)
    with pytest.raises(DataError, match=r"the weights of the training rows .* class_weight"):
        MLPClassifier(class_weight={0: 0.0, 1: 0.0}).fit(X, y)


def test_validation_rows_of_classes_without_weight_are_named() -> None:
    model = MLPClassifier(class_weight={1: 0.0}, max_iter=1)
    with pytest.raises(DataError, match="the weights of the validation rows must not all be 0, got '4 rows"):
        model.fit(X, y, X_val=X[:4], y_val=[1, 1, 1, 1])


def test_weights_that_are_all_zero_are_named_as_such() -> None:
    with pytest.raises(DataError, match="sample_weight must hold a weight > 0, got only zeros"):
        MLPRegressor().fit(X, y, np.zeros(60))


def test_a_trainer_says_that_the_validation_data_are_wrong() -> None:
    with pytest.raises(
        DataError, match="validation_data: the minimum of sample_weight must be >= 0, and not all weights may be 0"
    ):
        trainer().fit(X, y, validation_data=(X, y, np.zeros(60)))
    with pytest.raises(DataError, match="validation_data: y must hold finite numbers"):
        trainer().fit(X, y, validation_data=(X, np.full(60, np.nan)))


@pytest.mark.parametrize("fraction", [1e-9, 0.01, 0.999, 1 - 1e-9])
@pytest.mark.parametrize("num_rows", [1, 2, 3, 5])
def test_fractions_that_leave_too_few_rows_are_refused(fraction: float, num_rows: int) -> None:
    model = MLPRegressor(early_stopping=True, validation_fraction=fraction, max_iter=1)
    with pytest.raises(DataError, match=r"validation_fraction|at least"):
        model.fit(X[:num_rows], y[:num_rows])


def test_targets_beyond_the_dtype_of_the_rows_are_named_as_such() -> None:
    rows, targets = np.ones((4, 2), dtype=np.float32), np.array([0.0, 1e200, 1.0, 0.0])
    with pytest.raises(
        DataError,
        match=r"^y holds 1e\+200, which is beyond the range of float32\. Scale the data, or .*a float64 X for an estimator",
    ):
        MLPRegressor(hidden_layer_sizes=2).fit(rows, targets)
