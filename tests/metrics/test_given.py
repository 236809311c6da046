"""Metrics reject arguments that would broadcast against each other, and say what to give."""

from __future__ import annotations

import numpy as np
import pytest

from lamina import Dense, Sequential
from lamina.errors import DataError, ShapeError
from lamina.losses import Quantile
from lamina.metrics import LABEL_METRICS, NUMBER_METRICS, PROBABILITY_METRICS, accuracy, r2
from lamina.training import Trainer

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 3))


@pytest.mark.parametrize("name", NUMBER_METRICS)
def test_one_column_is_the_same_with_and_without_a_second_axis(name: str):
    score = NUMBER_METRICS[name]
    truth, predicted = RNG.normal(size=(2, 60))
    expected = score(truth, predicted)
    assert score(truth, predicted[:, np.newaxis]) == score(truth[:, np.newaxis], predicted) == expected
    assert score(truth.tolist(), predicted.tolist()) == expected


@pytest.mark.parametrize("name", LABEL_METRICS)
def test_one_column_of_labels_is_the_same_with_and_without_a_second_axis(name: str):
    score = LABEL_METRICS[name]
    truth, decided = RNG.integers(0, 3, (2, 60))
    expected = score(truth, decided)
    assert score(truth, decided[:, np.newaxis]) == score(truth[:, np.newaxis], decided) == expected
    assert score(truth.tolist(), decided.astype(float).tolist()) == expected


@pytest.mark.parametrize("name", PROBABILITY_METRICS)
def test_class_indices_are_the_same_with_and_without_a_second_axis(name: str):
    score = PROBABILITY_METRICS[name]
    truth, p = RNG.integers(0, 3, 60), RNG.dirichlet([1, 1, 1], 60)
    assert score(truth[:, np.newaxis], p) == score(truth.tolist(), p.tolist()) == score(truth, p)


@pytest.mark.parametrize(("truth", "predicted"), [((60,), (59,)), ((60, 1), (60, 2)), ((60,), (1,)), ((2, 3, 4), (2, 3, 4))])
@pytest.mark.parametrize("name", [*NUMBER_METRICS, *LABEL_METRICS])
def test_other_shapes_are_rejected(name: str, truth: tuple[int, ...], predicted: tuple[int, ...]):
    score = {**NUMBER_METRICS, **LABEL_METRICS}[name]
    with pytest.raises(ShapeError, match="must have"):
        score(np.zeros(truth, int), np.zeros(predicted, int))


@pytest.mark.parametrize("name", [*NUMBER_METRICS, *LABEL_METRICS])
def test_no_rows_and_ragged_rows_are_rejected(name: str):
    score = {**NUMBER_METRICS, **LABEL_METRICS}[name]
    with pytest.raises(DataError, match="at least one row"):
        score([], [])
    with pytest.raises(DataError, match="equal length"):
        score([[1, 2], [1]], [1, 2])


@pytest.mark.parametrize("name", PROBABILITY_METRICS)
@pytest.mark.parametrize(
    ("truth", "p", "words"),
    [
        ([0, 1], [0.5, 0.5], "one column per class"),
        ([0, 1], [[0.5], [0.5]], "one column per class"),
        ([0], [[0.5, 0.5], [0.5, 0.5]], "must be 2 class indices"),
        ([0, 2], [[0.5, 0.5], [0.5, 0.5]], "from 0 to 1"),
        ([0, 0.5], [[0.5, 0.5], [0.5, 0.5]], "from 0 to 1"),
        (["a", "b"], [[0.5, 0.5], [0.5, 0.5]], "real numbers"),
    ],
)
def test_wrong_class_indices_and_probabilities_are_rejected(name: str, truth, p, words: str):
    with pytest.raises((DataError, ShapeError), match=words):
        PROBABILITY_METRICS[name](truth, p)


@pytest.mark.parametrize("score", [accuracy, r2])
@pytest.mark.parametrize(
    ("weight", "words"), [([0, 0], "above 0"), ([1, -1], ">= 0"), ([1, np.nan], "finite"), ([1], "one per row")]
)
def test_unusable_weights_are_rejected(score, weight: list[float], words: str):
    with pytest.raises((DataError, ShapeError), match=words):
        score([0, 1], [0, 1], weight)


def test_unsigned_numbers_do_not_wrap_around():
    assert NUMBER_METRICS["mae"](np.array([0], np.uint8), np.array([1], np.uint8)) == 1.0


def test_strings_are_not_compared_with_numbers():
    assert accuracy(["a", "b"], ["a", "a"]) == 0.5
    with pytest.raises(DataError, match="of the same kind"):
        accuracy(["0", "1"], [0, 1])


@pytest.mark.parametrize("name", NUMBER_METRICS)
def test_a_trainers_metric_compares_row_by_row(name: str):
    trainer = Trainer(Sequential([Dense(4, activation="tanh"), Dense(1)]), "squared_error", metrics={name: NUMBER_METRICS[name]})
    trainer.fit(X, X[:, 0], validation_data=(X, X[:, 0]), max_epochs=1)
    assert trainer.history[-1][f"validation_{name}"] == NUMBER_METRICS[name](X[:, 0], trainer.predict(X).ravel())


def test_an_accuracy_of_probabilities_says_how_to_get_labels():
    network, y = Sequential([Dense(1)]), (X[:, 0] > 0).astype(int)
    trainer = Trainer(network, "sigmoid_cross_entropy", metrics={"accuracy": accuracy})
    with pytest.raises(DataError, match=r"accuracy: the predicted labels must be whole numbers, got 0\..*predictions > 0.5"):
        trainer.fit(X, y, validation_data=(X, y), max_epochs=1)
    trainer.metrics["accuracy"] = lambda truth, p: accuracy(truth, p > 0.5)
    assert trainer.evaluate(X, y)["accuracy"] == ((trainer.predict(X).ravel() > 0.5) == y).mean()


def test_several_quantiles_of_a_target_are_each_scored_with_it():
    loss = Quantile((0.1, 0.9))
    truth, predicted = RNG.normal(size=(20, 2)), RNG.normal(size=(20, 4))
    expected = np.mean([r2(truth[:, j // 2], predicted[:, j]) for j in range(4)])
    assert r2(loss.truth_of(truth), predicted) == pytest.approx(expected)


def test_a_missing_label_is_no_probability() -> None:
    with pytest.raises(DataError, match=r"the truth must be whole numbers, got nan\. Leave out rows without a label"):
        accuracy([1.0, np.nan], [1.0, 1.0])
