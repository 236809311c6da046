"""Losses by name, object and function; weights of rows and classes; smoothed labels."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_classification, make_multilabel_classification, make_regression
from sklearn.linear_model import GammaRegressor, TweedieRegressor
from sklearn.metrics import recall_score
from sklearn.preprocessing import scale

from lamina import Hinge, Huber, MLPClassifier, MLPRegressor, Poisson, Quantile, SigmoidCrossEntropy, SoftmaxCrossEntropy
from lamina.errors import DataError, InvalidSettingError
from lamina.losses import LABEL_LOSSES, CustomLoss, Focal, Gamma, Tweedie

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

_IRIS = load_iris(return_X_y=True)
_BINARY = make_classification(200, 6, random_state=0)
_LABELS = make_multilabel_classification(150, n_classes=3, random_state=0)
_LABELS = (scale(_LABELS[0]), _LABELS[1])
_SMALL: dict[str, Any] = {"hidden_layer_sizes": 16, "learning_rate_init": 0.02, "max_iter": 100, "random_state": 0}


@pytest.mark.parametrize("loss", [*LABEL_LOSSES, "log_loss", Huber(0.5), Focal(alpha=0.5)])
@pytest.mark.parametrize("data", [_IRIS, _BINARY, _LABELS], ids=["classes", "two classes", "labels"])
def test_every_classification_loss_learns_every_kind_of_label(loss: Any, data: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = data
    if y.ndim == 2 and loss in ("softmax_cross_entropy", "categorical_hinge"):
        with pytest.raises(DataError, match=f"y must have one label per row with the loss {loss}"):
            MLPClassifier(loss=loss, **_SMALL).fit(X, y)
        return
    model = MLPClassifier(loss=loss, **_SMALL).fit(X, y)
    assert model.score(X, y) > (0.6 if y.ndim == 2 else 0.9)
    assert model.predict(X).dtype.kind == y.dtype.kind


def test_probabilities_or_decisions_come_with_the_loss() -> None:
    margin, likelihood = MLPClassifier(loss="hinge"), MLPClassifier()
    assert not hasattr(margin, "predict_proba") and hasattr(margin, "decision_function")
    assert hasattr(likelihood, "predict_proba") and not hasattr(likelihood, "decision_function")
    X, y = _BINARY
    decisions = MLPClassifier(loss=Hinge(), **_SMALL).fit(X, y)
    np.testing.assert_array_equal(decisions.decision_function(X) > 0, decisions.predict(X) == 1)
    X, y = _IRIS
    decisions = MLPClassifier(loss="perceptron", **_SMALL).fit(X, y)
    np.testing.assert_array_equal(decisions.decision_function(X).argmax(axis=1), decisions.predict(X))


@pytest.mark.parametrize("loss", [SigmoidCrossEntropy(), SoftmaxCrossEntropy(), SoftmaxCrossEntropy(probabilities=True)])
@pytest.mark.parametrize("data", [_IRIS, _BINARY], ids=["classes", "two classes"])
def test_cross_entropies_as_objects_have_probabilities_that_sum_to_one(loss: Any, data: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = data
    p = MLPClassifier(loss=loss, **_SMALL).fit(X, y).predict_proba(X)
    assert p.shape == (len(X), len(np.unique(y)))
    np.testing.assert_allclose(p.sum(axis=1), 1)


def test_a_single_class_is_predicted_with_certainty() -> None:
    X, _ = _BINARY
    model = MLPClassifier(max_iter=2).fit(X, ["only"] * len(X))
    assert set(model.predict(X)) == {"only"}
    np.testing.assert_array_equal(model.predict_proba(X), np.ones((len(X), 1)))


def test_a_loss_for_numbers_is_refused_for_classes() -> None:
    with pytest.raises(InvalidSettingError, match=r"MLPClassifier: loss must be one of .* got 'poisson'"):
        MLPClassifier(loss=Poisson()).fit(*_BINARY)


@pytest.mark.parametrize("loss", ["log_loss", "bce", "focal"])
def test_the_error_for_a_loss_of_labels_names_the_classifier(loss: str) -> None:
    with pytest.raises(InvalidSettingError, match=f"got '{loss}'. It learns labels: use MLPClassifier.$"):
        MLPRegressor(loss=loss).fit(*_BINARY)


@pytest.mark.parametrize("loss", ["gamma", "poisson"])
def test_the_error_for_a_loss_of_numbers_names_the_regressor(loss: str) -> None:
    with pytest.raises(InvalidSettingError, match=f"got '{loss}'. It learns numbers: use MLPRegressor.$"):
        MLPClassifier(loss=loss).fit(*_BINARY)


def _logistic(logits: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    p = 1 / (1 + np.exp(-logits))
    return (np.logaddexp(0, logits) - targets * logits).sum(axis=1), p - targets


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-logits)))


def test_a_function_gives_the_numbers_of_the_loss_that_it_computes() -> None:
    X, y = _BINARY
    settings = {**_SMALL, "max_iter": 5}
    own = MLPClassifier(loss=_logistic, **settings).fit(X, y)
    built_in = MLPClassifier(**settings).fit(X, y)
    np.testing.assert_allclose(own.loss_curve_, built_in.loss_curve_, rtol=1e-9)
    np.testing.assert_array_equal(own.predict(X), built_in.predict(X))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(own)).predict(X), own.predict(X))
    linked = MLPClassifier(loss=CustomLoss(_logistic, inverse_link=_sigmoid), **settings).fit(X, y)
    np.testing.assert_allclose(linked.predict_proba(X), built_in.predict_proba(X), rtol=1e-7)


def test_quantiles_are_predicted_one_column_a_level_and_in_order() -> None:
    X, y = make_regression(600, 3, noise=30, random_state=0)
    y = y / y.std()
    model = MLPRegressor(loss=Quantile((0.1, 0.5, 0.9)), **{**_SMALL, "max_iter": 200}).fit(X, y)
    low, middle, high = model.predict(X).T
    assert (low < high).mean() > 0.95
    assert [(y < q).mean() for q in (low, middle, high)] == pytest.approx([0.1, 0.5, 0.9], abs=0.06)


def test_negative_counts_are_refused() -> None:
    X, y = make_regression(50, 3, random_state=0)
    with pytest.raises(DataError, match="y must not be negative with the poisson loss, got -"):
        MLPRegressor(loss="poisson").fit(X, y)


def test_a_zero_is_refused_where_only_ratios_count() -> None:
    X, _ = make_regression(50, 3, random_state=0)
    with pytest.raises(DataError, match=r"y must be positive with the gamma loss, got 0\.0"):
        MLPRegressor(loss="gamma").fit(X, np.arange(50.0))
    with pytest.raises(DataError, match="y must not be negative with the tweedie loss, got -1"):
        MLPRegressor(loss="tweedie").fit(X, np.arange(50.0) - 1)


@pytest.mark.parametrize(
    ("loss", "peer"), [(Gamma(), GammaRegressor(alpha=0)), (Tweedie(1.4), TweedieRegressor(power=1.4, alpha=0, link="log"))]
)
def test_without_hidden_layers_a_deviance_gives_scikit_learn_s_linear_model(loss: Any, peer: Any) -> None:
    rng = np.random.default_rng(0)
    X, weight = rng.normal(size=(200, 3)), rng.uniform(0.5, 2, 200)
    y = rng.gamma(2.0, np.exp(X @ [0.5, -0.3, 0.0] - 1))
    ours = MLPRegressor(loss=loss, hidden_layer_sizes=(), solver="lbfgs", alpha=0, tol=1e-12, max_iter=500).fit(X, y, weight)
    peer = peer.set_params(tol=1e-10, max_iter=1000).fit(X, y, weight)
    np.testing.assert_allclose(ours.coefs_[0].ravel(), peer.coef_, atol=1e-5)
    np.testing.assert_allclose(ours.predict(X), peer.predict(X), rtol=1e-4)


@pytest.mark.parametrize("solver", ["perturb-one", "perturb-all", "lbfgs"])
@pytest.mark.parametrize("loss", ["log_cosh", "gamma", "tweedie"])
def test_losses_of_numbers_go_with_every_solver(loss: str, solver: str) -> None:
    X, y = make_regression(60, 3, random_state=0)
    settings = {"max_iter": 30, "hidden_layer_sizes": 4, "random_state": 0, "batch_size": 60}
    model = MLPRegressor(loss=loss, solver=solver, **settings).fit(X, np.exp(y / 100))
    assert model.loss_curve_[-1] < model.loss_curve_[0]


@pytest.mark.parametrize("solver", ["perturb-one", "perturb-all", "lbfgs"])
@pytest.mark.parametrize("loss", ["squared_hinge", "categorical_hinge", "focal"])
def test_losses_of_labels_go_with_every_solver(loss: str, solver: str) -> None:
    X, y = _IRIS
    settings = {"max_iter": 30, "hidden_layer_sizes": 4, "random_state": 0, "batch_size": 150}
    model = MLPClassifier(loss=loss, solver=solver, **settings).fit(X, y)
    assert model.loss_curve_[-1] < model.loss_curve_[0]


def test_a_hinge_of_two_classes_out_of_several_decides_by_the_lead_of_the_second() -> None:
    X, y = _BINARY
    model = MLPClassifier(loss="categorical_hinge", **_SMALL).fit(X, y)
    decisions = model.decision_function(X)
    assert decisions.shape == (len(X),)
    np.testing.assert_array_equal(decisions > 0, model.predict(X) == 1)


def test_class_weights_are_sample_weights() -> None:
    X, y = _IRIS
    by_class = MLPClassifier(class_weight={0: 2.0, 2: 0.5}, **_SMALL).fit(X, y)
    by_row = MLPClassifier(**_SMALL).fit(X, y, np.array([2.0, 1.0, 0.5])[y])
    np.testing.assert_array_equal(by_class.coefs_[0], by_row.coefs_[0])
    both = MLPClassifier(class_weight={0: 2.0, 2: 0.5}, **_SMALL).fit(X, y, np.full(len(y), 3.0))
    np.testing.assert_allclose(both.coefs_[0], MLPClassifier(**_SMALL).fit(X, y, 3 * np.array([2.0, 1.0, 0.5])[y]).coefs_[0])


def test_balanced_classes_raise_the_recall_of_the_rare_one() -> None:
    X, y = make_classification(600, 6, weights=[0.93], flip_y=0.1, class_sep=0.5, random_state=1)
    settings = {**_SMALL, "hidden_layer_sizes": 4, "max_iter": 60}
    plain, balanced = (MLPClassifier(class_weight=weight, **settings).fit(X, y).predict(X) for weight in (None, "balanced"))
    assert recall_score(y, balanced) > recall_score(y, plain) + 0.2


def test_weights_of_labels_are_multiplied() -> None:
    X, y = _LABELS
    weights = [{1: 3.0}, {}, {0: 0.5}]
    by_label = MLPClassifier(class_weight=weights, **_SMALL).fit(X, y)
    by_row = MLPClassifier(**_SMALL).fit(X, y, np.where(y[:, 0] == 1, 3.0, 1.0) * np.where(y[:, 2] == 0, 0.5, 1.0))
    np.testing.assert_array_equal(by_label.coefs_[0], by_row.coefs_[0])


@pytest.mark.parametrize(
    ("weight", "sentence"),
    [
        ({"setosa": 1}, "class_weight must name classes among"),
        ({0: -1}, "class_weight must hold weights >= 0, got -1"),
        ([{0: 1}, {1: 1}], r"class_weight must fit 1 label\(s\) per row"),
    ],
)
def test_wrong_class_weights_are_refused(weight: Any, sentence: str) -> None:
    with pytest.raises(InvalidSettingError, match=sentence):
        MLPClassifier(class_weight=weight).fit(*_IRIS)


def test_smoothed_labels_keep_probabilities_away_from_certainty() -> None:
    X, y = _IRIS
    settings = {**_SMALL, "max_iter": 400}
    models = [MLPClassifier(label_smoothing=s, **settings).fit(X, y) for s in (0.0, 0.3)]
    sharp, smooth = (model.predict_proba(X).max(axis=1).mean() for model in models)
    assert sharp > 0.95
    assert smooth == pytest.approx(0.8, abs=0.05)  # 1 - 0.3 + 0.3 / 3


def test_rows_of_weight_zero_do_not_count() -> None:
    X, y = _BINARY
    wrong = np.r_[y, 1 - y]
    weight = np.r_[np.ones(len(y)), np.zeros(len(y))]
    settings = {**_SMALL, "solver": "sgd", "batch_size": 1000, "shuffle": False, "max_iter": 20}
    with pytest.warns(UserWarning, match="clipped"):
        weighted, plain = MLPClassifier(**settings).fit(np.r_[X, X], wrong, weight), MLPClassifier(**settings).fit(X, y)
    np.testing.assert_allclose(weighted.predict_proba(X), plain.predict_proba(X), rtol=1e-9)
