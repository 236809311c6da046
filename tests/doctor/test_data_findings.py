"""Findings of data: each names the sick program, and keeps silent about its healthy twin."""

from __future__ import annotations

import functools
import math
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine, make_classification, make_moons
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.doctor.odd_rows import ODD, TARGETS

from lamina import MLPClassifier, MLPRegressor
from lamina.doctor.findings import (
    bad_validation_split,
    imbalance_ignored,
    label_noise,
    leak,
    not_separable,
    unscaled_inputs,
    unscaled_targets,
)
from lamina.doctor.outcome import Outcome
from lamina.doctor.probes.data_facts import data_facts

FINDERS = (bad_validation_split, imbalance_ignored, label_noise, leak, not_separable, unscaled_inputs, unscaled_targets)


def names(model, X, y) -> set[str]:
    from lamina.doctor.examination import examine

    case = examine(model, X, y, seed=0, max_rows=20_000, fit={})
    return {finding.name for module in FINDERS if (finding := module.find(case)) is not None}


def of_data(module, X, y, task="classification", *, held_out=0.0, **held):
    """What one finding says of rows alone, where a model's outcome does not matter or is given."""
    outcome = SimpleNamespace(held_out=held_out)
    return module.find(
        SimpleNamespace(data=data_facts(X, y, task, **held), outcome=outcome, control=None, is_behind=False, by_class=None)
    )


def standardized(X):
    return StandardScaler().fit_transform(X)


def test_pixels_of_0_to_255_into_sigmoid_units_are_unscaled():
    X, y = load_digits(return_X_y=True)
    model = MLPClassifier((32, 32), activation="sigmoid", solver="sgd", learning_rate_init=0.1, max_iter=30, random_state=0)
    assert names(model, X * 16, y) == {"unscaled_inputs"}
    healthy = MLPClassifier((32,), learning_rate_init=0.003, max_iter=60, random_state=0)
    assert names(make_pipeline(StandardScaler(), healthy), X * 16, y) == set()


def test_one_column_in_thousands_is_unscaled():
    X, y = load_wine(return_X_y=True)
    model = MLPClassifier((16,), activation="tanh", solver="sgd", learning_rate_init=0.01, max_iter=100, random_state=0)
    assert names(model, X, y) == {"unscaled_inputs"}


def test_raw_pixels_that_a_network_learns_from_are_no_finding():
    X, y = load_digits(return_X_y=True)
    assert names(MLPClassifier((64,), max_iter=60, random_state=0), X, y) == set()


def test_targets_in_thousands_are_unscaled():
    X, y = load_diabetes(return_X_y=True)
    X = standardized(X)
    assert names(MLPRegressor(hidden_layer_sizes=(16,), max_iter=50, random_state=0), X, y * 100) == {"unscaled_targets"}
    settings = {"max_iter": 60, "alpha": 1.0, "learning_rate_init": 0.003, "random_state": 0}
    assert names(MLPRegressor(hidden_layer_sizes=(16,), **settings), X, (y - y.mean()) / y.std()) == set()


def test_a_rare_class_that_is_never_said_is_ignored():
    X, y = make_classification(3000, 8, n_informative=4, weights=[0.96], flip_y=0, class_sep=0.6, random_state=0)
    settings = {"hidden_layer_sizes": (16,), "max_iter": 60, "random_state": 0}
    assert names(MLPClassifier(**settings), X, y) == {"imbalance_ignored"}
    assert names(MLPClassifier(class_weight="balanced", **settings), X, y) == set()


def beside(truth, own, control, *, is_behind=False):
    """A case of labels alone: those of held-out rows, and what the model and the control say."""
    arrays = [np.asarray(labels) for labels in (truth, own, control)]
    balanced = [np.mean([(said == arrays[0])[arrays[0] == label].mean() for label in set(truth)]) for said in arrays]
    outcomes = [
        Outcome(1.0, score, 0.5, np.zeros(len(truth)), truth=arrays[0], said=said)
        for score, said in zip(balanced[1:], arrays[1:], strict=True)
    ]
    return SimpleNamespace(is_behind=is_behind, by_class=SimpleNamespace(own=outcomes[0], control=outcomes[1]))


def test_every_rare_class_is_looked_at_and_the_worst_is_named():
    truth = np.repeat(["a", "b", "c", "d"], [200, 12, 10, 180])
    own = np.where(truth == "b", "a", truth)
    finding = imbalance_ignored.find(beside(truth, own, truth))
    assert finding.severity == "harm"
    assert finding.evidence[0].what == "held-out recall of class b"
    assert imbalance_ignored.find(beside(truth, truth, truth)) is None


def test_five_rows_of_a_class_are_enough_if_the_control_finds_them_and_the_model_never_says_it():
    truth = np.repeat([0, 1], [200, 5])
    never, found = np.zeros(205, dtype=int), np.r_[np.zeros(200, dtype=int), 1, 1, 1, 0, 0]
    assert imbalance_ignored.find(beside(truth, never, found)).severity == "harm"
    assert imbalance_ignored.find(beside(truth, never, found, is_behind=True)) is None
    said_anywhere = np.r_[np.arange(200) % 2, 1, 1, 1, 0, 0]
    assert imbalance_ignored.find(beside(truth, never, said_anywhere)) is None


def test_to_say_a_class_often_is_not_to_recognize_it():
    truth = np.repeat([0, 1], [1000, 46])
    never, said_often = np.zeros(1046, dtype=int), np.zeros(1046, dtype=int)
    said_often[:380] = said_often[1000:1028] = 1
    assert imbalance_ignored.find(beside(truth, never, said_often)) is None


def test_a_class_that_is_said_as_often_as_it_comes_is_not_ignored():
    truth = np.repeat([0, 1], [200, 20])
    own = np.r_[np.repeat([1, 0], [12, 188]), np.repeat([1, 0], [8, 12])]
    control = np.r_[np.repeat([1, 0], [12, 188]), np.repeat([1, 0], [16, 4])]
    finding = imbalance_ignored.find(beside(truth, own, control))
    assert finding is None or finding.severity == "hint"


def leaking(noise: float):
    X, y = make_classification(800, 10, n_informative=5, class_sep=0.7, random_state=1)
    copy = y + noise * np.random.default_rng(0).normal(size=len(y))
    return X, y, np.column_stack([X, copy])


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.1, 0.18])
def test_a_column_made_of_the_class_leaks(noise: float):
    X, y, told = leaking(noise)
    finding = of_data(leak, told, y)
    assert finding.where.column == "x10"
    assert of_data(leak, X, y) is None


def test_a_column_made_of_the_number_leaks():
    X, y = load_diabetes(return_X_y=True)
    told = np.column_stack([X, y * 0.9 + np.random.default_rng(0).normal(size=len(y))])
    assert of_data(leak, told, y, "regression").where.column == "x10"
    assert of_data(leak, X, y, "regression") is None


def test_a_copy_of_the_class_leaks_although_the_other_columns_know_it_too():
    X, y = load_iris(return_X_y=True)
    assert of_data(leak, np.column_stack([X, -3.0 * y]), y).where.column == "x4"
    setosa = np.column_stack([X, y == 0])
    assert of_data(leak, setosa, y).where.column == "x4"
    assert of_data(leak, X, y) is None
    assert of_data(leak, X, (y == 0).astype(int)) is None


def test_a_copy_of_few_numbers_leaks_although_the_other_columns_nearly_know_them():
    X, _ = load_iris(return_X_y=True)
    others, y = X[:60, [0, 1, 2]], X[:60, 3] + 0.0137 * np.arange(60)
    others = np.column_stack([others, y + 0.1 * np.random.default_rng(0).normal(size=60)])
    assert of_data(leak, np.column_stack([others, np.exp(y)]), y, "regression").where.column == "x4"
    assert of_data(leak, others, y, "regression") is None


def test_the_number_of_a_row_leaks_where_the_table_is_sorted():
    X, y = load_wine(return_X_y=True)
    numbers = np.arange(len(y)) * 1.0
    finding = of_data(leak, standardized(np.column_stack([numbers, X])), y)
    assert finding.where.column == "x0"
    assert "numbers the rows" in finding.meaning
    shuffled = np.random.default_rng(0).permutation(numbers)
    assert of_data(leak, np.column_stack([shuffled, X]), y) is None


def test_a_task_that_is_made_of_one_column_does_not_leak():
    X = np.random.default_rng(0).normal(size=(600, 4))
    assert of_data(leak, X, (X[:, 0] > 0).astype(int)) is None
    assert of_data(leak, X, 3 * X[:, 0] + 1, "regression") is None


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("share", [0.1, 0.2, 0.3])
def test_flipped_labels_are_noise(share: float, seed: int):
    X, y = load_digits(return_X_y=True)
    rng = np.random.default_rng(seed)
    noisy = np.where(rng.random(len(y)) < share, (y + rng.integers(1, 10, len(y))) % 10, y)
    assert of_data(label_noise, X, noisy) is not None
    assert of_data(label_noise, X, y) is None


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("share", [0.3, 0.5])
def test_exchanged_numbers_are_noise(share: float, seed: int):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(400, 3))
    y = X @ [1.0, -1.0, 0.5] + 0.2 * rng.normal(size=400)
    taken = np.flatnonzero(rng.random(400) < share)
    noisy = y.copy()
    noisy[taken] = y[rng.permutation(taken)]
    assert of_data(label_noise, X, noisy, "regression") is not None
    assert of_data(label_noise, X, y, "regression") is None


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", ["heavy tails", "a hidden group", "skewed", "growing", "weak", "counts", "cut off"])
def test_numbers_that_follow_the_inputs_loosely_are_no_noise(kind: str, seed: int):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(400, 4))
    rule = X @ [1.0, -1.0, 0.5, 0.0]
    y = {
        "heavy tails": rule + 0.5 * rng.standard_t(2, size=400),
        "a hidden group": rule + np.where(rng.random(400) < 0.3, 4.0, 0.0) + 0.3 * rng.normal(size=400),
        "skewed": np.exp(0.6 * rule + 0.5 * rng.normal(size=400)),
        "growing": rule + np.exp(X[:, 0]) * 0.7 * rng.normal(size=400),
        "weak": rule + 4 * rng.normal(size=400),
        "counts": rng.poisson(np.exp(0.5 * rule)).astype(float),
        "cut off": np.clip(rule + 0.3 * rng.normal(size=400), -1, 1),
    }[kind]
    assert of_data(label_noise, X, y, "regression") is None


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("distance", [0.8, 1.0, 1.5, 2.5])
def test_clouds_that_overlap_are_no_noise(distance: float, seed: int):
    rng = np.random.default_rng(seed)
    y = np.arange(800) % 2
    X = rng.normal(size=(800, 3)) + distance * y[:, None] * [1.0, 0.0, 0.0]
    assert of_data(label_noise, X, y) is None


@pytest.mark.parametrize("seed", range(3))
def test_classes_that_overlap_are_no_noise(seed: int):
    X, y = make_moons(1000, noise=0.35, random_state=seed)
    assert of_data(label_noise, X, y) is None


def test_labels_that_a_network_predicts_are_no_noise():
    X, y = make_moons(1000, noise=0.1, random_state=0)
    flipped = np.where(np.random.default_rng(0).random(1000) < 0.2, 1 - y, y)
    assert of_data(label_noise, X, flipped, held_out=0.99) is None


def test_validation_rows_that_are_the_end_of_a_sorted_table_are_a_bad_split():
    X, y = load_iris(return_X_y=True)
    model = MLPClassifier((16,), max_iter=60, early_stopping=True, validation_split=np.arange(120, 150), random_state=0)
    assert "bad_validation_split" in names(model, X, y)
    cut = {"X_val": X[120:], "y_val": y[120:]}
    assert of_data(bad_validation_split, X[:120], y[:120], **cut) is not None
    order = np.random.default_rng(0).permutation(150)
    X, y = X[order], y[order]
    assert of_data(bad_validation_split, X[:120], y[:120], X_val=X[120:], y_val=y[120:]) is None


def test_validation_rows_of_the_largest_numbers_are_a_bad_split():
    X, y = load_diabetes(return_X_y=True)
    order = np.argsort(y)
    X, y = X[order], y[order]
    assert of_data(bad_validation_split, X[:350], y[:350], "regression", X_val=X[350:], y_val=y[350:]) is not None
    order = np.random.default_rng(0).permutation(len(y))
    X, y = X[order], y[order]
    assert of_data(bad_validation_split, X[:350], y[:350], "regression", X_val=X[350:], y_val=y[350:]) is None


def test_validation_rows_that_are_training_rows_are_a_bad_split():
    X, y = load_breast_cancer(return_X_y=True)
    assert of_data(bad_validation_split, X, y, X_val=X[:100], y_val=y[:100]) is not None


def test_copies_that_a_random_split_shares_are_no_bad_split():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 3, size=(1000, 4)).astype(float)
    y = (X.sum(axis=1) > 4).astype(int)
    assert of_data(bad_validation_split, X[:800], y[:800], X_val=X[800:], y_val=y[800:]) is None


def test_exclusive_or_is_not_separable_by_a_network_of_one_layer():
    X = np.random.default_rng(0).uniform(-1, 1, size=(600, 2))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    assert names(MLPClassifier((), max_iter=100, random_state=0), X, y) == {"not_separable"}
    assert names(MLPClassifier((32,), learning_rate_init=0.01, max_iter=100, random_state=0), X, y) == set()
    assert (
        names(MLPClassifier((), max_iter=200, learning_rate_init=0.01, random_state=0), X, (X[:, 0] > X[:, 1]).astype(int))
        == set()
    )


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer, load_digits])
def test_well_known_sets_have_no_fault(load):
    X, y = load(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    X, y, cut = X[order], y[order], len(y) * 4 // 5
    for module in (leak, label_noise, bad_validation_split):
        assert of_data(module, X[:cut], y[:cut], X_val=X[cut:], y_val=y[cut:]) is None


@pytest.mark.parametrize("module", FINDERS)
@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("odd", ODD)
def test_odd_rows_are_judged_too(facts_of_odd_rows, odd: str, target: str, behind: bool, module):
    setup = SimpleNamespace(losses=("squared_error",), hidden_widths=(), learns_labels=True, stops_on_validation=behind)
    start = SimpleNamespace(layers=(), network=SimpleNamespace(batch_norm_layers=(), code_columns=()))
    outcome = SimpleNamespace(held_out=-math.inf if behind else 0.5)
    data = facts_of_odd_rows(odd, target)
    finding = module.find(
        SimpleNamespace(data=data, setup=setup, start=start, outcome=outcome, control=outcome, is_behind=behind, by_class=None)
    )
    assert finding is None or (finding.evidence and str(finding) and finding.to_dict())


@pytest.fixture(scope="module")
def facts_of_odd_rows():
    @functools.cache
    def measured(odd: str, target: str):
        X, (task, y) = ODD[odd], TARGETS[target]
        n = X.shape[0]
        return data_facts(X, y[:n], task, X_val=X[n // 2 :], y_val=y[:n][n // 2 :])

    return measured
