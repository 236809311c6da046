"""How a patient and its control are judged on the same rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.datasets import make_circles, make_classification
from sklearn.linear_model import LinearRegression
from sklearn.metrics import d2_pinball_score, r2_score

from lamina import (
    Callback,
    Dense,
    MLPClassifier,
    MLPRegressor,
    Sequential,
    TabularClassifier,
    TabularRegressor,
    Trainer,
    diagnose,
)
from lamina.doctor.beside import Beside
from lamina.doctor.judgement import score_for
from lamina.doctor.like_batches import in_like_batches
from lamina.doctor.outcome import Outcome, constant_errors, row_errors, row_log_losses
from lamina.doctor.patients import admit
from lamina.doctor.patients.parameters import differing
from lamina.losses import Quantile
from lamina.training import EarlyStopping

RNG = np.random.default_rng(0)


def of_numbers(truth: np.ndarray, predicted: np.ndarray) -> Outcome:
    errors = row_errors(truth, predicted, of_labels=False)
    return Outcome(1 - errors.mean(), 1 - errors.mean(), 0.0, errors, of_labels=False)


def of_labels(share: float, rows: int = 400) -> Outcome:
    """A model that gives so many wrong answers, to the first rows."""
    errors = (np.arange(rows) < share * rows).astype(float)
    return Outcome(1 - share, 1 - share, 0.5, errors)


# Numbers


def test_of_rows_without_outliers_the_score_is_r_squared():
    truth = RNG.normal(size=300)
    predicted = truth + 0.5 * RNG.normal(size=300)
    assert 1 - row_errors(truth, predicted, of_labels=False).mean() == pytest.approx(r2_score(truth, predicted))


@pytest.mark.parametrize("times", [30.0, 1000.0])
def test_a_target_far_off_does_not_hide_that_nothing_was_learned(times):
    truth = RNG.normal(size=300)
    truth[7] = times
    good, nothing = truth + 0.3 * RNG.normal(size=300), np.full(300, np.median(truth))
    good[7] = 0.0
    assert of_numbers(truth, nothing).is_behind(of_numbers(truth, good))
    assert not of_numbers(truth, good).is_behind(of_numbers(truth, good))


@pytest.mark.parametrize("whose", ["control", "own"])
def test_a_prediction_far_off_does_not_hide_that_nothing_was_learned(whose):
    truth = RNG.normal(size=300)
    good, nothing = truth + 0.3 * RNG.normal(size=300), np.zeros(300)
    (good if whose == "control" else nothing)[7] = 1e6
    assert of_numbers(truth, nothing).is_behind(of_numbers(truth, good))


def test_a_prediction_far_off_is_not_enough_to_be_behind():
    truth = RNG.normal(size=300)
    good = truth + 0.3 * RNG.normal(size=300)
    slip = good.copy()
    slip[7] = 1e6
    assert not of_numbers(truth, slip).is_behind(of_numbers(truth, good))


def test_the_mean_that_outliers_move_is_no_worse_a_constant():
    truth = np.append(RNG.normal(size=299), 1e4)
    assert constant_errors(truth, truth, of_labels=False).mean() == pytest.approx(1.0, abs=0.02)


def test_targets_of_which_most_are_equal_have_a_deviation_too():
    truth = np.where(np.arange(400) % 10 == 0, RNG.normal(10, 1, 400), 0.0)
    good = truth + 0.5 * RNG.normal(size=400)
    assert 1 - row_errors(truth, good, of_labels=False).mean() > 0.8
    assert of_numbers(truth, np.zeros(400)).is_behind(of_numbers(truth, good))


@pytest.mark.parametrize("place", [3, 250])
def test_a_network_that_learned_nothing_is_noticed_beside_one_wild_target(place):
    X = RNG.normal(size=(300, 4))
    y = X @ [1.0, -1.0, 0.5, 0.0] + 0.1 * RNG.normal(size=300)
    y[place] *= 1000
    assert LinearRegression().fit(X, y).score(X, y) < 0.5
    slow = MLPRegressor(hidden_layer_sizes=(16,), solver="sgd", learning_rate_init=1e-6, max_iter=30, random_state=0)
    assert not diagnose(slow, X, y).is_healthy


# Chance


def test_a_difference_counts_beyond_margin_and_chance():
    assert of_labels(0.12).is_behind(of_labels(0.05))
    assert not of_labels(0.09).is_behind(of_labels(0.05))
    assert not of_labels(0.12, 40).is_behind(of_labels(0.05, 40))


def test_what_failed_is_behind_all_that_did_not():
    failed = Outcome(-math.inf, -math.inf, 0.5, np.full(400, np.nan))
    assert failed.is_behind(of_labels(0.5))
    assert not of_labels(0.5).is_behind(failed)


def over(*shares: tuple[float, ...], rows: int = 100) -> Beside:
    """Splits, of each the wrong answers of a patient and of its controls."""
    return Beside.over([[of_labels(share, rows) for share in split] for split in shares])


def test_a_patient_that_fails_once_in_a_while_is_not_behind():
    assert over((0.5, 0.0), (0.4, 0.0)).is_behind
    assert not over((0.5, 0.0), (0.0, 0.0)).is_behind
    assert not over((0.5, 0.0), (0.4, 0.0), (0.0, 0.0), (0.0, 0.0)).is_behind
    assert over((0.5, 0.0), (0.0, 0.0), (0.4, 0.0), (0.3, 0.0)).is_behind


def test_more_splits_are_asked_for_until_enough_agree():
    assert over((0.5, 0.0)).is_open
    assert over((0.5, 0.0), (0.0, 0.0)).is_open
    assert not over((0.5, 0.0), (0.4, 0.0)).is_open
    assert over((0.5, 0.0), (0.4, 0.0), rows=20).is_open
    assert not over((0.0, 0.0), rows=400).is_open


def test_a_few_rows_that_both_answer_alike_do_not_tell_that_all_is_well():
    assert over((0.0, 0.0), rows=23).is_open
    assert not over(*[(0.0, 0.0)] * 4, rows=23).is_open


def test_the_control_is_the_best_over_all_splits_not_the_luckiest_of_each():
    beside = over((0.10, 0.02, 0.06), (0.10, 0.12, 0.06))
    assert beside.control is not None
    assert beside.control.held_out == pytest.approx(0.94)
    assert beside.leads == pytest.approx((0.04, 0.04))


def test_behind_is_clear_if_it_is_so_by_more_than_the_margin_and_chance_together():
    few, many = over((0.08, 0.0), (0.08, 0.0), rows=70), over((0.08, 0.0), (0.08, 0.0), rows=2000)
    assert few.is_behind
    assert not few.is_clearly_behind
    assert many.is_clearly_behind


def sure(probability: float, wrong: int = 40, rows: int = 400) -> Outcome:
    """A model that gives some wrong answers, all as surely as its right ones."""
    truth = np.zeros(rows, dtype=int)
    of_first = np.where(np.arange(rows) < wrong, 1 - probability, probability)
    losses = row_log_losses(truth, np.array([0, 1]), np.column_stack([of_first, 1 - of_first]))
    return Outcome(1.0, 1 - wrong / rows, 0.5, (np.arange(rows) < wrong).astype(float), log_losses=losses)


def test_answers_that_are_too_sure_are_so_beside_those_of_another():
    assert sure(1 - 1e-9).is_oversure_beside(sure(0.9))
    assert not sure(0.93).is_oversure_beside(sure(0.9))
    assert not sure(0.9).is_oversure_beside(sure(1 - 1e-9))
    assert not sure(1 - 1e-9).is_oversure_beside(of_labels(0.1))


def test_answers_that_are_worse_are_not_called_too_sure():
    assert Beside(sure(1 - 1e-9), sure(0.9)).is_oversure
    assert not Beside(sure(1 - 1e-9, wrong=80), sure(0.9)).is_oversure


def test_a_class_that_was_never_seen_costs_no_more_than_a_sure_error():
    losses = row_log_losses(np.array([0, 1, 7]), np.array([0, 1]), np.array([[1.0, 0.0], [0.5, 0.5], [0.5, 0.5]]))
    assert losses == pytest.approx([0.0, np.log(2), 10.0])


# Fair to the patient


@pytest.mark.parametrize(("rows", "batch_size"), [(600, 32), (400, 32), (300, 16)])
def test_a_part_of_the_rows_ends_in_a_batch_like_that_of_all(rows, batch_size):
    patient = admit(MLPClassifier(batch_size=batch_size), owner="test")
    kept = in_like_batches(patient, np.arange(rows * 3 // 4), rows, seed=0, labels=None)
    assert len(kept) >= 0.9 * (rows * 3 // 4)
    assert abs(len(kept) % batch_size - rows % batch_size) <= 1


def test_rows_that_are_one_batch_are_kept():
    for model in (MLPClassifier(batch_size=1000), MLPClassifier(solver="lbfgs")):
        assert len(in_like_batches(admit(model, owner="test"), np.arange(75), 100, seed=0, labels=None)) == 75


@pytest.mark.parametrize("table", [False, True])
def test_fewer_rows_take_more_epochs_and_more_patience_and_nothing_else(table):
    model = TabularClassifier(max_epochs=91, patience=9) if table else MLPClassifier(max_iter=91, n_iter_no_change=9, tol=0.3)
    patient = admit(model, owner="test")
    longer = patient.prolonged(4 / 3)
    assert (longer.max_epochs, longer.patience) == (122, 12)
    changed = differing(patient.model().get_params(deep=False), longer.model().get_params(deep=False))
    assert len(changed) == 2


def test_endless_patience_stays_so():
    assert admit(MLPClassifier(n_iter_no_change=math.inf), owner="test").prolonged(2).patience == math.inf


def test_the_rule_of_a_trainer_waits_longer_and_is_otherwise_the_same():
    rule = EarlyStopping(patience=6, tol=0.01)
    trainer = Trainer(Sequential([Dense(1)], 4), "squared_error", callbacks=[rule])
    longer = admit(trainer, owner="test", fit={"max_epochs": 30}).prolonged(1.5)
    (of_longer,) = longer.callbacks
    assert (longer.max_epochs, of_longer.patience, of_longer.tol) == (45, 9, 0.01)
    assert rule.patience == 6


def test_where_most_numbers_are_0_the_others_still_count():
    rng = np.random.default_rng(0)
    y = np.where(rng.uniform(size=1000) < 0.73, 0.0, rng.exponential(size=1000))
    assert constant_errors(y, y, of_labels=False).mean() == pytest.approx(1.0, abs=0.2)


# The control


def test_of_few_rows_a_control_learns_what_an_early_stop_would_miss():
    X, y = make_circles(300, noise=0.12, factor=0.5, random_state=0)
    found = diagnose(MLPClassifier((), max_iter=200, random_state=0), X, y)
    assert found.case.control is not None
    assert found.case.control.held_out > 0.9
    assert "linear_network" in found


def test_a_network_that_is_too_sure_is_noticed_though_its_answers_are_as_good_as_others():
    X, y = make_classification(800, 20, n_informative=10, class_sep=0.5, random_state=0)
    settings = {"learning_rate_init": 0.01, "batch_size": 32, "random_state": 0}
    found = diagnose(MLPClassifier((64,), max_iter=200, tol=0.0, n_iter_no_change=200, **settings), X, y)
    assert not found.case.is_behind
    assert {"overfitting", "stopped_too_late"} <= {finding.name for finding in found}
    assert diagnose(MLPClassifier((64,), max_iter=200, early_stopping=True, **settings), X, y).is_healthy


# Quantiles

NOISY = np.random.default_rng(1).normal(size=(240, 3))
SPREAD = 2 * NOISY[:, 0] + np.random.default_rng(2).exponential(size=240)


@pytest.mark.parametrize(("levels", "middle"), [((0.05, 0.5, 0.95), 1), ((0.9, 0.6), 1), ((0.5,), 0)])
def test_a_loss_of_several_quantiles_says_which_one_stands_for_all(levels, middle):
    loss = Quantile(levels)
    predictions = np.arange(4.0 * 2 * len(levels)).reshape(4, -1)  # of two targets
    assert loss.points_of(predictions).tolist() == predictions[:, [middle, len(levels) + middle]].tolist()
    assert loss.level_of_points == (None if levels[middle] == 0.5 else levels[middle])


@pytest.mark.parametrize(
    "model",
    [
        MLPRegressor(loss=Quantile((0.05, 0.5, 0.95)), random_state=0),
        TabularRegressor(hidden=(4,), loss=Quantile((0.05, 0.5, 0.95)), max_epochs=5, random_state=0),
        TabularRegressor(hidden=(4,), loss="quantile:levels=0.05,0.5,0.95", max_epochs=5, random_state=0),
        Trainer(Sequential([Dense(3)], 3), Quantile((0.05, 0.5, 0.95)), seed=0),
    ],
    ids=["estimator", "table", "words", "trainer"],
)
def test_several_quantiles_are_judged_by_the_median(model):
    patient = admit(model, owner="test")
    y = SPREAD[:, None] if isinstance(model, Trainer) else SPREAD
    trained, _ = patient.train(NOISY, y, Callback())
    assert patient.level is None
    assert patient.predict(trained, NOISY).ravel().tolist() == np.asarray(trained.predict(NOISY))[:, 1].tolist()


@pytest.mark.parametrize("levels", [(0.05, 0.5, 0.95), (0.9,), (0.1, 0.95)])
def test_a_sound_model_of_quantiles_is_healthy(levels):
    settings = {"hidden_layer_sizes": (8,), "learning_rate_init": 0.01, "max_iter": 150, "random_state": 0}
    diagnosis = diagnose(MLPRegressor(loss=Quantile(levels), **settings), NOISY, SPREAD)
    named = "R²" if 0.5 in levels else f"D² of the quantile {levels[0]:g}"
    assert diagnosis.summary.startswith(f"Held-out {named} 0.")
    assert diagnosis.findings[0].severity != "harm"
    assert abs(diagnosis.case.outcome.constant) < 0.1  # the best constant of the same level is no better than nothing


def test_quantiles_are_scored_by_their_loss_beside_that_of_a_constant():
    predicted = 2 * NOISY[:, 0] + 2.0
    expected = d2_pinball_score(SPREAD, predicted, alpha=0.9)
    assert 1 - row_errors(SPREAD, predicted, of_labels=False, level=0.9).mean() == pytest.approx(expected)
    patient = admit(MLPRegressor(loss=Quantile(0.9)), owner="test")
    assert score_for(patient, ("wrong_loss",), is_behind=True) == "d2_pinball"
