"""L23: Monte Carlo dropout from the estimators."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from lamina import MLPClassifier, MLPRegressor
from lamina.errors import InvalidSettingError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 4))
SETTINGS = {"hidden_layer_sizes": (16,), "dropout": 0.3, "batch_norm": True, "max_iter": 30, "random_state": 0, "tol": 0.0}
pytestmark = pytest.mark.filterwarnings("ignore:.*[Mm]aximum iterations")


@pytest.mark.parametrize("num_classes", [2, 3])
def test_a_classifiers_probabilities_have_a_mean_and_a_spread(num_classes: int) -> None:
    y = np.array(["a", "b", "c"])[np.digitize(X[:, 0], [-0.5, 0.5]) if num_classes == 3 else (X[:, 0] > 0).astype(int)]
    model = MLPClassifier(**SETTINGS).fit(X, y)
    found = model.predict_distribution(X, mc_samples=50)
    assert found.mean.shape == found.spread.shape == (200, num_classes)
    np.testing.assert_allclose(found.mean.sum(axis=1), 1.0)
    np.testing.assert_array_equal(model.predict_proba(X, mc_samples=50), found.mean)
    np.testing.assert_array_equal(
        model.predict_proba(X, mc_samples=50, seed=1), model.predict_distribution(X, mc_samples=50, seed=1).mean
    )
    labels = model.predict(X, mc_samples=50)
    np.testing.assert_array_equal(labels, model.classes_[found.mean.argmax(axis=1)])
    assert np.mean(labels == model.predict(X)) > 0.9


def test_several_labels_are_chosen_from_their_mean_probabilities() -> None:
    y = (X[:, :3] > 0).astype(int)
    model = MLPClassifier(**SETTINGS).fit(X, y)
    mean = model.predict_distribution(X, mc_samples=20).mean
    np.testing.assert_array_equal(model.predict(X, mc_samples=20), mean > 0.5)


def test_a_regressor_predicts_the_mean_in_the_shape_of_its_predictions() -> None:
    model = MLPRegressor(**SETTINGS).fit(X, X[:, 0])
    found = model.predict_distribution(X, mc_samples=30, seed=4)
    assert found.mean.shape == (200,)
    np.testing.assert_array_equal(found.mean, model.predict(X, mc_samples=30, seed=4))
    assert (found.spread > 0).all()


def test_a_pickled_model_draws_the_same_masks() -> None:
    model = MLPRegressor(**SETTINGS).fit(X, X[:, :2])
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(model.predict(X, mc_samples=5), again.predict(X, mc_samples=5))


def test_without_dropout_there_are_no_masks_to_draw() -> None:
    model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=2, random_state=0).fit(X, X[:, 0])
    with pytest.raises(InvalidSettingError, match="must have a dropout layer"):
        model.predict(X, mc_samples=10)
