"""The perceptron (L1), on data that no plane separates (L2), and on the exclusive or (L3)."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import parametrize_with_checks

from lamina import Perceptron
from lamina.engine import permutation
from lamina.errors import DataError, InvalidSettingError

SQUARE = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
AND, XOR = [0, 0, 0, 1], [0, 1, 1, 0]
QUIET = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
NOT_REPEATS = "a row of weight 2 takes one step twice as long, not two steps with a look in between"


@QUIET
@parametrize_with_checks(
    [Perceptron(max_iter=30), Perceptron(variant="averaged", weight_init="normal", eta0=0.1, max_iter=30)],
    expected_failed_checks=lambda _: {
        "check_sample_weight_equivalence_on_dense_data": NOT_REPEATS,
        "check_sample_weight_equivalence_on_sparse_data": NOT_REPEATS,
    },
)
def test_it_keeps_the_contract_of_estimators(estimator, check):
    check(estimator)


def noisy(num_rows=60, seed=0, dtype=np.float64):
    """Two classes that overlap."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(num_rows, 3)).astype(dtype)
    return X, (X @ [1.0, -1.0, 0.5] + rng.normal(size=num_rows) > 0).astype(int)


def rosenblatt(X, y, eta, orders, weight):
    """The rule, literally: the final weights, the mean of all, and the pocket's by Gallant's ratchet and at the end of epochs."""
    w, b = np.zeros(X.shape[1]), 0.0
    total, steps, run = np.zeros(X.shape[1] + 1), 0, 0.0

    def accuracy():
        return np.average((X @ w + b >= 0) == (y == 1), weights=weight)

    pocket, best, longest = np.append(w, b), accuracy(), 0.0

    def offer():
        if accuracy() > best:
            return np.append(w, b), accuracy(), run
        return pocket, best, longest

    for order in orders:
        for i in order:
            z = X[i] @ w + b
            if z == 0 or (z > 0) != (y[i] == 1):
                if run > longest:
                    pocket, best, longest = offer()
                run = 0.0
                sign = 2 * y[i] - 1
                w, b = w + eta * weight[i] * sign * X[i], b + eta * weight[i] * sign
            else:
                run += weight[i]
            total, steps = total + np.append(w, b), steps + 1
        pocket, best, longest = offer()
    return {"plain": np.append(w, b), "averaged": total / steps, "pocket": pocket}


@QUIET
@pytest.mark.parametrize("variant", ["plain", "averaged", "pocket"])
@pytest.mark.parametrize("engine", ["native", "reference"])
def test_it_learns_by_rosenblatts_rule_row_by_row(variant, engine):
    X, y = noisy()
    weight = np.random.default_rng(1).integers(1, 4, size=len(y)).astype(float)
    model = Perceptron(variant=variant, eta0=0.25, max_iter=7, shuffle=False, engine=engine).fit(X, y, sample_weight=weight)
    expected = rosenblatt(X, y, 0.25, [range(len(y))] * 7, weight)[variant]
    np.testing.assert_allclose(np.append(model.coef_, model.intercept_), expected, rtol=1e-10)


@QUIET
def test_every_epoch_has_its_own_order():
    X, y = noisy()
    model = Perceptron(variant="plain", max_iter=5, random_state=3).fit(X, y)
    # The generator first draws the weights, which are zeros, and then the seed of the orders.
    seed = int(np.random.RandomState(3).randint(2**31 - 1))
    orders = [permutation(len(y), seed=seed, epoch=epoch) for epoch in range(5)]
    expected = rosenblatt(X, y, 1.0, orders, np.ones(len(y)))["plain"]
    np.testing.assert_allclose(np.append(model.coef_, model.intercept_), expected, rtol=1e-10)


@QUIET
@pytest.mark.parametrize("variant", ["plain", "averaged", "pocket"])
def test_sparse_rows_are_learnt_as_dense_ones(variant):
    X, y = noisy()
    X[np.abs(X) < 0.5] = 0.0
    dense = Perceptron(variant=variant, max_iter=9, random_state=0).fit(X, y)
    thin = Perceptron(variant=variant, max_iter=9, random_state=0).fit(sparse.csr_array(X), y)
    np.testing.assert_allclose(thin.coef_, dense.coef_, rtol=1e-10)
    assert thin.separability_.separable is False
    assert thin.separability_.verify(sparse.csr_array(X), y)


@QUIET
def test_float32_stays_float32():
    X, y = noisy(dtype=np.float32)
    model = Perceptron(max_iter=5).fit(X, y)
    assert model.coef_.dtype == model.decision_function(X).dtype == np.float32


@QUIET
def test_rows_of_weight_zero_might_as_well_not_be_there():
    X, y = noisy()
    weight = np.arange(len(y)) % 3 * 1.0
    weighted = Perceptron(max_iter=9, random_state=0).fit(X, y, sample_weight=weight)
    without = Perceptron(max_iter=9, random_state=0).fit(X[weight > 0], y[weight > 0], sample_weight=weight[weight > 0])
    np.testing.assert_array_equal(weighted.coef_, without.coef_)
    assert weighted.history_ == without.history_
    assert weighted.separability_.verify(X, y)


def test_from_zero_weights_the_learning_rate_changes_nothing_but_their_length():
    slow, fast = (Perceptron(eta0=eta, random_state=0).fit(SQUARE, AND) for eta in (0.25, 1.0))
    np.testing.assert_allclose(slow.coef_, 0.25 * fast.coef_)
    assert slow.n_iter_ == fast.n_iter_


def test_on_separable_data_it_ends_after_an_epoch_without_mistakes():
    model = Perceptron(random_state=0).fit(SQUARE, AND)
    assert model.score(SQUARE, AND) == 1.0
    assert model.history_[-1, "mistakes"] == 0
    assert (np.array(model.history_[:-1, "mistakes"]) > 0).all()
    assert model.n_iter_ == len(model.history_)
    assert model.stop_reason_.code == "converged"
    assert model.separability_.separable is True
    assert model.separability_.verify(SQUARE, AND)


def test_the_number_of_mistakes_is_within_novikoffs_bound():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(200, 4))
    distance = X @ np.array([0.5, 0.5, -0.5, 0.5])
    X, y = X[np.abs(distance) > 0.3], distance[np.abs(distance) > 0.3] > 0
    model = Perceptron(random_state=0).fit(X, y)
    # With the constant input 1 for the bias: radius squared over margin squared, for a plane through the origin of norm 1.
    bound = ((X**2).sum(axis=1).max() + 1) / 0.3**2
    assert 0 < sum(model.history_[:, "mistakes"]) <= bound


def test_the_exclusive_or_is_never_learnt_and_the_verdict_proves_it():
    with pytest.warns(ConvergenceWarning, match="because the data are not linearly separable"):
        model = Perceptron(max_iter=50, random_state=0).fit(SQUARE, XOR)
    assert model.score(SQUARE, XOR) <= 0.75
    assert (model.n_iter_, model.stop_reason_.code) == (50, "max_epochs")
    assert model.separability_.separable is False
    np.testing.assert_allclose(model.separability_.certificates[1].point, [0.5, 0.5])
    assert model.separability_.verify(SQUARE, XOR)


def test_the_warning_is_one_sentence_in_one_warning():
    X, y = noisy()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Perceptron(max_iter=5).fit(X, y)
    assert len(caught) == 1
    text = str(caught[0].message)
    assert text.endswith("% of the rows right.")
    assert ". " not in text
    assert caught[0].filename == __file__


def test_the_warning_says_when_more_epochs_would_do():
    with pytest.warns(ConvergenceWarning, match="although the data are linearly separable, so that more epochs"):
        Perceptron(max_iter=2).fit(SQUARE, AND)


def test_the_warning_says_when_the_verdict_is_open():
    X, y = noisy()
    with pytest.warns(ConvergenceWarning, match="was not decided in separability_time_s=0 seconds"):
        model = Perceptron(max_iter=2, separability_time_s=0).fit(X, y)
    assert model.separability_.separable is None
    assert not model.separability_.verify(X, y)


@QUIET
def test_on_data_that_overlap_the_accuracy_falls_again_and_the_pocket_keeps_the_best():
    X, y = noisy(200)
    X_val, y_val = noisy(200, seed=1)
    model = Perceptron(max_iter=60, random_state=0).fit(X, y, X_val=X_val, y_val=y_val)
    present, kept = (np.array(model.history_[:, key]) for key in ("accuracy", "kept_accuracy"))
    assert (np.diff(present) < 0).any()
    assert (np.diff(kept) >= 0).all()
    assert kept[-1] >= present.max()
    assert kept[-1] == pytest.approx(model.score(X, y))
    assert model.history_[-1, "kept_validation_accuracy"] == pytest.approx(model.score(X_val, y_val))
    validation = np.array(model.history_[:, "validation_accuracy"])
    assert validation.max() > validation[-1]


@QUIET
@pytest.mark.parametrize("variant", ["pocket", "averaged"])
def test_pocket_and_average_are_better_than_the_last_weights(variant):
    scores = {}
    for kept in ("plain", variant):
        scores[kept] = np.mean(
            [
                Perceptron(variant=kept, max_iter=20, random_state=seed).fit(*noisy(200, seed)).score(*noisy(2000, 99))
                for seed in range(8)
            ]
        )
    assert scores[variant] > scores["plain"] + 0.02


@QUIET
def test_three_classes_get_a_unit_each_and_a_verdict_each():
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    model = Perceptron(variant="averaged", random_state=0).fit(X, names)
    assert model.coef_.shape == (3, 4)
    assert model.decision_function(X).shape == (150, 3)
    assert model.score(X, names) > 0.8
    verdict = {label: type(certificate).__name__ for label, certificate in model.separability_.certificates.items()}
    assert verdict == {"setosa": "SeparatingPlane", "versicolor": "CommonPoint", "virginica": "CommonPoint"}
    assert model.separability_.verify(X, names)


@QUIET
def test_first_weights_come_from_an_initializer():
    X, y = noisy()
    first, second = (Perceptron(weight_init="normal", max_iter=1, random_state=seed).fit(X, y).coef_ for seed in (0, 1))
    assert not np.allclose(first, second)


def test_a_row_on_the_plane_belongs_to_the_class_of_the_step():
    model = Perceptron(random_state=0).fit(SQUARE, AND)
    model.coef_, model.intercept_ = np.array([[1.0, 0.0]]), np.array([-1.0])
    assert model.predict([[1.0, 0.0]]).tolist() == [1]


def test_a_fitted_model_can_be_pickled():
    model = Perceptron(random_state=0).fit(SQUARE, AND)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(SQUARE), AND)
    assert again.separability_.verify(SQUARE, AND)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"variant": "pockets"}, "Perceptron: variant must be one of .* got 'pockets'. Did you mean 'pocket'"),
        ({"eta0": 0}, "Perceptron: eta0 must be a number > 0, got 0"),
        ({"max_iter": 0}, "Perceptron: max_iter must be an integer >= 1, got 0"),
        ({"shuffle": "yes"}, "Perceptron: shuffle must be True or False"),
        ({"separability_time_s": -1}, "Perceptron: separability_time_s must be a number >= 0"),
        ({"engine": "nativ"}, "Did you mean 'native'"),
        ({"weight_init": "zeroes"}, "Did you mean 'zeros'"),
    ],
)
def test_wrong_parameters_are_refused(settings, message):
    with pytest.raises(InvalidSettingError, match=message):
        Perceptron(**settings).fit(SQUARE, AND)


def test_all_wrong_parameters_are_named_at_once():
    with pytest.raises(InvalidSettingError, match=r"eta0(.|\n)*max_iter"):
        Perceptron(eta0=-1, max_iter=0).fit(SQUARE, AND)


@pytest.mark.parametrize(
    ("y", "settings", "message"),
    [
        ([1, 1, 1, 1], {}, "two or more classes among the rows of positive weight, not one class, got \\[1\\]"),
        (
            AND,
            {"sample_weight": [1, 1, 1, 0]},
            "two or more classes among the rows of positive weight, not one class, got \\[0\\]",
        ),
        (AND, {"X_val": SQUARE}, "X_val and y_val must be given together"),
        (AND, {"X_val": SQUARE, "y_val": [0, 1, 2, 0]}, "`y` has classes not in `self.classes_`"),
    ],
)
def test_wrong_data_are_refused(y, settings, message):
    with pytest.raises(DataError, match=message):
        Perceptron().fit(SQUARE, y, **settings)
