"""What a target is stays what it was: another kind of it is refused in the target's own words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.utils.class_weight import compute_class_weight

from lamina import MLPClassifier, MLPRegressor
from lamina.errors import DataError, DataTypeError
from lamina.losses import SoftmaxCrossEntropy

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
labels = np.arange(60) % 3
one_hot = np.eye(3, dtype=int)[labels]

KINDS: dict[str, tuple[Any, str]] = {
    "numbers": (labels, "one label per row, numbers"),
    "texts": (labels.astype(str), "one label per row, strings"),
    "texts in objects": (labels.astype(str).astype(object), "one label per row, strings"),
    "three labels": (one_hot, "3 labels of 0 and 1 per row"),
    "two labels": (one_hot[:, :2], "2 labels of 0 and 1 per row"),
    "sparse labels": (sparse.csr_matrix(one_hot[:, :2]), "2 labels of 0 and 1 per row"),
}


def classifier(**settings: Any) -> MLPClassifier:
    return MLPClassifier(**{"hidden_layer_sizes": 4, "max_iter": 2, "random_state": 0, **settings})


@pytest.mark.parametrize("then", KINDS)
@pytest.mark.parametrize("now", KINDS)
def test_a_warm_start_says_both_kinds(then: str, now: str) -> None:
    (before, said_before), (after, said_after) = KINDS[then], KINDS[now]
    model = classifier(warm_start=True).fit(X, before)
    if said_before == said_after:
        model.fit(X, after)
    else:
        with pytest.raises(DataError) as caught:
            model.fit(X, after)
        assert f"({said_before}), got {said_after!r}. Fit a new model" in str(caught.value)


@pytest.mark.parametrize("now", ["texts", "three labels"])
def test_partial_fit_says_both_kinds(now: str) -> None:
    model = classifier().partial_fit(X, labels, classes=[0, 1, 2])
    before = model.predict_proba(X)
    with pytest.raises(DataError, match=r"kind learned in fit .one label per row, numbers"):
        model.partial_fit(X, KINDS[now][0])
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_validation_rows_have_the_kind_of_the_others() -> None:
    with pytest.raises(DataError, match=r"kind learned in fit .one label per row, numbers.*strings"):
        classifier().fit(X, labels, X_val=X, y_val=labels.astype(str))


def test_classes_of_another_kind_than_y_are_refused() -> None:
    with pytest.raises(DataError, match=r"one label per row, strings.*got 'one label per row, numbers'"):
        classifier().partial_fit(X, labels, classes=["a", "b", "c"])


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_regressor_says_how_many_outputs_it_has(method: str) -> None:
    model = MLPRegressor(hidden_layer_sizes=4, max_iter=2, warm_start=True).fit(X, X)
    with pytest.raises(DataError, match=r"y must have 3 column\(s\), as in the previous call, got 1\. Fit a new model"):
        getattr(model, method)(X, X[:, 0])


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("y", [["a"] * 60, ["1"] * 60, np.array(["1.5", 2] * 30, dtype=object)], ids=["words", "digits", "mixed"])
def test_a_regressor_refuses_texts(method: str, y: Any) -> None:
    with pytest.raises(DataTypeError, match=r"MLPRegressor: y must hold numbers, got .*Give y\.astype\(float\)"):
        getattr(MLPRegressor(), method)(X, y)


def test_a_regressor_refuses_a_sparse_target() -> None:
    with pytest.raises(DataTypeError, match=r"y must be dense, got 'a sparse csr_matrix'. Give y.toarray\(\)"):
        MLPRegressor().fit(X, sparse.csr_matrix(X))


@pytest.mark.parametrize(
    ("y", "came"),
    [
        (["a", 1] * 30, "int and str"),
        (np.array(["a", 1.5] * 30, dtype=object), "float and str"),
        (np.array(["a", None] * 30, dtype=object), "NoneType and str"),
        ([1, None] * 30, "NoneType and int"),
    ],
)
def test_labels_of_several_types_are_refused(y: Any, came: str) -> None:
    with pytest.raises(DataTypeError, match=f"MLPClassifier: y must hold labels of one type, got '{came}'"):
        classifier().fit(X, y)


def test_texts_of_python_and_of_numpy_are_one_type() -> None:
    mixed = np.array([np.str_(label) if row % 2 else str(label) for row, label in enumerate(labels)], dtype=object)
    assert classifier().fit(X, mixed).classes_.tolist() == ["0", "1", "2"]


@pytest.mark.parametrize(
    "classes", [[], [0, 0, 1, 2], [[0, 1, 2]], 3, "abc", {0, 1, 2}, [0, 1, np.nan], [None, 0, 1], ["a", 1]], ids=str
)
def test_classes_that_are_no_list_of_labels_are_refused(classes: Any) -> None:
    model = classifier()
    with pytest.raises(DataError, match=r"MLPClassifier\.partial_fit: classes must"):
        model.partial_fit(X, labels, classes=classes)
    assert not hasattr(model, "coefs_")


def test_classes_may_come_in_any_order() -> None:
    ordered, shuffled = (classifier().partial_fit(X, labels, classes=classes) for classes in ([0, 1, 2], [2, 0, 1]))
    np.testing.assert_array_equal(shuffled.predict_proba(X), ordered.predict_proba(X))
    shuffled.partial_fit(X, labels, classes=[1, 2, 0])


def test_a_label_that_classes_lack_is_named() -> None:
    with pytest.raises(DataError, match=r"`y` has classes not in `self.classes_`"):
        classifier().partial_fit(X, labels, classes=[0, 1])


def test_balanced_weights_are_refused_in_parts_and_the_repair_works() -> None:
    with pytest.raises(DataError, match=r"class_weight must not be 'balanced' in partial_fit.*compute_class_weight\("):
        classifier(class_weight="balanced").partial_fit(X, labels, classes=[0, 1, 2])
    classes = np.array([0, 1, 2])
    weights = dict(zip(classes, compute_class_weight("balanced", classes=classes, y=labels), strict=True))
    classifier(class_weight=weights).partial_fit(X, labels, classes=classes)


def test_one_hot_rows_are_several_labels_to_a_classifier_as_in_scikit_learn() -> None:
    assert classifier().fit(X, one_hot).predict(X).shape == (60, 3)


def test_one_hot_rows_under_softmax_are_told_of_argmax() -> None:
    with pytest.raises(DataError, match=r"got '3 columns of 0 and 1'\. Give y\.argmax\(axis=1\)"):
        classifier(loss=SoftmaxCrossEntropy()).fit(X, one_hot)
    classifier(loss=SoftmaxCrossEntropy()).fit(X, one_hot.argmax(axis=1))
