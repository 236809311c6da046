"""Findings that rest on what a training showed: the sick network that each must name, and its healthy twin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from sklearn.datasets import load_wine
from tests.doctor.findings.trained_case import perfect, trained_case, with_control

from lamina import MLPClassifier, MLPRegressor
from lamina.doctor import diagnose
from lamina.doctor.case import Case
from lamina.doctor.findings.registry import FINDINGS
from lamina.doctor.patients import admit
from lamina.initializers import Constant, Normal

Rows = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def labels() -> Rows:
    """Three classes by the distance from the middle, 240 rows."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(240, 2))
    return X, np.searchsorted([0.9, 1.5], np.linalg.norm(X, axis=1))


@pytest.fixture(scope="module")
def numbers() -> Rows:
    """A curved function of three inputs, 240 rows."""
    X = np.random.default_rng(1).normal(size=(240, 3))
    y = np.sin(2 * X[:, 0]) + X[:, 1]
    return X, (y - y.mean()) / y.std()


@pytest.fixture(scope="module")
def noise() -> Rows:
    """Numbers that follow one input of twenty, half of them noise; 240 rows."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(240, 20))
    return X, (X[:, 0] + rng.normal(size=240)) / np.sqrt(2)


def classifier(**settings: Any) -> MLPClassifier:
    usual = {"hidden_layer_sizes": (24,), "learning_rate_init": 0.01, "batch_size": 16, "max_iter": 30, "random_state": 0}
    return MLPClassifier(**usual | settings)


def regressor(**settings: Any) -> MLPRegressor:
    usual = {"hidden_layer_sizes": (24,), "learning_rate_init": 0.01, "batch_size": 16, "max_iter": 30, "random_state": 0}
    return MLPRegressor(**usual | settings)


DEEP = (16,) * 6
DEEP_SIGMOID = {"hidden_layer_sizes": DEEP, "activation": "sigmoid", "optimizer": "momentum", "learning_rate_init": 0.1}
SGD = {"optimizer": "gradient_descent", "learning_rate_init": 0.1}

# the finding; who learns which rows; what makes the network sick; what its healthy twin has in place of that
PAIRS: list[tuple[str, Callable[..., Any], str, dict[str, Any], dict[str, Any]]] = [
    ("divergence", regressor, "numbers", SGD | {"learning_rate_init": 5.0}, SGD),
    ("learning_rate_too_high", classifier, "labels", {"learning_rate_init": 1.0}, {}),
    ("learning_rate_too_high", regressor, "numbers", SGD | {"learning_rate_init": 5.0}, SGD),
    ("learning_rate_too_low", classifier, "labels", {"learning_rate_init": 1e-5}, {}),
    ("learning_rate_too_low", classifier, "labels", SGD | {"learning_rate_init": 1e-4}, SGD),
    ("oscillating_loss", regressor, "numbers", {"activation": "tanh", "learning_rate_init": 2.0}, {"activation": "tanh"}),
    ("vanishing_gradient", classifier, "labels", DEEP_SIGMOID, DEEP_SIGMOID | {"activation": "tanh", "learning_rate_init": 0.02}),
    (
        "exploding_gradient",
        regressor,
        "numbers",
        {"hidden_layer_sizes": DEEP, "weight_init": Normal(2.0)},
        {"hidden_layer_sizes": DEEP, "weight_init": "he"},
    ),
    ("saturated_units", classifier, "labels", {"activation": "tanh", "weight_init": Normal(100.0)}, {"activation": "tanh"}),
    ("dead_units", classifier, "labels", {"bias_init": Constant(-4.0)}, {}),
    ("clipped_all_the_time", classifier, "labels", SGD | {"clip_norm": 1e-3}, SGD | {"clip_norm": 1.0}),
    ("dropout_too_high", classifier, "labels", {"dropout": 0.9}, {"dropout": 0.1}),
    ("over_regularized", classifier, "labels", {"alpha": 30.0}, {"alpha": 0.01}),
    ("over_regularized", classifier, "labels", {"alpha": 3.0, "max_iter": 60}, {"alpha": 0.01}),
    ("over_regularized", classifier, "labels", {"optimizer": "adamw", "weight_decay": 30.0}, {"optimizer": "adamw"}),
    ("over_regularized", classifier, "labels", {"max_norm": 0.1}, {"max_norm": 5.0}),
    ("over_regularized", classifier, "labels", {"max_norm": 0.02, "hidden_layer_sizes": (24, 24)}, {"max_norm": 5.0}),
    ("over_regularized", classifier, "labels", {"alpha": 10.0, "l1_ratio": 1.0}, {"alpha": 0.001, "l1_ratio": 1.0}),
    ("over_regularized", regressor, "numbers", {"alpha": 5.0, "l1_ratio": 1.0}, {"alpha": 0.001, "l1_ratio": 1.0}),
    ("batch_too_large", classifier, "labels", {"batch_size": 180, "max_iter": 40, "learning_rate_init": 0.002}, {}),
    ("stopped_too_early", classifier, "labels", {"max_iter": 3, "learning_rate_init": 0.002}, {}),
    ("stalled", classifier, "labels", DEEP_SIGMOID, {}),
    ("underfitting", classifier, "labels", {"hidden_layer_sizes": (1,)}, {}),
    ("overfitting", regressor, "noise", {"max_iter": 80, "n_iter_no_change": 80}, {"hidden_layer_sizes": ()}),
    ("stopped_too_late", regressor, "noise", {"max_iter": 80, "n_iter_no_change": 80}, {"hidden_layer_sizes": ()}),
]


class Pair(NamedTuple):
    name: str
    model: Any
    sick: Case
    twin: Case


@pytest.fixture(scope="module", params=PAIRS, ids=lambda pair: f"{pair[0]}-{'-'.join(pair[3])}")
def pair(request: pytest.FixtureRequest) -> Pair:
    """A finding's name, the sick network, its case, beside the twin as its control, and the case of the twin."""
    name, model, rows, sick, healthy = request.param
    X, y = request.getfixturevalue(rows)
    twin = trained_case(model(**healthy), X, y)
    return Pair(name, model(**sick), trained_case(model(**sick), X, y, twin.outcome), twin)


def test_the_sick_network_is_named(pair: Pair) -> None:
    name, sick = pair.name, pair.sick
    found = FINDINGS[name](sick)
    assert found is not None
    assert found.name == name
    assert found.severity != "hint"
    assert found.cures
    assert found.evidence
    assert any(each.threshold is not None for each in found.evidence) or sick.run.failure is not None


def test_its_cures_can_be_applied(pair: Pair) -> None:
    found = FINDINGS[pair.name](pair.sick)
    assert found is not None
    for cure in found.cures:
        changed = admit(pair.model, owner="test").changed(cure.changes).model()
        assert type(changed) is type(pair.model) or "scale_inputs" in cure.changes


def test_the_healthy_twin_is_not(pair: Pair) -> None:
    name, twin = pair.name, pair.twin
    assert FINDINGS[name](with_control(twin, twin.outcome)) is None


def test_symptoms_alone_are_no_finding(pair: Pair) -> None:
    """What is as good as the control is not called sick, unless it harms for certain."""
    name, sick = pair.name, pair.sick
    found = FINDINGS[name](with_control(sick, sick.outcome))
    assert found is None or sick.run.failure is not None


def test_a_healthy_twin_is_not_named_beside_a_better_control(pair: Pair) -> None:
    """A control that is better for another reason does not make symptoms."""
    name, twin = pair.name, pair.twin
    if name in ("overfitting", "stopped_too_late", "stopped_too_early"):
        pytest.skip("being behind is a part of what this finding says")
    assert FINDINGS[name](with_control(twin, perfect(twin))) is None


def test_a_network_as_unsure_of_its_own_rows_as_of_others_does_not_overfit() -> None:
    X, y = load_wine(return_X_y=True)
    diagnosis = diagnose(MLPClassifier((32,), max_iter=60, random_state=0), (X - X.mean(axis=0)) / X.std(axis=0), y)
    assert "overfitting" not in [finding.name for finding in diagnosis.findings]
