"""New rows: plain arrays that need no validation are predicted as all others are, and everything else is validated."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError

from lamina import MLPClassifier, MLPRegressor
from lamina.estimators.fitted import fit_of
from lamina.estimators.target import LabelEncoding

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
SETTINGS: dict[str, Any] = {"hidden_layer_sizes": 5, "max_iter": 3, "random_state": 0}


@pytest.fixture(scope="module")
def model() -> MLPClassifier:
    with warnings.catch_warnings(action="ignore"):
        return MLPClassifier(**SETTINGS).fit(X, y)


_FORMS = {
    "array": lambda x: x,
    "Fortran order": np.asfortranarray,
    "every second row": lambda x: np.repeat(x, 2, axis=0)[::2],
    "list": lambda x: x.tolist(),
    "CSR": sparse.csr_matrix,
}


@pytest.mark.parametrize("form", _FORMS)
def test_every_form_of_the_rows_is_predicted_alike(model: MLPClassifier, form: str) -> None:
    rows = _FORMS[form](X)
    np.testing.assert_allclose(model.predict_proba(rows), model.predict_proba(X), rtol=1e-12)
    np.testing.assert_array_equal(model.predict(rows), model.predict(X))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.full((1, 4), np.nan), "Input X contains NaN"),
        (np.array([[0.0, 1.0, np.inf, 2.0]]), "Input X contains infinity"),
        (np.zeros((2, 3)), "X has 3 features, but MLPClassifier is expecting 4 features"),
        (np.zeros((0, 4)), r"Found array with 0 sample\(s\)"),
        (np.zeros(4), "Expected 2D array, got 1D array instead"),
    ],
)
def test_rows_that_do_not_fit_are_refused_in_scikit_learn_s_words(model: MLPClassifier, rows: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        model.predict(rows)


def test_an_unfitted_model_says_so() -> None:
    for method in ("predict", "predict_proba"):
        with pytest.raises(NotFittedError):
            getattr(MLPClassifier(), method)(X)
    with pytest.raises(NotFittedError):
        MLPRegressor().predict(X)


def test_columns_that_had_names_are_missed_in_an_array() -> None:
    model = MLPClassifier(**SETTINGS).fit(pd.DataFrame(X, columns=list("abcd")), y)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(X)


@pytest.mark.parametrize("classes", [2, 3, 256, 257, 70_000])
def test_encoded_labels_have_the_smallest_type_and_any_number_of_rows(classes: int) -> None:
    labels = np.arange(classes) * 3 - 5
    encoding = LabelEncoding.learn(np.tile(labels, 3))
    encoded = encoding.encode(labels[::-1])
    assert encoded.dtype == np.min_scalar_type(classes - 1)
    np.testing.assert_array_equal(encoded.ravel(), np.arange(classes)[::-1])


def test_an_unknown_label_is_found_in_whatever_row_it_stands() -> None:
    labels = np.zeros(40_000, dtype=np.int64)
    labels[-1] = 1
    encoding = LabelEncoding.learn(labels)
    labels[-2] = 7
    with pytest.raises(ValueError, match=r"`y` has classes not in `self\.classes_`"):
        encoding.encode(labels)


def test_probabilities_of_two_classes_are_the_engine_s_and_sum_to_one() -> None:
    model = MLPClassifier(**SETTINGS).fit(X.astype(np.float32), y > 0)
    p = model.predict_proba(X.astype(np.float32))
    assert p.dtype == np.float32
    np.testing.assert_array_equal(p[:, :1], 1 - p[:, 1:])
    np.testing.assert_array_equal(p[:, 1:], fit_of(model).trainer.predict(X.astype(np.float32)))
