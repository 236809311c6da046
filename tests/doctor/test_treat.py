"""A treatment cures what can be cured, proves it on rows that it did not choose by, and says so where nothing helps."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_digits, make_moons
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from lamina import (
    Dense,
    MLPClassifier,
    MLPRegressor,
    Sequential,
    TabularClassifier,
    Trainer,
    treat,
)
from lamina.doctor import Cure, Diagnosis, Finding, Regimen, Scores, Therapy, Treatment, diagnose
from lamina.doctor.cures import CHANGES
from lamina.doctor.cures.ranges import RANGES, random_cure
from lamina.doctor.cures.standard_recipe import standard_recipe
from lamina.doctor.judgement import judge, score_for
from lamina.doctor.patients import admit
from lamina.doctor.search import Contender, best_therapy, combine, halve
from lamina.doctor.trial import Result, Trial
from lamina.errors import InvalidSettingError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IMAGES, DIGITS = (rows[:400] for rows in load_digits(return_X_y=True))
MOONS, SIDES = make_moons(300, noise=0.2, random_state=0)
rng = np.random.default_rng(0)
PLANE = rng.normal(size=(200, 4))
HEIGHTS = 5000.0 + 1000.0 * np.tanh(PLANE @ [1.0, -1.0, 0.5, 0.0])


def diagnosis_for(model: Any, X: Any, y: Any, *cures: Cure, name: str = "not_known", **fit: Any) -> Diagnosis:
    """A diagnosis with these cures, without its examination."""
    setup = admit(model, owner="test", fit=fit).repeatable(0).stay(X, y).setup
    case: Any = SimpleNamespace(setup=setup, is_behind=True, outcome=SimpleNamespace(constant=-math.inf))
    return Diagnosis((Finding(name, "harm", 0.9, (), "A finding.", cures=cures),), case)


def test_pixels_from_0_to_255_into_sigmoid_units_are_cured():
    model = MLPClassifier((32,), activation="sigmoid", solver="sgd", max_iter=20, random_state=0)
    treatment = treat(model, IMAGES * 16, DIGITS, control=False)
    assert treatment.improved
    assert treatment.before.mean < 0.4 < 0.9 < treatment.after.mean
    cured = treatment.model.fit(IMAGES[:300] * 16, DIGITS[:300])
    assert cured.score(IMAGES[300:] * 16, DIGITS[300:]) > 0.85


def test_a_deep_sigmoid_network_with_small_weights_is_cured():
    from lamina.initializers import Normal

    widths = (24,) * 5
    model = MLPClassifier(widths, activation="sigmoid", weight_init=Normal(std=0.01), max_iter=40, random_state=0)
    treatment = treat(model, MOONS, SIDES, control=False)
    assert treatment.improved
    assert treatment.before.mean < 0.6 < 0.9 < treatment.after.mean


def test_a_healthy_model_has_nothing_to_treat():
    model = MLPClassifier((32,), max_iter=100, learning_rate_init=0.01, random_state=0)
    treatment = treat(model, MOONS, SIDES)
    assert treatment.model is model
    assert treatment.verdict == "Nothing to treat: nothing was found that harms."
    assert (str(treatment), treatment.changes, treatment.trainings) == (treatment.verdict, {}, 0)


def test_a_model_without_skill_is_treated_though_nothing_was_found():
    model = MLPClassifier((16,), learning_rate_init=1e-6, max_iter=5, random_state=0)
    found = diagnosis_for(model, MOONS, SIDES, name="healthy")
    found.case.outcome, found.case.control = (SimpleNamespace(held_out=0.5, constant=0.5) for _ in range(2))
    treatment = treat(model, MOONS, SIDES, diagnosis=found, control=False)
    assert treatment.improved
    found.case.control.held_out = 0.9
    assert treat(model, MOONS, SIDES, diagnosis=found, control=False).trainings == 0


def test_targets_that_do_not_depend_on_the_inputs_stay_uncured():
    model = MLPClassifier((16,), max_iter=20, random_state=0)
    y = np.random.default_rng(1).integers(2, size=300)
    cure = Cure("raise the learning rate", {"learning_rate": 0.01}, "Longer steps.")
    treatment = treat(model, MOONS, y, diagnosis=diagnosis_for(model, MOONS, y, cure))
    assert not treatment.improved
    assert treatment.model is model
    assert treatment.changes == {}
    assert treatment.verdict.startswith("No cure helped: the held-out accuracy is ")
    assert treatment.verdict.endswith("The model stays as it was.")


def test_a_pipeline_is_cured_as_a_pipeline():
    model = make_pipeline(StandardScaler(), MLPClassifier((16,), learning_rate_init=1e-6, max_iter=30, random_state=0))
    cure = Cure("raise the learning rate", {"learning_rate": 0.01}, "Longer steps.", "L15")
    diagnosis = diagnosis_for(model, MOONS, SIDES, cure, name="learning_rate_too_low")
    treatment = treat(model, MOONS, SIDES, diagnosis=diagnosis, control=False)
    assert treatment.improved
    assert isinstance(treatment.model, Pipeline)
    assert treatment.model.fit(MOONS, SIDES).score(MOONS, SIDES) > 0.9


def test_a_table_estimator_is_cured():
    model = TabularClassifier(hidden=(16,), learning_rate=1e-7, max_epochs=20, random_state=0)
    cure = Cure("raise the learning rate", {"learning_rate": 0.01}, "Longer steps.", "L15")
    treatment = treat(model, MOONS, SIDES, diagnosis=diagnosis_for(model, MOONS, SIDES, cure), control=False)
    assert treatment.improved
    assert isinstance(treatment.model, TabularClassifier)


def test_several_labels_a_row_are_treated():
    X = np.random.default_rng(0).normal(size=(300, 5))
    labels = (X[:, :2] > 0).astype(int)
    treatment = treat(
        MLPClassifier((16,), solver="sgd", learning_rate_init=1e-6, max_iter=20, random_state=0), X, labels, budget=12
    )
    assert treatment.improved


def test_numbers_in_thousands_are_scaled_for_an_estimator_and_for_a_trainer():
    estimator = MLPRegressor(hidden_layer_sizes=(16,), max_iter=60, random_state=0)
    trainer = Trainer(Sequential([Dense(16, activation="relu"), Dense(1)]), "squared_error", seed=0)
    cure = Cure("scale the targets", {"scale_targets": True}, "Outputs begin near 0.")
    for model, kind, fit in ((estimator, TransformedTargetRegressor, {}), (trainer, Regimen, {"max_epochs": 60})):
        diagnosis = diagnosis_for(model, PLANE, HEIGHTS, cure, **fit)
        treatment = treat(model, PLANE, HEIGHTS, diagnosis=diagnosis, control=False, **fit)
        assert treatment.improved
        assert isinstance(treatment.model, kind)
        cured = treatment.model.fit(PLANE, HEIGHTS, **treatment.fit_settings)
        assert np.abs(np.ravel(cured.predict(PLANE)) - HEIGHTS).mean() < 200


def test_a_trainer_is_cured_as_a_trainer_with_what_its_fit_is_given():
    trainer = Trainer(Sequential([Dense(16, activation="relu"), Dense(1)]), "sigmoid_cross_entropy", seed=0)
    cure = Cure("train longer", {"epochs": 120}, "It still learns.", "L29")
    faster = Cure("raise the learning rate", {"learning_rate": 0.01}, "Longer steps.", "L15")
    diagnosis = diagnosis_for(trainer, MOONS, SIDES, cure, faster, max_epochs=1)
    treatment = treat(trainer, MOONS, SIDES, diagnosis=diagnosis, control=False, max_epochs=1)
    assert treatment.improved
    assert treatment.fit_settings["max_epochs"] >= 100
    assert trainer.epoch == 0
    treatment.model.fit(MOONS, SIDES, **treatment.fit_settings)
    assert (((np.ravel(treatment.model.predict(MOONS)) > 0.5) == SIDES).mean()) > 0.9


@pytest.fixture(scope="module")
def slow_learner() -> tuple[Any, Treatment]:
    model = MLPClassifier((16,), learning_rate_init=1e-5, max_iter=30, random_state=0)
    cures = (
        Cure("lower the learning rate", {"learning_rate": 1e-6}, "Short steps."),
        Cure("raise the learning rate", {"learning_rate": 0.01}, "Longer steps.", "L15"),
        Cure("an impossible one", {"output_activation": None}, "An estimator has none."),
    )
    diagnosis = diagnosis_for(model, MOONS, SIDES, *cures, name="learning_rate_too_low")
    return model, treat(model, MOONS, SIDES, diagnosis=diagnosis)


def test_a_treatment_takes_no_more_trainings_than_its_budget(slow_learner):
    _, treatment = slow_learner
    assert 0 < treatment.trainings <= 20
    assert 0 < treatment.control_trainings <= treatment.trainings
    assert 0 < treatment.row_epochs < 300 * 20 * 300


def test_the_control_searches_the_words_that_cures_may_use_with_as_many_rows_and_epochs(slow_learner):
    model, treatment = slow_learner
    assert set(treatment.control_changes) == admit(model, owner="test").words & RANGES.keys()
    one_training = 300 * 300
    assert treatment.control_row_epochs < treatment.row_epochs + 6 * one_training


def test_what_cannot_be_changed_is_said(slow_learner):
    _, treatment = slow_learner
    problems = {result.therapy.name: result.problem for result in treatment.tried}
    assert "must be of something that it has, got 'output_activation'" in problems["an impossible one"]
    assert problems["raise the learning rate"] == ""


def test_equal_calls_give_equal_treatments(slow_learner):
    model, treatment = slow_learner
    again = treat(model, MOONS, SIDES, diagnosis=treatment.diagnosis)
    assert again.to_dict() == treatment.to_dict()


def test_a_treatment_prints_and_goes_to_json(slow_learner):
    _, treatment = slow_learner
    assert treatment.improved
    text = str(treatment)
    assert text.startswith("Cured: the held-out accuracy rose from ")
    for part in ("as it was", "treated", "random search", "Budget used: "):
        assert part in text
    assert json.loads(json.dumps(treatment.to_dict()))["findings"] == ["learning_rate_too_low"]
    assert ">Cured" in treatment._repr_html_()[:60]


def test_a_cure_names_the_finding_that_it_is_of(slow_learner):
    _, treatment = slow_learner
    finding = treatment.diagnosis["learning_rate_too_low"]
    told = [line for line in str(treatment).splitlines() if line.startswith("- ")]
    assert len(told) == len(treatment.cures)
    for line, cure in zip(told, treatment.cures, strict=True):
        assert ("Found: learning rate too low." in line) == (cure in finding.cures)


def test_the_user_s_model_and_rows_stay_as_they_are(slow_learner):
    model, _ = slow_learner
    assert not hasattr(model, "coefs_")
    assert model.get_params()["learning_rate_init"] == 1e-5


@pytest.mark.parametrize("settings", [{"budget": 9}, {"seeds": 1}, {"seed": -1}, {"diagnosis": "healthy"}, {"max_rows": 3}])
def test_wrong_settings_are_refused(settings):
    with pytest.raises(InvalidSettingError, match=f"treat: {next(iter(settings))} must be"):
        treat(MLPClassifier(), MOONS, SIDES, **settings)


def trial_for(model: Any, score: str = "accuracy") -> Trial:
    return Trial(admit(model, owner="test"), MOONS, SIDES, np.arange(200), score, 0)


def rated(*rates: float) -> list[Therapy]:
    return [Therapy((Cure("", {"learning_rate": rate}, ""),)) for rate in rates]


def test_halving_trains_the_best_three_whole_and_the_best_two_once_more():
    trial = trial_for(MLPClassifier((8,), max_iter=20))
    contenders = halve(trial, rated(1e-6, 1e-2, 3e-3, 1e-7, 3e-2), 10)
    assert [len(contender.whole) for contender in contenders] == [2, 2, 1, 0, 0]
    assert {contender.therapy.changes["learning_rate"] for contender in contenders[:3]} == {1e-2, 3e-3, 3e-2}
    assert all(contender.short.share == 0.5 for contender in contenders)
    assert trial.meter.trainings == 10


def test_the_last_two_are_compared_on_all_sets_of_rows():
    trial = trial_for(MLPClassifier((8,), max_iter=20))
    best, second, *_ = halve(trial, rated(1e-2, 3e-3, 1e-7), 10)
    assert (len(best.whole), len(second.whole)) == (3, 3)
    assert best.standing >= second.standing
    assert trial.meter.trainings == 10


def test_halving_with_a_small_budget_trains_what_it_can():
    trial = trial_for(MLPClassifier((8,), max_iter=20))
    contenders = halve(trial, rated(1e-6, 1e-2, 3e-3), 4)
    assert [len(contender.whole) for contender in contenders] == [1, 0, 0]
    assert trial.meter.trainings == 4


def contender_for(trial: Trial, changes: dict[str, Any], name: str = "") -> Contender:
    therapy = Therapy((Cure(name, changes, ""),))
    return Contender(therapy, None, [trial.choose(therapy, split) for split in (1, 2)])


def test_combinations_keep_what_adds_on_all_sets_of_rows():
    trial = trial_for(MLPClassifier((8,), max_iter=5))
    best = contender_for(trial, {"epochs": 20}, "longer")
    given = {"useless": {"clip_norm": 1e6}, "faster": {"learning_rate": 0.02}, "same": {"epochs": 9}}
    cures = [Cure(name, changes, "") for name, changes in given.items()]
    found, tried = combine(trial, best, cures, 5)
    assert found.therapy.name == "longer + faster"
    assert [result.therapy.name for result in tried] == ["longer + useless", "longer + faster", "longer + faster"]


def test_a_combination_that_cannot_be_compared_on_all_sets_is_not_begun():
    trial = trial_for(MLPClassifier((8,), max_iter=5))
    best = contender_for(trial, {"epochs": 20})
    assert combine(trial, best, [Cure("faster", {"learning_rate": 0.02}, "")], 1) == (best, [])


def test_what_is_better_by_no_more_than_chance_is_not_clearly_above():
    trial = trial_for(MLPClassifier((8,), max_iter=20))
    slow, fast, alike = (contender_for(trial, {"learning_rate": rate}) for rate in (1e-6, 2e-2, 2.001e-2))
    assert fast.is_clearly_above(slow)
    assert not slow.is_clearly_above(fast)
    assert not fast.is_clearly_above(alike)
    assert not alike.is_clearly_above(fast)


def test_the_standard_recipe_keeps_the_loss_and_the_weights_that_the_diagnosis_asks_for():
    model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=2, random_state=0)
    trial = Trial(admit(model, owner="test"), PLANE, HEIGHTS, np.arange(150), "d2_absolute_error", 0)
    cures = Cure("Huber's loss", {"loss": "huber"}, ""), Cure("longer", {"epochs": 3}, "")
    _, tried = best_therapy(trial, diagnosis_for(model, PLANE, HEIGHTS, *cures), 14)
    recipes = [result.therapy for result in tried if "the standard recipe" in result.therapy.name]
    assert recipes
    assert all(recipe.changes["loss"] == "huber" and "scale_targets" not in recipe.changes for recipe in recipes)


@pytest.mark.parametrize("budget", range(4, 30))
def test_the_choice_keeps_to_its_budget(budget):
    model = MLPClassifier((4,), learning_rate_init=1e-4, max_iter=2, random_state=0)
    cures = [Cure("", {"learning_rate": rate}, "") for rate in (1e-3, 1e-2, 1e-1)]
    trial = trial_for(model)
    trial.choose = lambda therapy, split, share=1.0: chosen.append(share) or Result(therapy, np.ones(9), 0.0, share)  # type: ignore[method-assign]
    chosen: list[float] = []
    best_therapy(trial, diagnosis_for(model, MOONS, SIDES, *cures), budget)
    assert 4 <= len(chosen) <= budget
    assert chosen.count(1.0) >= 2


def test_a_trial_repeats_itself_and_judges_all_on_the_same_rows():
    model = MLPClassifier((8,), max_iter=5)
    first, again = (trial_for(model).choose(Therapy(), 0) for _ in range(2))
    assert np.array_equal(first.values, again.values)
    assert len(first.values) == 50


def test_a_training_that_fails_has_the_worst_score():
    patient = admit(MLPRegressor(hidden_layer_sizes=(8,), max_iter=5), owner="test")
    trial = Trial(patient, PLANE, 1e200 * HEIGHTS, np.arange(150), "r2", 0)
    result = trial.choose(Therapy((Cure("", {"learning_rate": 0.1}, ""),)), 0)
    assert result.score == -math.inf
    assert "non-finite" in result.problem


def test_wrong_settings_of_the_model_itself_are_raised():
    with pytest.raises(InvalidSettingError, match="max_iter must be"):
        trial_for(MLPClassifier(max_iter=0)).choose(Therapy(), 0)


def test_scores_of_rows_have_the_score_as_their_mean():
    from sklearn.metrics import balanced_accuracy_score, d2_absolute_error_score, log_loss, r2_score

    model = MLPClassifier((4,), max_iter=5, random_state=0).fit(MOONS, SIDES > 0.5)
    patient, y = admit(model, owner="test"), SIDES > 0.5
    assert judge(patient, model, MOONS, y, "accuracy").mean() == pytest.approx(model.score(MOONS, y))
    expected = balanced_accuracy_score(y, model.predict(MOONS))
    assert judge(patient, model, MOONS, y, "balanced_accuracy").mean() == pytest.approx(expected)
    expected = -log_loss(y, model.predict_proba(MOONS))
    assert judge(patient, model, MOONS, y, "log_likelihood").mean() == pytest.approx(expected, abs=1e-6)
    y = (HEIGHTS - 5000.0) / 1000.0
    numbers = MLPRegressor(hidden_layer_sizes=(8,), learning_rate_init=0.02, random_state=0).fit(PLANE, y)
    patient, predicted = admit(numbers, owner="test"), numbers.predict(PLANE)
    assert judge(patient, numbers, PLANE, y, "r2").mean() == pytest.approx(r2_score(y, predicted))
    expected = d2_absolute_error_score(y, predicted)
    assert judge(patient, numbers, PLANE, y, "d2_absolute_error").mean() == pytest.approx(expected)


@pytest.mark.parametrize("score", ["r2", "d2_absolute_error"])
def test_a_few_outliers_do_not_decide_about_numbers(score):
    y = (HEIGHTS - 5000.0) / 1000.0
    model = MLPRegressor(hidden_layer_sizes=(8,), learning_rate_init=0.02, random_state=0).fit(PLANE, y)
    patient, shifted = admit(model, owner="test"), y.copy()
    shifted[:6] = 1e6
    assert judge(patient, model, PLANE, shifted, score).mean() > 0.3


def test_a_class_that_was_never_seen_has_the_least_likelihood():
    model = MLPClassifier((4,), max_iter=2, random_state=0).fit(MOONS, SIDES)
    assert judge(admit(model, owner="test"), model, MOONS[:2], np.array([7, -1]), "log_likelihood").tolist() == [-10.0, -10.0]


@pytest.mark.parametrize(
    ("model", "findings", "is_behind", "score"),
    [
        (MLPClassifier(), ("stalled",), True, "accuracy"),
        (MLPClassifier(), ("stalled",), False, "log_likelihood"),
        (MLPClassifier(), ("overfitting", "stalled"), True, "log_likelihood"),
        (MLPClassifier(), ("stalled", "imbalance_ignored"), True, "balanced_accuracy"),
        (MLPClassifier(class_weight="balanced"), ("stalled",), True, "balanced_accuracy"),
        (MLPRegressor(), ("stalled",), True, "r2"),
        (MLPRegressor(), ("wrong_loss",), True, "d2_absolute_error"),
    ],
)
def test_the_score_is_the_one_that_suffers(model, findings, is_behind, score):
    assert score_for(admit(model, owner="test"), findings, is_behind=is_behind) == score


def test_a_diagnosis_repeats_itself_where_no_seed_was_given():
    first, again = (diagnose(MLPClassifier((4,), max_iter=3), MOONS, SIDES).case.outcome for _ in range(2))
    assert (first.train, first.held_out) == (again.train, again.held_out)


def test_every_word_but_the_loss_has_a_range():
    assert RANGES.keys() | {"loss"} == CHANGES.keys()


@pytest.mark.parametrize("number", range(20))
def test_what_is_drawn_at_random_can_be_trained(number):
    patient = admit(MLPRegressor(hidden_layer_sizes=(4,)), owner="test")
    cure = random_cure(patient.words, np.random.default_rng(number), num_hidden=1, num_rows=100)
    changed = patient.changed(dict(cure.changes) | {"epochs": 2}).seeded(0)
    from lamina.training import Callback

    model, failure = changed.train(PLANE[:100], HEIGHTS[:100], Callback())
    assert failure or len(model.predict(PLANE)) == 200


def test_the_standard_recipe_changes_only_what_differs():
    model = MLPClassifier((64,), optimizer="adam", max_iter=300, batch_size=32, clip_norm=1.0)
    patient = admit(model, owner="test")
    setup = patient.repeatable(0).stay(MOONS[:100], SIDES[:100]).setup
    first, second, third = standard_recipe(patient.words, setup)
    assert {"clip_norm", "scale_inputs", "activation"} <= first.changes.keys()
    assert not {"optimizer", "epochs", "batch_size", "learning_rate", "widths", "loss", "dropout"} & first.changes.keys()
    assert second.changes["learning_rate"] == third.changes["learning_rate"] == 0.005
    assert third.changes["l2"] == pytest.approx(0.03 * 32)  # an estimator divides it by the rows of a batch


def test_what_stays_below_a_constant_is_not_called_cured():
    case: Any = SimpleNamespace(outcome=SimpleNamespace(constant=-0.07))
    found = Diagnosis((Finding("stalled", "harm", 0.9, (), "A finding."),), case)
    settings: dict[str, Any] = {
        "model": None,
        "fit_settings": {},
        "improved": True,
        "cures": (),
        "diagnosis": found,
        "score": "r2",
    }
    better = Treatment(**settings, before=Scores((-0.9, -0.8)), after=Scores((-0.5, -0.4)))
    cured = Treatment(**settings, before=Scores((-0.9, -0.8)), after=Scores((0.5, 0.6)))
    assert better.verdict.startswith("Better, not cured: the held-out R² rose from -0.850")
    assert better.verdict.endswith("a constant has -0.070.")
    assert cured.verdict.startswith("Cured: ")
