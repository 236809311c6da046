"""Every score equals scikit-learn's of that name."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from lamina import metrics
from lamina.errors import InvalidSettingError, ShapeError
from lamina.metrics import LABEL_METRICS, NUMBER_METRICS, OBJECTIVES, PROBABILITY_METRICS, report

RNG = np.random.default_rng(0)
THEIRS = {
    "accuracy": sklearn_metrics.accuracy_score,
    "balanced_accuracy": sklearn_metrics.balanced_accuracy_score,
    "precision": partial(sklearn_metrics.precision_score, zero_division=0),
    "recall": partial(sklearn_metrics.recall_score, zero_division=0),
    "f1": partial(sklearn_metrics.f1_score, zero_division=0),
    "auc": partial(sklearn_metrics.roc_auc_score, multi_class="ovr"),
    "average_precision": sklearn_metrics.average_precision_score,
    "log_loss": sklearn_metrics.log_loss,
    "brier": sklearn_metrics.brier_score_loss,
    "r2": sklearn_metrics.r2_score,
    "mae": sklearn_metrics.mean_absolute_error,
    "rmse": lambda t, p, sample_weight=None: np.sqrt(sklearn_metrics.mean_squared_error(t, p, sample_weight=sample_weight)),
    "pinball": sklearn_metrics.mean_pinball_loss,
}
ALL = {**LABEL_METRICS, **PROBABILITY_METRICS, **NUMBER_METRICS}
AVERAGED = ("precision", "recall", "f1")
OF_CLASS_ONE = ("auc", "average_precision", "brier")  # with two classes


def weight_for(rows: int, weighted: bool) -> np.ndarray | None:
    """Weights of which some are 0."""
    return RNG.integers(0, 4, rows) * RNG.random(rows) if weighted else None


def rounded_probabilities(rows: int, num_classes: int) -> np.ndarray:
    raw = RNG.random((rows, num_classes)).round(1) + 0.1  # rounded: ties
    return raw / raw.sum(axis=1, keepdims=True)


def test_every_score_has_one_name_and_a_counterpart():
    assert len(ALL) == len(LABEL_METRICS) + len(PROBABILITY_METRICS) + len(NUMBER_METRICS)
    assert ALL.keys() == THEIRS.keys()
    assert set(OBJECTIVES) <= LABEL_METRICS.keys() | NUMBER_METRICS.keys()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("num_classes", [2, 4])
@pytest.mark.parametrize("name", LABEL_METRICS)
def test_a_score_of_labels_equals_scikit_learns(name: str, num_classes: int, weighted: bool):
    settings = {"average": "binary" if num_classes == 2 else "macro"} if name in AVERAGED else {}
    for rows in (60, 7, 200):
        truth, decided = RNG.integers(0, num_classes, (2, rows, 1))
        truth[:num_classes, 0], weight = np.arange(num_classes), weight_for(rows, weighted)
        if weight is not None and name == "balanced_accuracy":
            weight[:num_classes] = 1.0  # theirs warns of a class of no weight
        theirs = THEIRS[name](truth.ravel(), decided.ravel(), sample_weight=weight, **settings)
        assert ALL[name](truth, decided, weight) == pytest.approx(theirs)


@pytest.mark.parametrize("name", AVERAGED)
@pytest.mark.parametrize(("truth", "decided"), [([0, 2, 2, 0], [0, 1, 2, 0]), ([3, 3, 3], [1, 1, 3]), ([5], [4])])
def test_classes_that_occur_on_one_side_only_count_as_in_scikit_learn(name: str, truth: list[int], decided: list[int]):
    assert ALL[name](truth, decided) == pytest.approx(THEIRS[name](truth, decided, average="macro"))
    texts = [[f"class {label}" for label in labels] for labels in (truth, decided)]
    assert ALL[name](*texts) == ALL[name](truth, decided)


@pytest.mark.parametrize("name", AVERAGED)
def test_a_row_with_several_labels_is_scored_as_in_scikit_learn(name: str):
    truth, decided = RNG.integers(0, 2, (2, 50, 3))
    assert ALL[name](truth, decided) == pytest.approx(THEIRS[name](truth, decided, average="macro"))


@pytest.mark.parametrize("name", AVERAGED)
def test_of_three_classes_the_mean_is_taken_also_where_only_two_occur(name: str):
    truth, decided = [0, 0, 1, 1, 1], [0, 1, 1, 1, 0]
    assert ALL[name](truth, decided) == ALL[name](truth, decided, num_classes=2)
    assert ALL[name](truth, decided, num_classes=3) == pytest.approx(THEIRS[name](truth, decided, average="macro"))
    assert ALL[name]([0, 0], [0, 0], num_classes=2) == 0.0


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("num_classes", [2, 4])
@pytest.mark.parametrize("name", PROBABILITY_METRICS)
def test_a_score_of_probabilities_equals_scikit_learns(name: str, num_classes: int, weighted: bool):
    for rows in (60, 11, 300):
        truth, p, weight = (
            RNG.integers(0, num_classes, rows),
            rounded_probabilities(rows, num_classes),
            weight_for(rows, weighted),
        )
        truth[: 2 * num_classes] = np.tile(np.arange(num_classes), 2)
        if weight is not None:
            weight[:num_classes] = 1.0
        given = p[:, 1] if num_classes == 2 and name in OF_CLASS_ONE else p
        assert ALL[name](truth, p, weight) == pytest.approx(THEIRS[name](truth, given, sample_weight=weight))


def test_classes_that_the_truth_lacks_are_left_out_of_the_average_precision():
    truth, p = np.array([0, 2, 0, 2, 2]), rounded_probabilities(5, 4)
    of_present = [sklearn_metrics.average_precision_score(truth == label, p[:, label]) for label in (0, 2)]
    assert metrics.average_precision(truth, p) == pytest.approx(np.mean(of_present))
    assert np.isnan(metrics.average_precision([0, 0], [[0.5, 0.5], [0.1, 0.9]]))
    assert metrics.average_precision([1, 1], [[0.5, 0.5], [0.1, 0.9]]) == 1.0


@pytest.mark.parametrize("name", ["auc", "average_precision"])
def test_a_probability_that_is_not_a_number_gives_no_area(name: str):
    assert np.isnan(ALL[name]([0, 1], [[0.5, 0.5], [np.nan, 0.5]]))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", [(60,), (60, 1), (60, 3)])
@pytest.mark.parametrize("name", NUMBER_METRICS)
def test_a_score_of_numbers_equals_scikit_learns(name: str, shape: tuple[int, ...], weighted: bool):
    (truth, predicted), weight = RNG.normal(size=(2, *shape)), weight_for(60, weighted)
    assert ALL[name](truth, predicted, sample_weight=weight) == pytest.approx(
        THEIRS[name](truth, predicted, sample_weight=weight)
    )


@pytest.mark.parametrize("level", [0, 0.05, 0.5, 0.9, 1])
def test_the_pinball_loss_of_a_level_equals_scikit_learns(level: float):
    (truth, predicted), weight = RNG.normal(size=(2, 40, 2)), weight_for(40, weighted=True)
    expected = sklearn_metrics.mean_pinball_loss(truth, predicted, alpha=level, sample_weight=weight)
    assert metrics.pinball(truth, predicted, level, weight) == pytest.approx(expected)
    assert metrics.pinball(truth, predicted, [level], weight) == pytest.approx(expected)
    with pytest.raises(InvalidSettingError, match="level must be a number in"):
        metrics.pinball(truth, predicted, 1.1 + level)


def test_the_pinball_loss_of_several_levels_is_the_mean_of_theirs_over_each_target():
    rng = np.random.default_rng(0)
    truth, predicted, levels = rng.normal(size=(20, 2)), rng.normal(size=(20, 6)), (0.1, 0.5, 0.9)
    of_each = [metrics.pinball(truth[:, i], predicted[:, 3 * i + j], level) for i in range(2) for j, level in enumerate(levels)]
    assert metrics.pinball(truth, predicted, levels) == pytest.approx(np.mean(of_each))
    assert metrics.pinball(truth[:, 0], predicted[:, :3], levels) == pytest.approx(np.mean(of_each[:3]))
    with pytest.raises(ShapeError, match="the predictions must have"):
        metrics.pinball(truth, predicted[:, :5], levels)


@pytest.mark.parametrize("value", [2.0, 0.1, -1e-300, 1e200])
@pytest.mark.parametrize(("error", "expected"), [(0.0, 1.0), (0.5, 0.0)])
def test_a_constant_target_scores_one_if_it_is_predicted_exactly_and_zero_otherwise(value: float, error: float, expected: float):
    truth = np.full(30, value)
    predicted = truth + error * abs(value)
    assert metrics.r2(truth, predicted) == expected
    assert report("regression", truth, predicted)["r2"] == expected
    assert metrics.r2(truth[:, np.newaxis], predicted[:, np.newaxis], np.ones(30)) == expected
