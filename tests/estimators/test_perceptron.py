"""The perceptron (L1), on data that no plane separates (L2), and on the exclusive or (L3)."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import parametrize_with_checks

from lamina import Perceptron
from lamina.engine import permutation
from lamina.errors import DataError, InvalidSettingError, NonFiniteError

SQUARE = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
AND, XOR = [0, 0, 0, 1], [0, 1, 1, 0]
QUIET = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
NOT_REPEATS = "a row of weight 2 takes one step twice as long, not two steps with a look in between"

OWN_CLASS = "to a class's own unit all other rows have weight 1, and what is kept does not give up all of them, as the last may"


@QUIET
@parametrize_with_checks(
    [
        Perceptron(max_iter=30),
        Perceptron(variant="pocket", max_iter=30),
        Perceptron(variant="averaged", weight_init="normal", eta0=0.1, max_iter=30),
        Perceptron(penalty="elasticnet", max_iter=30),
    ],
    expected_failed_checks=lambda model: (
        {
            "check_sample_weight_equivalence_on_dense_data": NOT_REPEATS,
            "check_sample_weight_equivalence_on_sparse_data": NOT_REPEATS,
        }
        | ({} if model.variant == "plain" else {"check_class_weight_classifiers": OWN_CLASS})
    ),
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
        return np.average((X @ w + b > 0) == (y == 1), weights=weight)

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
    model = Perceptron(variant=variant, eta0=0.25, max_iter=7, tol=None, shuffle=False, engine=engine).fit(
        X, y, sample_weight=weight
    )
    expected = rosenblatt(X, y, 0.25, [range(len(y))] * 7, weight)[variant]
    np.testing.assert_allclose(np.append(model.coef_, model.intercept_), expected, rtol=1e-10)


@QUIET
def test_every_epoch_has_its_own_order():
    X, y = noisy()
    model = Perceptron(variant="plain", max_iter=5, tol=None, random_state=3).fit(X, y)
    # The generator first draws the weights, which are zeros, and then the seed of the orders.
    seed = int(np.random.RandomState(3).randint(2**31 - 1))
    orders = [permutation(len(y), seed=seed, epoch=epoch) for epoch in range(5)]
    expected = rosenblatt(X, y, 1.0, orders, np.ones(len(y)))["plain"]
    np.testing.assert_allclose(np.append(model.coef_, model.intercept_), expected, rtol=1e-10)


@QUIET
@pytest.mark.parametrize("variant", ["plain", "averaged", "pocket"])
def test_sparse_rows_are_learnt_as_dense_ones_where_the_intercept_has_its_full_rate(variant):
    X, y = noisy()
    X[np.abs(X) < 0.5] = 0.0
    settings = {"variant": variant, "max_iter": 9, "sparse_intercept_rate": 1.0}
    dense = Perceptron(**settings).fit(X, y)
    thin = Perceptron(**settings).fit(sparse.csr_array(X), y)
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
    pocket = Perceptron(variant="pocket", max_iter=9, tol=None)
    weighted = clone(pocket).fit(X, y, sample_weight=weight)
    without = clone(pocket).fit(X[weight > 0], y[weight > 0], sample_weight=weight[weight > 0])
    np.testing.assert_array_equal(weighted.coef_, without.coef_)
    assert weighted.history_ == without.history_
    assert weighted.separability_.verify(X, y)


def test_from_zero_weights_the_learning_rate_changes_nothing_but_their_length():
    slow, fast = (Perceptron(eta0=eta, random_state=0).fit(SQUARE, AND) for eta in (0.25, 1.0))
    np.testing.assert_allclose(slow.coef_, 0.25 * fast.coef_)
    assert slow.n_iter_ == fast.n_iter_


@pytest.mark.parametrize("variant", ["pocket", "averaged"])
def test_on_separable_data_it_ends_after_an_epoch_without_mistakes(variant):
    model = Perceptron(variant=variant, tol=None).fit(SQUARE, AND)
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
    model = Perceptron(tol=None).fit(X, y)
    # With the constant input 1 for the bias: radius squared over margin squared, for a plane through the origin of norm 1.
    bound = ((X**2).sum(axis=1).max() + 1) / 0.3**2
    assert 0 < sum(model.history_[:, "mistakes"]) <= bound


@pytest.mark.parametrize("variant", ["plain", "pocket", "averaged"])
def test_the_exclusive_or_is_never_learnt_and_the_verdict_proves_it(variant):
    model = Perceptron(variant=variant, max_iter=50, tol=None).fit(SQUARE, XOR)
    assert model.score(SQUARE, XOR) <= 0.75
    assert (model.n_iter_, model.stop_reason_.code) == (50, "max_epochs")
    assert model.separability_.separable is False
    np.testing.assert_allclose(model.separability_.certificates[1].point, [0.5, 0.5])
    assert model.separability_.verify(SQUARE, XOR)


def test_the_warning_is_one_sentence_in_one_warning_at_the_callers_line():
    X, y = noisy()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Perceptron(max_iter=2).fit(X, y)
    assert [warning.category for warning in caught] == [ConvergenceWarning]
    text = str(caught[0].message)
    assert text.startswith("Perceptron: all 2 epochs (max_iter) were run, and the last still had")
    assert ". " not in text
    assert caught[0].filename == __file__


def test_without_tol_all_epochs_are_run_and_nothing_is_warned_of():
    model = Perceptron(max_iter=20, tol=None).fit(*noisy())
    assert (model.n_iter_, model.stop_reason_.code) == (20, "max_epochs")


def test_it_does_not_warn_when_the_last_of_all_epochs_was_without_mistakes():
    num_epochs = Perceptron(variant="pocket").fit(SQUARE, AND).n_iter_
    assert Perceptron(max_iter=num_epochs).fit(SQUARE, AND).stop_reason_.code == "converged"


def test_a_loss_that_no_longer_falls_ends_it():
    model = Perceptron(n_iter_no_change=3, tol=0.01).fit(*noisy(300))
    best = min(model.history_[:-3, "loss"])
    assert min(model.history_[-3:, "loss"]) > best - 0.01
    assert model.stop_reason_.code == "converged"
    assert "n_iter_no_change=3 epochs in a row" in model.stop_reason_.text


def test_an_accuracy_on_rows_held_out_that_no_longer_rises_ends_it():
    model = Perceptron(early_stopping=True).fit(*noisy(300))
    assert model.stop_reason_.code == "no_improvement"


def test_a_verdict_that_is_not_reached_in_time_is_open():
    X, y = noisy()
    model = Perceptron(separability_time_s=0).fit(X, y)
    assert model.separability_.separable is None
    assert not model.separability_.verify(X, y)


def test_the_verdict_is_worked_out_when_it_is_asked_for(monkeypatch):
    asked = []
    monkeypatch.setattr("lamina.estimators.perceptron.lazy_verdict.certify", lambda *args: asked.append(args))
    model = Perceptron().fit(*noisy())
    model._repr_html_()
    assert not asked
    model.separability_, model.separability_  # noqa: B018
    assert len(asked) == 1


@pytest.mark.parametrize("change", [lambda X: X.__setitem__((3, 1), 9.0), lambda X: X[:].sort(axis=0)])
@pytest.mark.parametrize("layout", [np.asarray, sparse.csr_array])
def test_a_verdict_on_rows_that_were_changed_since_the_fit_is_refused(change, layout):
    X, y = noisy()
    X = layout(X)
    model = Perceptron().fit(X, y)
    change(X if layout is np.asarray else X.data.reshape(-1, 3))
    with pytest.raises(DataError, match="must not change until separability_ is known"):
        model.separability_  # noqa: B018


@QUIET
def test_on_data_that_overlap_the_accuracy_falls_again_and_the_pocket_keeps_the_best():
    X, y = noisy(200)
    X_val, y_val = noisy(200, seed=1)
    model = Perceptron(variant="pocket", max_iter=60, tol=None).fit(X, y, X_val=X_val, y_val=y_val)
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
                Perceptron(variant=kept, max_iter=20, tol=None, random_state=seed).fit(*noisy(200, seed)).score(*noisy(2000, 99))
                for seed in range(8)
            ]
        )
    assert scores[variant] > scores["plain"] + 0.02


@QUIET
def test_three_classes_get_a_unit_each_and_a_verdict_each():
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    model = Perceptron(variant="averaged", max_iter=200, tol=None).fit(X, names)
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


def test_a_row_on_the_plane_is_of_the_first_class_as_in_scikit_learn():
    model = Perceptron().fit(SQUARE, AND)
    model.coef_, model.intercept_ = np.array([[1.0, 0.0]]), np.array([-1.0])
    assert model.predict([[1.0, 0.0], [1.5, 0.0]]).tolist() == [0, 1]


def test_a_pickled_model_predicts_and_holds_the_verdict_that_was_asked_for():
    model = Perceptron().fit(SQUARE, AND)
    assert model.separability_.separable
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(SQUARE), AND)
    assert again.separability_.verify(SQUARE, AND)


def test_a_model_that_is_pickled_before_is_without_rows_and_verdict():
    X, y = noisy(20_000)
    pickled = pickle.dumps(Perceptron().fit(X, y))
    assert len(pickled) < X.nbytes / 50
    with pytest.raises(AttributeError, match=r"does not hold the rows of the fit. Ask for it right after fit"):
        pickle.loads(pickled).separability_  # noqa: B018


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"variant": "pockets"}, "Perceptron: variant must be one of .* got 'pockets'. Did you mean 'pocket'"),
        ({"eta0": 0}, "Perceptron: eta0 must be a number > 0, got 0"),
        ({"max_iter": 0}, "Perceptron: max_iter must be an integer >= 1, got 0"),
        ({"random_state": -1}, r"random_state must be .*an integer in \[0, 4294967295\].*, got -1"),
        ({"random_state": 2**32}, r"random_state must be .*an integer in \[0, 4294967295\].*, got 4294967296"),
        ({"shuffle": "yes"}, "Perceptron: shuffle must be True or False"),
        ({"separability_time_s": -1}, "Perceptron: separability_time_s must be a number >= 0"),
        ({"engine": "nativ"}, "Did you mean 'native'"),
        ({"weight_init": "zeroes"}, "Did you mean 'zeros'"),
        ({"weight_init": "unit_variance"}, "weight_init must not depend on training rows, got UnitVariance"),
        ({"penalty": "l3"}, "Perceptron: penalty must be one of 'l2', 'l1', 'elasticnet', or None, got 'l3'"),
        ({"penalty": "l2", "variant": "pocket"}, "penalty must be None with variant='pocket', got 'l2'. Use variant='plain'"),
        ({"l1_ratio": 1.5}, r"l1_ratio must be a number in \[0, 1\], got 1.5"),
        ({"tol": -1e-3}, "tol must be a number >= 0, or None, got -0.001"),
        ({"n_iter_no_change": 0}, "n_iter_no_change must be an integer >= 1"),
        ({"validation_fraction": 1.0}, r"validation_fraction must be a number in \(0, 1\)"),
        ({"class_weight": "balance"}, "Did you mean 'balanced'"),
        ({"class_weight": {7: 1.0}}, "class_weight must name classes among"),
        ({"sparse_intercept_rate": 0}, "sparse_intercept_rate must be a number > 0"),
    ],
)
def test_wrong_parameters_are_refused(settings, message):
    with pytest.raises(InvalidSettingError, match=message):
        Perceptron(**settings).fit(SQUARE, AND)


def test_all_wrong_parameters_are_named_at_once():
    with pytest.raises(InvalidSettingError, match=r"max_iter(.|\n)*eta0"):
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
        (AND, {"coef_init": np.ones(3)}, r"the shape of coef_init must be \(1, 2\), got \(1, 3\)"),
        (AND, {"coef_init": [[0.0, np.nan]]}, "coef_init must hold finite numbers, got nan"),
        (AND, {"coef_init": [["a", "b"]]}, "coef_init must be an array of real numbers"),
        ([0, 1, 2, 0], {"intercept_init": 1.0}, r"the shape of intercept_init must be \(3,\), got \(\)"),
        (AND, {"sample_weight": [1, 1, -1, 1]}, "sample_weight must hold weights >= 0, got -1.0"),
        (AND, {"X_val": SQUARE}, "X_val and y_val must be given together"),
        (AND, {"X_val": SQUARE, "y_val": [0, 1, 2, 0]}, "`y` has classes not in `self.classes_`"),
    ],
)
def test_wrong_data_are_refused(y, settings, message):
    with pytest.raises(DataError, match=message):
        Perceptron().fit(SQUARE, y, **settings)


def test_an_overflow_is_an_error_and_leaves_the_model_as_it_was():
    model = Perceptron().fit(SQUARE, AND)
    before = model.coef_
    with pytest.raises(NonFiniteError, match="weights must stay finite, got infinity or NaN in epoch 1"):
        model.set_params(eta0=1e300).fit(SQUARE * 1e300, XOR)
    assert model.coef_ is before


@pytest.mark.parametrize(
    ("settings", "given", "error", "message"),
    [
        ({}, {}, DataError, "classes must be passed on the first call to partial_fit"),
        ({}, {"classes": [0]}, DataError, "`y` has classes not in|must name two or more classes"),
        ({"early_stopping": True}, {"classes": [0, 1]}, InvalidSettingError, "early_stopping must not be used in partial_fit"),
        ({"class_weight": "balanced"}, {"classes": [0, 1]}, InvalidSettingError, "Give a dict with the weight of each class"),
    ],
)
def test_wrong_calls_of_partial_fit_are_refused(settings, given, error, message):
    with pytest.raises(error, match=message):
        Perceptron(**settings).partial_fit(SQUARE, AND, **given)


def test_other_classes_in_a_later_partial_fit_are_refused():
    model = Perceptron().partial_fit(SQUARE, AND, classes=[0, 1])
    with pytest.raises(DataError, match="is not the same as on last call to partial_fit"):
        model.partial_fit(SQUARE, AND, classes=[0, 1, 2])
    with pytest.raises(DataError, match="has classes not in"):
        model.partial_fit(SQUARE, [0, 1, 2, 0])


def test_partial_fit_goes_on_with_the_last_weights_which_only_the_plain_variant_keeps():
    assert hasattr(Perceptron(), "partial_fit")
    assert not hasattr(Perceptron(variant="pocket"), "partial_fit")


def test_a_verdict_after_partial_fit_is_refused():
    model = Perceptron().fit(SQUARE, AND).partial_fit(SQUARE, AND)
    with pytest.raises(AttributeError, match="partial_fit saw only a part of the rows at a time"):
        model.separability_  # noqa: B018


def test_partial_fit_counts_its_epochs_in_one_history():
    model = Perceptron().partial_fit(*noisy(), classes=[0, 1]).partial_fit(*noisy(seed=1))
    assert model.history_[:, "epoch"] == [1, 2]
    assert (model.n_iter_, model.t_) == (1, 121)


def test_sparsified_weights_predict_the_same_and_learn_on():
    X, y = noisy()
    dense, thin = (Perceptron(penalty="l1", alpha=0.01, tol=None, max_iter=5).fit(X, y) for _ in range(2))
    assert sparse.issparse(thin.sparsify().coef_)
    np.testing.assert_array_equal(thin.predict(X), dense.predict(X))
    np.testing.assert_array_equal(thin.partial_fit(X, y).densify().coef_, dense.partial_fit(X, y).coef_)


def test_threads_change_nothing():
    X, y = load_iris(return_X_y=True)
    alone, together = (Perceptron(n_jobs=n_jobs).fit(X, y) for n_jobs in (None, 2))
    np.testing.assert_array_equal(alone.coef_, together.coef_)
    assert alone.history_ == together.history_


def test_verbose_prints_each_epoch_of_each_unit(capsys):
    model = Perceptron(verbose=1).fit(SQUARE, AND)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 * model.n_iter_
    assert lines[0] == "-- Epoch 1"
    assert lines[1].startswith("Norm: ")
