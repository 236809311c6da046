"""Rows L8 and L9 of the lecture from scikit-learn's side: solver="perturb-one" and "perturb-all"."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics
from sklearn.base import clone
from sklearn.datasets import load_iris

from lamina import LBFGS, MLPClassifier, MLPRegressor, PerturbAll, PerturbOne
from lamina.errors import InvalidSettingError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]


@pytest.mark.parametrize(("solver", "rate"), [("perturb-one", 0.001), ("perturb-all", 0.05)])
def test_l8_l9_the_solvers_learn_iris(solver, rate):
    model = MLPClassifier(6, solver=solver, learning_rate_init=rate, max_iter=300, n_iter_no_change=300, random_state=0)
    assert model.fit(X, NAMES).score(X, NAMES) > 0.9


@pytest.mark.parametrize("loss", ["log_loss", "hinge", "squared_error"])
@pytest.mark.parametrize("rows", [slice(0, 100), slice(None)], ids=["two classes", "three classes"])
def test_l8_a_metric_of_scikit_learns_gets_the_users_labels(loss, rows):
    seen = []

    def balanced(y_true, y_pred):
        seen.append((y_true, y_pred))
        return metrics.balanced_accuracy_score(y_true, y_pred)

    optimizer = PerturbOne(scale=2.0, trials=60, accept_ties=True)
    model = MLPClassifier(4, loss=loss, solver=optimizer, objective=balanced, alpha=0.0, max_iter=4, random_state=1)
    model.fit(X[rows], NAMES[rows])
    assert set(seen[0][0]) == set(NAMES[rows]) >= set(seen[0][1])
    scores = model.history_[:, "objective"]
    assert scores[-1] > scores[0]
    assert metrics.balanced_accuracy_score(NAMES[rows], model.predict(X[rows])) >= scores[-1]


@pytest.mark.parametrize("objective", ["accuracy", "f1"])
def test_l8_scores_with_a_name_mean_the_same_as_their_functions(objective):
    function = {"accuracy": metrics.accuracy_score, "f1": lambda t, p: metrics.f1_score(t, p, average="macro")}[objective]
    given = {"solver": PerturbOne(trials=30), "max_iter": 3, "random_state": 0}
    named, written = (MLPClassifier(4, objective=chosen, **given).fit(X, NAMES) for chosen in (objective, function))
    np.testing.assert_array_equal(named.coefs_[0], written.coefs_[0])


def test_l8_an_objective_may_be_the_optimizers_own():
    given = {"max_iter": 3, "random_state": 0}
    own = MLPClassifier(4, solver=PerturbOne(objective=metrics.accuracy_score), **given).fit(X, NAMES)
    outer = MLPClassifier(4, solver="perturb-one", objective=metrics.accuracy_score, **given).fit(X, NAMES)
    np.testing.assert_array_equal(own.coefs_[0], outer.coefs_[0])


def test_l8_threshold_units_and_a_regressors_objective():
    y = X[:, 0] * X[:, 1]
    model = MLPRegressor(
        hidden_layer_sizes=12, activation="step", solver="perturb-one", objective=metrics.r2_score, max_iter=40, random_state=0
    )
    model.fit(X, y)
    assert model.score(X, y) > 0.3
    assert clone(model).objective is metrics.r2_score


def test_l8_the_objective_says_when_to_stop_and_which_restart_is_best():
    settings = {"solver": PerturbOne(scale=2.0, accept_ties=True), "objective": "accuracy", "random_state": 0}
    model = MLPClassifier(4, max_iter=500, **settings).fit(X, NAMES)
    assert model.stop_reason_.code == "no_improvement"
    assert model.stop_reason_.text.startswith("Objective did not improve")
    scores = model.history_[:, "objective"]
    assert max(scores[-11:]) < scores[-12] + 2e-4
    table = MLPClassifier(4, max_iter=3, n_restarts=4, **settings).fit(X, NAMES).restarts_
    assert table.criterion == "objective"
    assert table[table.chosen].best == max(row.best for row in table) > min(row.best for row in table)
    cost = PerturbOne(objective=metrics.zero_one_loss, maximize=False)
    table = MLPClassifier(4, max_iter=3, n_restarts=4, solver=cost, random_state=0).fit(X, NAMES).restarts_
    assert table[table.chosen].best == min(row.best for row in table) < max(row.best for row in table)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"solver": "perturb-one", "dropout": 0.3}, "dropout must be 0.0 with solver 'perturb-one', got 0.3"),
        ({"solver": PerturbAll(), "dropout": [0.3]}, "dropout must be 0.0 with solver 'perturb-all'"),
        ({"optimizer": "perturb-all", "input_dropout": 0.3}, "input_dropout must be 0.0 with solver 'perturb-all'"),
        (
            {"solver": "perturb-one", "weight_decay": 0.1},
            "weight_decay must be 0.0 with solver 'perturb-one', got 0.1. Use alpha",
        ),
        ({"solver": "perturb-one", "clip_norm": 1.0}, "clip_norm must be None with solver 'perturb-one', got 1.0"),
        ({"objective": "accuracy"}, "objective must be None unless solver is 'perturb-one' or 'perturb-all', got 'accuracy'"),
        ({"solver": "perturb-one", "objective": "acuracy"}, "Did you mean 'accuracy'"),
        ({"solver": PerturbOne(objective="f1"), "objective": "f1"}, "objective must be None when the optimizer has"),
        ({"solver": "perturb_one"}, "Did you mean 'perturb-one'"),
        ({"batch_norm": True, "batch_size": 1}, "batch_size must be at least 2 with batch_norm, got 1"),
        ({"clip_value": (1.0, -1.0)}, "clip|low|value"),
    ],
)
def test_contradictory_settings_are_named(settings, message):
    with pytest.raises(InvalidSettingError, match=message):
        MLPClassifier(4, **settings).fit(X, NAMES)


@pytest.mark.parametrize("solver", ["lbfgs", LBFGS()])
def test_l_bfgs_refuses_mini_batches(solver):
    with pytest.raises(InvalidSettingError, match=r"batch_size must not be smaller than the 150 rows with L-BFGS.*got 32"):
        MLPClassifier(4, solver=solver, batch_size=32).fit(X, NAMES)
    MLPClassifier(4, solver=solver, batch_size=150, max_iter=2).fit(X, NAMES)


def test_all_contradictions_are_named_at_once():
    with pytest.raises(InvalidSettingError) as caught:
        MLPClassifier(4, solver="perturb-one", dropout=0.1, clip_norm=1.0, n_restarts=2, warm_start=True).fit(X, NAMES)
    assert len(str(caught.value).splitlines()) == 3
