"""Metrics agree with scikit-learn's, also where a class is absent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics as sklearn_metrics

from lamina.metrics import Evaluation, area_under_curve, constant_prediction, report
from lamina.model import StoppingSettings, TableSettings, fit_table


def probabilities(n: int, num_classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    raw = rng.random((n, num_classes)).round(1) + 0.1  # rounded: ties
    return rng.integers(num_classes, size=n), raw / raw.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("num_classes", [2, 3, 7])
def test_classification_metrics_agree_with_scikit_learn(num_classes: int) -> None:
    y, p = probabilities(200, num_classes)
    found = report("classification", y, p)
    auc = sklearn_metrics.roc_auc_score(y, p[:, 1] if num_classes == 2 else p, multi_class="ovr")
    assert found["auc"] == pytest.approx(auc)
    assert found["accuracy"] == pytest.approx(sklearn_metrics.accuracy_score(y, p.argmax(1)))
    assert found["balanced_accuracy"] == pytest.approx(sklearn_metrics.balanced_accuracy_score(y, p.argmax(1)))
    assert found["log_loss"] == pytest.approx(sklearn_metrics.log_loss(y, p))
    average = "binary" if num_classes == 2 else "macro"
    assert found["precision"] == pytest.approx(sklearn_metrics.precision_score(y, p.argmax(1), average=average))
    assert found["recall"] == pytest.approx(sklearn_metrics.recall_score(y, p.argmax(1), average=average))
    assert found["f1"] == pytest.approx(sklearn_metrics.f1_score(y, p.argmax(1), average=average))
    given = p[:, 1] if num_classes == 2 else p
    assert found["average_precision"] == pytest.approx(sklearn_metrics.average_precision_score(y, given))
    assert found["brier"] == pytest.approx(sklearn_metrics.brier_score_loss(y, given))
    assert list(found) == [
        "accuracy", "balanced_accuracy", "precision", "recall", "f1", "auc", "average_precision", "log_loss", "brier",
    ]  # fmt: skip
    assert report("classification", y, p.argmax(1), num_classes) == {name: found[name] for name in list(found)[:5]}


def test_a_report_of_three_classes_takes_means_also_where_only_two_occur() -> None:
    y, p = np.array([0, 1, 1, 0]), np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.8, 0.1, 0.1], [0.8, 0.1, 0.1]])
    found = report("classification", y, p)
    assert found["recall"] == found["balanced_accuracy"] == 0.75
    assert report("classification", y, p.argmax(1), 3)["recall"] == 0.75
    assert report("classification", y, p.argmax(1))["recall"] == 0.5


def test_regression_metrics_agree_with_scikit_learn() -> None:
    y, guess = np.random.default_rng(0).normal(size=(2, 50))
    assert report("regression", y, guess) == {
        "r2": pytest.approx(sklearn_metrics.r2_score(y, guess)),
        "mae": pytest.approx(sklearn_metrics.mean_absolute_error(y, guess)),
        "rmse": pytest.approx(sklearn_metrics.root_mean_squared_error(y, guess)),
    }


@pytest.mark.parametrize("size", [2.0**-1000, 2.0**-300, 2.0**600])
def test_regression_metrics_do_not_depend_on_the_unit(size: float) -> None:
    y, guess = np.random.default_rng(0).normal(size=(2, 50))
    plain, scaled = report("regression", y, guess), report("regression", size * y, size * guess)
    assert scaled == {"r2": plain["r2"], "mae": size * plain["mae"], "rmse": size * plain["rmse"]}


def test_a_table_s_constant_target_scores_as_in_scikit_learn() -> None:
    x = np.linspace(0.0, 1.0, 60)
    settings = TableSettings(stopping=StoppingSettings(max_epochs=1))
    result = fit_table(pa.table({"x": x, "y": np.full(60, 0.1)}), "y", task="regression", settings=settings)
    assert result.metrics["baseline"]["r2"] == 1.0
    assert result.metrics["model"]["r2"] in (0.0, 1.0)
    assert {record["validation_r2"] for record in result.model.estimator.history_} <= {0.0, 1.0}


def test_classes_that_are_absent_are_left_out_of_the_area() -> None:
    y, p = probabilities(100, 3)
    present = y < 2
    y, p = y[present], p[present]
    expected = [sklearn_metrics.roc_auc_score(y == label, p[:, label]) for label in (0, 1)]
    assert area_under_curve(y, p) == pytest.approx(np.mean(expected))
    assert np.isnan(area_under_curve(np.zeros(5, dtype=int), p[:5]))


def test_probabilities_of_zero_have_a_finite_log_loss() -> None:
    assert np.isfinite(report("classification", np.array([0, 1]), np.array([[0.0, 1.0], [1.0, 0.0]]))["log_loss"])


def test_the_best_constant_guess_is_the_shares_or_the_mean() -> None:
    assert constant_prediction("classification", np.array([0, 0, 1, 0]), 3).tolist() == [0.75, 0.25, 0.0]
    assert constant_prediction("regression", np.array([1.0, 2.0]), 0) == 1.5


@pytest.mark.parametrize("size", [2.0**-1000, 2.0**-600, 2.0**300])
def test_a_target_in_another_unit_gives_the_same_model(size: float) -> None:
    x = np.linspace(0.0, 1.0, 60)
    settings = TableSettings(stopping=StoppingSettings(max_epochs=3))
    plain, scaled = (fit_table(pa.table({"x": x, "y": unit * (3.0 * x + 1.0)}), "y", settings=settings) for unit in (1.0, size))
    assert np.array_equal(scaled.model.predict(pa.table({"x": x})), size * plain.model.predict(pa.table({"x": x})))
    assert scaled.metrics["model"]["r2"] == plain.metrics["model"]["r2"]


@pytest.mark.parametrize(
    ("task", "truth", "predicted", "sentence"),
    [
        ("regression", [1.0, 2.0, 3.0], [3.0, 2.0, 1.0], "worse than the constant guess (RMSE"),
        ("regression", [1.0, 2.0, 3.0], [1.0, 2.0, 2.5], ""),
        ("classification", [0, 0, 1], [[0.1, 0.9], [0.1, 0.9], [0.9, 0.1]], "worse than the constant guess (log loss"),
        ("classification", [0, 0, 1], [[0.8, 0.2], [0.8, 0.2], [0.6, 0.4]], "predicts the most frequent class alone"),
        ("classification", [0, 0, 1], [[0.8, 0.2], [0.8, 0.2], [0.2, 0.8]], ""),
        ("classification", [0, 0, 1], [0, 0, 0], "predicts the most frequent class alone"),
    ],
)
def test_a_model_of_no_use_is_called_so(task: str, truth: list[Any], predicted: list[Any], sentence: str) -> None:
    y = np.array(truth)
    constant = constant_prediction(task, y, 2)
    guess = np.broadcast_to(constant, (len(y), *constant.shape))
    baseline = report(task, y, guess, 2 if task == "classification" else None)
    found = Evaluation(model=report(task, y, np.array(predicted)), baseline=baseline).shortcoming
    assert sentence in found
    assert bool(sentence) == bool(found)
