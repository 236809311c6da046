"""Settings of the objects among the parameters can be searched, as parameters of nested estimators can."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lamina import Adam, MLPClassifier, MLPRegressor
from lamina.errors import InvalidSettingError
from lamina.layers import Activation
from lamina.losses import Huber
from lamina.optimizers import GradientDescent
from lamina.schedules import Cosine, WarmUp
from lamina.validation import InvalidParameterError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)


def test_a_grid_search_tries_the_learning_rates_of_an_optimizer() -> None:
    model = MLPClassifier(hidden_layer_sizes=8, max_iter=20, optimizer=Adam(), random_state=0)
    search = GridSearchCV(model, {"optimizer__learning_rate": [1e-6, 0.02]}, cv=3).fit(X, y)
    assert search.best_params_ == {"optimizer__learning_rate": 0.02}
    assert search.best_estimator_.optimizer == Adam(0.02)
    assert model.optimizer == Adam()


def test_a_grid_search_goes_through_a_pipeline() -> None:
    model = make_pipeline(StandardScaler(), MLPClassifier(max_iter=2, learning_rate=WarmUp(5, Cosine()), random_state=0))
    grid = {"mlpclassifier__learning_rate__steps": [1, 3], "mlpclassifier__learning_rate__then__final": [0.0, 0.1]}
    search = GridSearchCV(model, grid, cv=2).fit(X, y)
    assert len(search.cv_results_["params"]) == 4


def test_settings_are_listed_to_the_innermost() -> None:
    model = MLPClassifier(learning_rate=WarmUp(5, Cosine()), optimizer=GradientDescent(0.2))
    listed = model.get_params()
    assert listed["learning_rate__then__final"] == 0.0 and listed["optimizer__learning_rate"] == 0.2
    assert not [name for name in model.get_params(deep=False) if "__" in name]


def test_setting_one_puts_another_object_in_the_place_of_the_old_one() -> None:
    optimizer, loss = Adam(), Huber()
    model = MLPRegressor(optimizer=optimizer, loss=loss, activation=Activation("leaky_relu"))
    same = model.set_params(optimizer__learning_rate=0.5, optimizer__beta1=0.8, loss__delta=2.0)
    assert same is model
    assert (model.optimizer, model.loss) == (Adam(0.5, beta1=0.8), Huber(2.0))
    assert (optimizer, loss) == (Adam(), Huber())


def test_a_new_object_and_its_setting_may_come_together() -> None:
    model = MLPClassifier().set_params(optimizer__learning_rate=0.5, optimizer=Adam(), alpha=0.1)
    assert (model.optimizer, model.alpha) == (Adam(0.5), 0.1)
    model.set_params(learning_rate=WarmUp(5), learning_rate__then=Cosine(), learning_rate__then__final=0.2)
    assert model.learning_rate == WarmUp(5, Cosine(final=0.2))


def test_a_clone_has_the_same_settings() -> None:
    model = MLPClassifier(optimizer=Adam(), learning_rate=Cosine())
    np.testing.assert_equal(clone(model).get_params(), model.get_params())


@pytest.mark.parametrize(
    ("settings", "changes", "sentence"),
    [
        ({}, {"optimizer__learning_rate": 0.1}, "optimizer must be an object to have a setting 'learning_rate', got None"),
        (
            {"optimizer": "adam"},
            {"optimizer__beta1": 0.1},
            "must be an object to have .* 'beta1', got 'adam'. Give an object",
        ),
        ({"optimizer": Adam()}, {"optimizer__rate": 0.1}, "a setting of Adam must be one of .*got 'rate'"),
        ({"learning_rate": WarmUp(5)}, {"learning_rate__then__final": 0.1}, "learning_rate__then: a setting of Constant"),
    ],
)
def test_what_has_no_such_setting_says_so(settings: dict, changes: dict, sentence: str) -> None:
    with pytest.raises(InvalidSettingError, match=sentence):
        MLPClassifier(**settings).set_params(**changes)


def test_nothing_is_changed_when_a_setting_is_wrong() -> None:
    model = MLPClassifier(optimizer=Adam())
    with pytest.raises(InvalidParameterError, match="Adam: learning_rate must be a number > 0, got -1"):
        model.set_params(alpha=0.5, optimizer__learning_rate=-1)
    assert (model.alpha, model.optimizer) == (0.0001, Adam())


def test_an_unknown_parameter_is_scikit_learn_s_error() -> None:
    for name in ("foo", "foo__bar"):
        with pytest.raises(ValueError, match="Invalid parameter 'foo' for estimator"):
            MLPClassifier().set_params(**{name: 1})
