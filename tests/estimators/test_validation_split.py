"""Rows L12 and L20 of the lecture: why training stopped; early stopping on rows of the user's choice, also in a Pipeline."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from scipy import sparse
from sklearn.datasets import make_moons
from sklearn.model_selection import GroupKFold, GroupShuffleSplit, ShuffleSplit, StratifiedShuffleSplit, TimeSeriesSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from lamina import MLPClassifier, MLPRegressor
from lamina.errors import DataError, InvalidSettingError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = make_moons(200, noise=0.25, random_state=1)
GROUPS = np.repeat(np.arange(20), 10)


def classifier(**settings):
    given = {"early_stopping": True, "learning_rate_init": 0.02, "random_state": 0, "max_iter": 40, **settings}
    return MLPClassifier(8, **given)


def same(first, second):
    np.testing.assert_array_equal(first.coefs_[0], second.coefs_[0])
    assert first.validation_scores_ == second.validation_scores_


def test_weights_of_the_validation_rows_count_as_repetitions():
    weight = np.arange(50) % 3
    weighted = classifier().fit(X[:150], Y[:150], X_val=X[150:], y_val=Y[150:], sample_weight_val=weight)
    rows = np.repeat(np.arange(150, 200), weight)
    repeated = classifier().fit(X[:150], Y[:150], X_val=X[rows], y_val=Y[rows])
    np.testing.assert_allclose(weighted.validation_scores_, repeated.validation_scores_)
    np.testing.assert_allclose(weighted.validation_loss_curve_, repeated.validation_loss_curve_)


def test_weights_of_validation_rows_need_the_rows():
    with pytest.raises(DataError, match="sample_weight_val must be given with X_val"):
        classifier().fit(X, Y, sample_weight_val=np.ones(10))
    with pytest.raises(DataError, match=r"sample_weight must have shape \(50,\)"):
        classifier().fit(X, Y, X_val=X[:50], y_val=Y[:50], sample_weight_val=[1.0])


@pytest.mark.parametrize("form", ["numbers", "list", "mask", "unsorted"])
def test_l20_row_numbers_and_masks_name_the_validation_rows(form):
    numbers = np.arange(150, 200)
    mask = np.zeros(200, dtype=bool)
    mask[numbers] = True
    given = {"numbers": numbers, "list": numbers.tolist(), "mask": mask, "unsorted": numbers[::-1]}[form]
    by_hand = classifier().fit(X[:150], Y[:150], X_val=X[150:], y_val=Y[150:])
    same(classifier(validation_split=given).fit(X, Y), by_hand)


def test_l20_sparse_rows_and_weights_follow_the_split():
    weight = np.linspace(0.5, 2, 200)
    by_hand = classifier(early_stopping=False).fit(X[:150], Y[:150], weight[:150])
    by_split = classifier(early_stopping=False, validation_split=np.arange(150, 200))
    np.testing.assert_allclose(by_split.fit(sparse.csr_array(X), Y, weight).coefs_[0], by_hand.coefs_[0], rtol=1e-9)
    assert len(by_split.validation_loss_curve_) == by_split.n_iter_


def test_l20_time_ordered_rows_are_validated_on_the_latest():
    by_hand = classifier().fit(X[:160], Y[:160], X_val=X[160:], y_val=Y[160:])
    same(classifier(validation_split=TimeSeriesSplit(4)).fit(X, Y), by_hand)


@pytest.mark.parametrize("splitter", [GroupShuffleSplit(1, test_size=0.3, random_state=2), GroupKFold(4)])
def test_l20_groups_are_kept_together(splitter):
    *_, (train, validation) = splitter.split(X, Y, GROUPS)
    assert not set(GROUPS[train]) & set(GROUPS[validation])
    by_hand = classifier().fit(X[train], Y[train], X_val=X[validation], y_val=Y[validation])
    same(classifier(validation_split=splitter).fit(X, Y, groups=GROUPS), by_hand)


def test_l20_a_stratified_splitter_sees_the_classes():
    labels = np.where(Y == 1, "yes", "no")
    splitter = StratifiedShuffleSplit(1, test_size=40, random_state=0)
    model = classifier(validation_split=splitter).fit(X, labels)
    assert len(model.validation_scores_) == model.n_iter_


def test_l20_a_regressor_splits_alike():
    by_hand = MLPRegressor(random_state=0, max_iter=5).fit(X[:160], Y[:160], X_val=X[160:], y_val=Y[160:])
    by_split = MLPRegressor(random_state=0, max_iter=5, validation_split=TimeSeriesSplit(4)).fit(X, Y)
    assert by_split.validation_loss_curve_ == by_hand.validation_loss_curve_


def test_l20_the_pipelines_fitted_steps_transform_the_users_validation_rows():
    skewed = X * [1000.0, 0.001] + [5.0, -3.0]
    with sklearn.config_context(enable_metadata_routing=True):
        model = classifier().set_fit_request(X_val=True, y_val=True)
        pipeline = Pipeline([("scale", StandardScaler()), ("mlp", model)], transform_input=["X_val"])
        pipeline.fit(skewed[:150], Y[:150], X_val=skewed[150:], y_val=Y[150:])
    scaler = StandardScaler().fit(skewed[:150])
    validation = {"X_val": scaler.transform(skewed[150:]), "y_val": Y[150:]}
    same(pipeline["mlp"], classifier().fit(scaler.transform(skewed[:150]), Y[:150], **validation))
    assert pipeline["mlp"].stop_reason_.code in ("no_improvement", "max_epochs")


def test_l20_a_pipeline_hands_on_groups():
    with sklearn.config_context(enable_metadata_routing=True):
        model = classifier(validation_split=GroupKFold(4)).set_fit_request(groups=True)
        pipeline = Pipeline([("scale", StandardScaler()), ("mlp", model)]).fit(X, Y, groups=GROUPS)
    scaled = StandardScaler().fit_transform(X)
    same(pipeline["mlp"], classifier(validation_split=GroupKFold(4)).fit(scaled, Y, groups=GROUPS))


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({"max_iter": 2}, "max_epochs", "All 2 epochs asked for were run."),
        (
            {"tol": 1.0, "n_iter_no_change": 2},
            "converged",
            "Training loss did not improve by 1 or more in any of 3 epochs in a row.",
        ),
        (
            {"tol": 1.0, "n_iter_no_change": 2, "early_stopping": True},
            "no_improvement",
            "Validation score did not improve by 1 or more in any of 3 epochs in a row.",
        ),
        ({"max_time": 1e-9}, "time_limit", "time"),
        ({"solver": "lbfgs", "tol": 10.0}, "gradient_zero", "The gradient was almost zero"),
        ({"solver": "perturb-one", "max_iter": 3}, "max_epochs", "All 3 epochs asked for were run."),
    ],
)
def test_l12_the_model_says_why_it_stopped_in_words_and_as_a_code(settings, code, words):
    reason = classifier(**{"early_stopping": False, **settings}).fit(X, Y).stop_reason_
    assert reason.code == code
    assert words in reason.text
    assert str(reason) == reason.text


@pytest.mark.parametrize(
    ("split", "fit", "message"),
    [
        ([3, 200], {}, r"must hold row numbers from 0 to 199, got \(3, 200\)"),
        ([-1, 5], {}, r"must hold row numbers from 0 to 199, got \(-1, 5\)"),
        ([3, 3, 4], {}, "must name each row once, got '1 repetitions'"),
        ([0.5, 1.0], {}, "must be a one-dimensional array of row numbers"),
        (np.ones(7, dtype=bool), {}, r"a mask as validation_split must have shape \(200,\), like X, got \(7,\)"),
        (np.ones(200, dtype=bool), {}, r"must leave at least 1 row to train on and 2 to validate on, got \(0, 200\)"),
        ([4], {}, r"must leave at least 1 row to train on and 2 to validate on, got \(199, 1\)"),
        (GroupKFold(4), {}, "cannot split the 200 rows.*Pass groups to fit"),
        (GroupKFold(4), {"groups": [1, 2]}, "groups must have one entry for each of the 200 rows, got 2"),
        (TimeSeriesSplit(500), {}, "cannot split the 200 rows.*Choose another splitter"),
        (None, {"groups": GROUPS}, "must be a splitter when groups are given, got None"),
        ([1, 2], {"groups": GROUPS}, "must be a splitter when groups are given, got 'an array'"),
        (ShuffleSplit(), {"X_val": X, "y_val": Y}, "X_val must not be given together with validation_split"),
    ],
)
def test_what_does_not_fit_is_named(split, fit, message):
    with pytest.raises(DataError, match=message):
        classifier(validation_split=split).fit(X, Y, **fit)


def test_a_splitter_that_validates_on_training_rows_is_refused():
    class Overlapping(ShuffleSplit):
        def split(self, X, y=None, groups=None):
            yield np.arange(200), np.arange(5)

    with pytest.raises(DataError, match="must keep validation rows out of training"):
        classifier(validation_split=Overlapping()).fit(X, Y)


@pytest.mark.parametrize("wrong", ["time", 0.2, 5])
def test_what_is_no_split_is_refused(wrong):
    with pytest.raises(InvalidSettingError, match="validation_split must be None, or a scikit-learn splitter, or an array"):
        classifier(validation_split=wrong).fit(X, Y)
