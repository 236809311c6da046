"""What users see of a diagnosis: its text, its HTML, its data, in the words of what they gave."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from html import unescape
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lamina import Dense, MLPClassifier, MLPRegressor, Sequential, TabularClassifier, Trainer, diagnose
from lamina.doctor import Cure, Diagnosis, Evidence, Finding
from lamina.doctor.patients import admit
from lamina.initializers import Constant
from lamina.optimizers import Adam

X, Y = make_classification(300, 8, n_informative=6, random_state=0)


@pytest.fixture(scope="module")
def sick() -> Diagnosis:
    """Far too large inputs, and units that start flat."""
    return diagnose(MLPClassifier((16,), activation="sigmoid", solver="sgd", max_iter=10, random_state=0), X * 1000, Y)


def test_the_first_line_is_the_score_and_then_each_finding_has_a_part(sick: Diagnosis):
    first, *parts = str(sick).split("\n\n")
    assert first == sick.summary
    assert first.startswith("Held-out accuracy 0.")
    assert [part.splitlines()[0].split(":")[0] for part in parts] == [finding.title for finding in sick]


def test_lines_but_those_of_cures_have_100_characters_at_most(sick: Diagnosis):
    lines = [line for line in str(sick).splitlines() if not line.startswith("  - ")]
    assert max(map(len, lines)) <= 100


def test_the_data_survive_json(sick: Diagnosis):
    assert json.loads(json.dumps(sick.to_dict())) == sick.to_dict()
    assert [finding["name"] for finding in sick.to_dict()["findings"]] == [finding.name for finding in sick]


def test_html_has_a_part_a_finding(sick: Diagnosis):
    html = sick._repr_html_()
    assert html.count("<article") == len(sick)
    assert all(str(each) in unescape(html) for finding in sick for each in finding.evidence)
    assert '<p class="la-alarm">Held-out accuracy' in html
    assert "<script" not in html


def test_a_training_that_fails_is_told_without_scores_of_a_model(sick: Diagnosis):
    outcome = replace(sick.case.outcome, train=-math.inf, held_out=-math.inf)
    beside = sick.case.beside._replace(own=outcome)
    found = Diagnosis(sick.findings, replace(sick.case, beside=beside))
    assert found.summary.startswith("Training failed")
    assert found.to_dict()["scores"]["held_out"] is None
    json.dumps(found.to_dict(), allow_nan=False)


def test_what_a_cure_changes_is_told_in_the_words_of_the_estimator(sick: Diagnosis):
    rate = Cure("slower", {"learning_rate": 0.01}, "")
    assert rate.told(sick.spell) == "slower: learning_rate_init=0.01"
    assert Cure("scale", {"scale_inputs": True}, "").told(sick.spell) == "scale: a StandardScaler before it, in a Pipeline"


@pytest.mark.parametrize(
    ("model", "changes", "text"),
    [
        (MLPClassifier(), {"l2": 0.1, "epochs": 7}, "alpha=0.1, max_iter=7"),
        (MLPClassifier(weight_decay=0.2), {"l2": 0.1}, "alpha=0.1, weight_decay=0.0"),
        (make_pipeline(StandardScaler(), MLPClassifier()), {"widths": (8,)}, "hidden_layer_sizes=(8,)"),
        (TabularClassifier(), {"widths": (8,), "epochs": 7}, "hidden=(8,), max_epochs=7"),
        (Trainer(Sequential([Dense(2)], 8), "softmax_cross_entropy", Adam()), {"learning_rate": 0.5}, "learning_rate=0.5"),
        (
            Trainer(Sequential([Dense(2)], 8), "softmax_cross_entropy"),
            {"scale_inputs": True, "epochs": 7, "clip_norm": 1.0, "activation": "relu", "patience": 15},
            "a StandardScaler for the inputs, max_epochs=7, clipping=Clipping(norm=1.0), activation='relu'",
        ),
        (
            Trainer(Sequential([Dense(2)], 8), "softmax_cross_entropy"),
            {"early_stopping": True, "patience": 15},
            "an EarlyStopping among the callbacks, patience=15 of the EarlyStopping",
        ),
        (
            MLPClassifier(network=Sequential([Dense(8), Dense(2)], 8)),
            {"scale_inputs": True, "epochs": 7, "activation": "relu"},
            "a StandardScaler before it, in a Pipeline, max_iter=7, activation='relu'",
        ),
    ],
)
def test_changes_are_spelled_as_each_kind_of_model_takes_them(model: Any, changes: dict[str, Any], text: str):
    spelled = admit(model, owner="me").spelled(changes)
    assert sorted(spelled.split(", ")) == sorted(text.split(", "))


def test_evidence_names_a_threshold_only_where_the_number_has_passed_it():
    assert str(Evidence("pace", 0.0007, 0.0003, is_above=False)) == "pace: 0.0007"
    assert str(Evidence("pace", 0.0001, 0.0003, is_above=False)) == "pace: 0.0001 (below 0.0003)"
    assert str(Evidence("rate", 0.1, 0.1, is_above=False)) == "rate: 0.1 (at most 0.1)"
    assert str(Evidence("rows", 48842.0, 1e4)) == "rows: 48,842 (above 10,000)"


def test_numbers_of_numpy_are_plain_in_the_data():
    finding = Finding("stalled", "harm", 0.5, (Evidence("loss", np.float64(np.inf), np.float64(1.0)),), "Meaning.")
    assert json.loads(json.dumps(finding.to_dict(), allow_nan=False))["evidence"][0]["value"] == "inf"


@pytest.mark.parametrize(
    ("settings", "goes_on"), [({"max_iter": 2}, True), ({"max_iter": 40, "learning_rate_init": 1e-6}, False)]
)
def test_a_stalled_training_does_not_advise_against_the_epochs_that_another_finding_asks_for(
    settings: dict[str, Any], goes_on: bool
):
    found = diagnose(MLPClassifier((8,), random_state=0, **settings), X, Y)
    assert ("stopped_too_early" in found) == goes_on
    assert ("more epochs alone will hardly help" in found["stalled"].meaning) != goes_on


def test_a_gradient_that_grew_with_the_steps_is_not_said_to_grow_from_layer_to_layer():
    model = MLPRegressor(hidden_layer_sizes=(8,), solver="sgd", learning_rate_init=1e5, max_iter=10, random_state=0)
    found = diagnose(model, X, X[:, 0])["exploding_gradient"]
    assert [evidence.has_passed for evidence in found.evidence] == [False, True]
    assert found.meaning.startswith("The gradient grew many times over while training went on")


def test_steps_are_short_because_units_were_dead_before_the_first_one():
    model = MLPClassifier((16, 16), bias_init=Constant(-8.0), max_iter=20, random_state=0)
    found = diagnose(make_pipeline(StandardScaler(), model), X, Y)
    assert found.findings[0].name == "dead_units"
    assert "learning_rate_too_low" not in found or "dead_units" in found["learning_rate_too_low"].because_of


def test_few_first_weights_that_are_small_by_chance_are_not_to_blame():
    X = np.random.default_rng(0).uniform(-3, 3, size=(500, 1))
    y = np.sin(2 * X[:, 0]) + 0.3 * X[:, 0]
    settings = {"activation": "tanh", "learning_rate_init": 0.01, "max_iter": 300, "random_state": 0}
    assert "poor_initial_variance" not in diagnose(MLPRegressor(hidden_layer_sizes=(2,), **settings), X, y)
