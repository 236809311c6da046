"""Every score equals scikit-learn's of that name."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from lamina import metrics
from lamina.metrics import LABEL_METRICS, NUMBER_METRICS, OBJECTIVES, PROBABILITY_METRICS, report

RNG = np.random.default_rng(0)
THEIRS = {
    "accuracy": sklearn_metrics.accuracy_score,
    "balanced_accuracy": sklearn_metrics.balanced_accuracy_score,
    "f1": sklearn_metrics.f1_score,
    "auc": partial(sklearn_metrics.roc_auc_score, multi_class="ovr"),
    "log_loss": sklearn_metrics.log_loss,
    "r2": sklearn_metrics.r2_score,
    "mae": sklearn_metrics.mean_absolute_error,
    "rmse": lambda t, p: sklearn_metrics.root_mean_squared_error(t.ravel(), p.ravel()),  # of all numbers together
}
ALL = {**LABEL_METRICS, **PROBABILITY_METRICS, **NUMBER_METRICS}


def test_every_score_has_one_name_and_a_counterpart():
    assert len(ALL) == len(LABEL_METRICS) + len(PROBABILITY_METRICS) + len(NUMBER_METRICS)
    assert ALL.keys() == THEIRS.keys()
    assert set(OBJECTIVES) <= LABEL_METRICS.keys() | NUMBER_METRICS.keys()


@pytest.mark.parametrize("num_classes", [2, 4])
@pytest.mark.parametrize("name", LABEL_METRICS)
def test_a_score_of_labels_equals_scikit_learns(name: str, num_classes: int):
    truth, decided = RNG.integers(0, num_classes, (2, 60, 1))
    settings = {"average": "binary" if num_classes == 2 else "macro"} if name == "f1" else {}
    assert ALL[name](truth, decided) == pytest.approx(THEIRS[name](truth.ravel(), decided.ravel(), **settings))


@pytest.mark.parametrize("num_classes", [2, 4])
@pytest.mark.parametrize("name", PROBABILITY_METRICS)
def test_a_score_of_probabilities_equals_scikit_learns(name: str, num_classes: int):
    truth, raw = RNG.integers(0, num_classes, 60), RNG.random((60, num_classes)).round(1) + 0.1  # rounded: ties
    p = raw / raw.sum(axis=1, keepdims=True)
    assert ALL[name](truth, p) == pytest.approx(THEIRS[name](truth, p[:, 1] if num_classes == 2 and name == "auc" else p))


@pytest.mark.parametrize("shape", [(60,), (60, 1), (60, 3)])
@pytest.mark.parametrize("name", NUMBER_METRICS)
def test_a_score_of_numbers_equals_scikit_learns(name: str, shape: tuple[int, ...]):
    truth, predicted = RNG.normal(size=(2, *shape))
    assert ALL[name](truth, predicted) == pytest.approx(THEIRS[name](truth, predicted))


@pytest.mark.parametrize("value", [2.0, 0.1, -1e-300, 1e200])
@pytest.mark.parametrize(("error", "expected"), [(0.0, 1.0), (0.5, 0.0)])
def test_a_constant_target_scores_one_if_it_is_predicted_exactly_and_zero_otherwise(value: float, error: float, expected: float):
    truth = np.full(30, value)
    predicted = truth + error * abs(value)
    assert metrics.r2(truth, predicted) == expected
    assert report("regression", truth, predicted)["r2"] == expected
    assert metrics.r2(truth[:, np.newaxis], predicted[:, np.newaxis], np.ones(30)) == expected
