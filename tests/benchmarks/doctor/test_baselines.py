"""The published rules: each finds what it was made for, and is silent or not on a training that works, as published."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.doctor.baselines import AUTOTRAINER, DEEPDIAGNOSIS, SAGEMAKER, UMLAUT
from benchmarks.doctor.baselines.autotrainer import problems
from benchmarks.doctor.baselines.watched import watch
from benchmarks.doctor.case import Case
from benchmarks.doctor.recipe import Recipe
from benchmarks.doctor.words import CURES, FINDINGS

HEALTHY = Recipe(data="moons", network="shallow-24")
DEAD = HEALTHY.with_changes(bias_init=("constant", -20.0))
DEEP_SIGMOID = HEALTHY.with_changes(network="deep-5x24", activation="sigmoid", weight_init=("normal", 0.01))
DIVERGING = Recipe(data="plane", network="deep-5x24", optimizer="gradient_descent", learning_rate=20.0)


@pytest.mark.parametrize("form", ["estimator", "pipeline", "trainer"])
def test_a_training_is_watched_in_every_form(form: str) -> None:
    seen = watch(Case.of(HEALTHY.with_changes(form=form, epochs=20), 0))
    assert len(seen.loss) == len(seen.validation_loss) == len(seen.score) == len(seen.validation_score)
    assert np.isfinite(seen.validation_loss).all()
    assert seen.validation_score[-1] > 0.8
    assert seen.activations == ("relu",)
    assert seen.num_hidden == 1


@pytest.mark.parametrize(
    ("doctor", "recipe", "finding"),
    [
        (SAGEMAKER, DEAD, "dead_units"),
        (SAGEMAKER, DIVERGING, "divergence"),
        (AUTOTRAINER, DEAD, "dead_units"),
        (AUTOTRAINER, DEEP_SIGMOID, "vanishing_gradient"),
        (AUTOTRAINER, DIVERGING, "exploding_gradient"),
        (DEEPDIAGNOSIS, DEAD, "dead_units"),
        (DEEPDIAGNOSIS, DIVERGING, "divergence"),
        (UMLAUT, HEALTHY.with_changes(learning_rate=0.1), "learning_rate_too_high"),
        (UMLAUT, HEALTHY.with_changes(activation="identity"), "linear_network"),
    ],
)
def test_a_rule_finds_what_it_was_made_for(doctor: object, recipe: Recipe, finding: str) -> None:
    opinion = doctor.diagnose(Case.of(recipe, 0))  # type: ignore[attr-defined]
    assert finding in opinion.findings
    assert set(opinion.findings) <= set(FINDINGS)
    assert {setting for cure in opinion.cures for setting in cure} <= set(CURES)


def test_autotrainer_is_silent_where_the_accuracy_is_high_and_steady() -> None:
    assert problems(watch(Case.of(HEALTHY, 0))) == []
