"""Facts of rows before training: known numbers of known tables, and an answer to whatever comes."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse
from scipy.stats import chi2_contingency, ks_2samp, kstwobign
from sklearn.datasets import load_iris, make_blobs, make_classification
from tests.doctor.odd_rows import ODD, TARGETS

from lamina.doctor.probes.column_facts import column_facts
from lamina.doctor.probes.copied_rows import copied_rows
from lamina.doctor.probes.data_facts import data_facts
from lamina.doctor.probes.explained_by_columns import classes_by_columns, numbers_by_columns
from lamina.doctor.probes.given_rows import class_numbers, standardized
from lamina.doctor.probes.split_facts import split_facts
from lamina.doctor.probes.target_facts import class_facts, number_facts


def equal(one, other) -> bool:
    if is_dataclass(one):
        return all(equal(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    return np.array_equal(one, other, equal_nan=True) if isinstance(one, np.ndarray | float) else one == other


def test_columns_are_measured_by_their_finite_numbers():
    X = np.array([[1.0, 5.0, np.nan, 2.0], [3.0, 5.0, np.inf, 2.5], [5.0, 5.0, 4.0, 30.0]])
    facts = column_facts(X)
    np.testing.assert_allclose(facts.mean, [3.0, 5.0, 4.0, 11.5])
    np.testing.assert_allclose(facts.std, [X[:, 0].std(), 0.0, 0.0, X[:, 3].std()])
    assert facts.non_finite.tolist() == [0, 0, 2, 0]
    assert facts.distinct.tolist() == [3, 1, 1, 3]
    assert facts.is_constant.tolist() == [False, True, True, False]
    assert facts.is_whole.tolist() == [True, True, True, False]
    assert facts.large == 1 / 10
    assert facts.scale_ratio == pytest.approx(X[:, 3].std() / X[:, 0].std())


def test_a_column_that_holds_an_earlier_ones_numbers_is_a_copy():
    x = np.random.default_rng(0).normal(size=(50, 3))
    X = np.column_stack([x, x[:, 1], np.zeros(50), np.zeros(50)])
    assert column_facts(X).copies == ((3, 1),)


def test_whole_numbers_that_differ_in_every_row_are_identifiers():
    X = np.column_stack([np.arange(100.0), np.arange(100.0) % 7, np.random.default_rng(0).normal(size=100)])
    assert column_facts(X).identifiers == (0,)


def test_copied_and_contradicting_rows_are_counted():
    x = np.random.default_rng(0).normal(size=(100, 3))
    y = np.arange(100) % 2
    found = copied_rows(np.vstack([x, x[:10]]), np.concatenate([y, y[:5], 1 - y[5:10]]), np.vstack([x[:30], x[:10] + 1]))
    assert found.copied == pytest.approx(20 / 110)
    assert found.contradicted == pytest.approx(10 / 110)
    assert found.shared == 0.75
    assert found.distinct == 100
    assert not found.can_repeat


def test_a_table_of_few_values_repeats_its_rows():
    x = np.random.default_rng(0).integers(0, 3, size=(1000, 3)).astype(float)
    assert copied_rows(x, np.zeros(1000)).can_repeat


def test_classes_are_the_same_as_numbers_one_hot_rows_and_in_both_parts():
    numbers = np.array([2, 0, 1, 2, 2])
    for y in (numbers, numbers[:, None], np.eye(3)[numbers]):
        one, other = class_numbers(y[:3], y[3:])
        assert [*one, *other] == numbers.tolist()
    labels = np.array([[1, 1], [0, 0], [1, 1]])
    assert class_numbers(labels)[0].tolist() == [1, 0, 1]


def test_rows_sorted_by_class_have_few_runs():
    y = np.repeat([0, 1, 2], 50)
    assert class_facts(y).run_ratio < 0.05
    shuffled = np.random.default_rng(0).permutation(y)
    assert 0.8 < class_facts(shuffled).run_ratio < 1.2


def test_weights_move_the_classes_shares():
    facts = class_facts(np.array([0, 0, 0, 1]), np.array([1.0, 1.0, 1.0, 3.0]))
    assert facts.shares == (0.5, 0.5)
    assert facts.counts == (3, 1)


def test_numbers_as_targets_are_measured():
    y = np.random.default_rng(0).lognormal(size=(500, 1)) * 1000
    facts = number_facts(np.sort(y, axis=0))
    assert facts.mean[0] == pytest.approx(y.mean())
    assert facts.std[0] == pytest.approx(y.std())
    assert facts.skew[0] > 1
    assert facts.order == pytest.approx(1.0)


def test_a_column_that_gives_the_classes_away_is_the_one_that_explains_most():
    X, y = make_classification(600, 10, n_informative=5, random_state=0)
    X[:, 4] = y + 0.01 * X[:, 4]
    explained = classes_by_columns(X, y)
    assert explained.best == 4
    assert explained.share[4] > 0.99 > 0.9 > np.delete(explained.share, 4).max()
    assert explained.gap > 0.3


def test_a_column_that_rises_with_the_target_explains_it():
    X = np.random.default_rng(0).normal(size=(400, 5))
    explained = numbers_by_columns(X, np.exp(X[:, [2]]))
    assert explained.best == 2
    assert explained.share[2] == pytest.approx(1.0)


def test_parts_of_different_classes_are_as_far_apart_as_the_tests_say():
    rng = np.random.default_rng(0)
    y, y_val = rng.integers(0, 3, 200), rng.integers(0, 2, 80)
    X, X_val = rng.normal(size=(200, 2)), rng.normal(size=(80, 2))
    X_val[:, 1] += 0.7
    facts = split_facts(X, y, X_val, y_val)
    counts = np.array([np.bincount(y), np.bincount(y_val, minlength=3)])
    assert facts.target_chance == pytest.approx(chi2_contingency(counts).pvalue)
    assert facts.missing == pytest.approx((y == 2).mean())
    assert facts.unseen == 0
    assert facts.column == 1
    assert facts.column_distance == pytest.approx(ks_2samp(X[:, 1], X_val[:, 1]).statistic)
    assert facts.column_chance == pytest.approx(2 * kstwobign.sf(facts.column_distance * np.sqrt(200 * 80 / 280)))


def test_targets_of_another_range_lie_outside():
    X = np.zeros((100, 1))
    y = np.arange(100.0)[:, None]
    facts = split_facts(X[:80], y[:80], X[80:], y[80:])
    assert facts.outside == 1.0
    assert facts.target_distance == 1.0
    assert facts.target_chance < 1e-6


def test_simple_models_show_whether_planes_suffice():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(800, 2))
    planes = data_facts(X, (X.sum(axis=1) > 0).astype(int), "classification").baselines
    circles = data_facts(X, ((X**2).sum(axis=1) > 1.4).astype(int), "classification").baselines
    assert planes.linear > 0.95
    assert circles.linear < 0.7 < 0.9 < circles.nonlinear


def exchanged(y, share: float):
    """The targets, a share of which is exchanged among each other."""
    rng, y = np.random.default_rng(0), y.copy()
    taken = np.flatnonzero(rng.random(len(y)) < share)
    y[taken] = y[rng.permutation(taken)]
    return y


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6])
def test_the_share_of_exchanged_labels_is_estimated(share: float):
    X, y = make_blobs(600, 4, centers=4, cluster_std=2.0, random_state=0)[:2]
    clean, noise = (data_facts(X, given, "classification").baselines.noise for given in (y, exchanged(y, share)))
    assert clean.gain < 4
    assert clean.share < 0.05
    assert noise.gain > 12
    assert noise.share == pytest.approx(share, abs=0.12)


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6])
def test_the_share_of_exchanged_numbers_is_estimated(share: float):
    X = np.random.default_rng(0).normal(size=(400, 3))
    y = np.sin(2 * X[:, 0]) + X[:, 1]
    clean, noise = (data_facts(X, given, "regression").baselines.noise for given in (y, exchanged(y, share)))
    assert clean.gain < 4
    assert clean.share < 0.05
    assert noise.gain > 12
    assert noise.share == pytest.approx(share, abs=0.12)
    assert abs(noise.slope) < 0.5


@pytest.mark.parametrize("seed", range(3))
def test_errors_of_numbers_that_are_large_but_not_exchanged_have_the_slope_of_the_others(seed: int):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(600, 4))
    rule = X @ [1.0, -1.0, 0.5, 0.0]
    shifted = rule + np.where(rng.random(600) < 0.3, 4.0, 0.0) + 0.3 * rng.normal(size=600)
    skewed = np.exp(0.6 * rule + 0.5 * rng.normal(size=600))
    noises = [data_facts(X, y, "regression").baselines.noise for y in (shifted, skewed)]
    assert noises[0].gain > 12
    assert min(noise.slope for noise in noises) > 0.6
    assert data_facts(X, rule + 0.5 * rng.standard_t(2, size=600), "regression").baselines.noise.gain < 9


def test_rows_of_weight_0_are_left_out():
    X, y = load_iris(return_X_y=True)
    weight = (y < 2).astype(float)
    assert data_facts(X, y, "classification", sample_weight=weight).classes.counts == (50, 50)


def test_sparse_rows_have_the_facts_of_dense_ones():
    X, y = make_classification(300, 8, random_state=0)
    X = np.where(np.abs(X) > 0.7, X, 0.0)
    given = {"task": "classification", "y": y[:200], "y_val": y[200:]}
    dense = data_facts(X[:200], X_val=X[200:], **given)
    for form in (sparse.csr_matrix, sparse.csc_array):
        assert equal(data_facts(form(X[:200]), X_val=form(X[200:]), **given), dense)


def test_the_same_rows_have_the_same_facts_every_time():
    X, y = make_classification(6000, 20, random_state=0)
    assert equal(data_facts(X, y, "classification", seed=3), data_facts(X, y, "classification", seed=3))


def test_equal_numbers_are_no_column_that_varies():
    assert standardized(np.full((100, 1), 0.1)).shape == (100, 0)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("has_val", [False, True])
def test_odd_rows_have_facts(odd: str, target: str, has_val: bool):
    X, (task, y) = ODD[odd], TARGETS[target]
    n = X.shape[0]
    held_out = {"X_val": X[n // 2 :], "y_val": y[:n][n // 2 :]} if has_val else {}
    facts = data_facts(X, y[:n], task, **held_out)
    assert facts.rows == n
    assert facts.features == 3 or odd == "no columns"


@given(
    arrays(np.float64, st.tuples(st.integers(1, 30), st.integers(1, 4)), elements=st.floats(allow_nan=True, allow_infinity=True)),
    st.sampled_from(["classification", "regression"]),
    st.randoms(use_true_random=False),
)
@settings(deadline=None, max_examples=60)
def test_any_numbers_have_facts(X, task, random):
    y = np.array([random.choice([0, 1, 2]) for _ in X])
    half = len(X) // 2
    data_facts(X, y, task, X_val=X[:half], y_val=y[:half])
