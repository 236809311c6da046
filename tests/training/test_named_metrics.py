"""Metrics by name, by the name of an output, and as functions."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn import metrics

from lamina.errors import DataError, InvalidSettingError
from lamina.layers import Dense
from lamina.losses import Quantile, SoftmaxCrossEntropy
from lamina.metrics import ALIASES, LABEL_METRICS, NUMBER_METRICS, PROBABILITY_METRICS
from lamina.network import Graph, Input, Sequential
from lamina.training import Blocks, Trainer
from lamina.training.named_metrics import NamedMetric

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 5))
CLASSES = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
NUMBERS = X[:, :2] @ [[1.0, 2.0], [0.5, -1.0]]
OF_LABELS = {
    "accuracy": metrics.accuracy_score,
    "balanced_accuracy": metrics.balanced_accuracy_score,
    "f1": lambda y, p: metrics.f1_score(y, p, average="macro"),
}


def two_outputs():
    x = Input(5, name="x")
    h = Dense(6, activation="tanh")(x)
    return Graph(x, [Dense(3, name="kind")(h), Dense(2, name="size")(h)])


def fitted(network, loss, y, **settings):
    trainer = Trainer(network, loss, dtype="float64", **settings)
    trainer.fit(X, y, validation_data=(X, y), max_epochs=2)
    return trainer


def test_names_are_measured_as_scikit_learn_does():
    trainer = fitted(Sequential([Dense(3)]), "softmax_cross_entropy", CLASSES, metrics=[*OF_LABELS, "log_loss"])
    probabilities = trainer.predict(X)
    for name, theirs in OF_LABELS.items():
        assert trainer.history[-1, f"validation_{name}"] == pytest.approx(theirs(CLASSES, probabilities.argmax(axis=1)))
    assert trainer.history[-1, "validation_log_loss"] == pytest.approx(metrics.log_loss(CLASSES, probabilities))


@pytest.mark.parametrize(("loss", "codes"), [("sigmoid_cross_entropy", (0, 1)), ("hinge", (-1, 1)), ("squared_error", (0, 1))])
def test_one_column_says_yes_or_no_as_the_loss_means_it(loss, codes):
    y = np.array(codes)[(X[:, 0] > 0).astype(int)]
    trainer = fitted(Sequential([Dense(1)]), loss, y, metrics="accuracy")
    threshold = 0.5 if 0 in codes else 0.0
    said = np.array(codes)[(trainer.predict(X)[:, 0] > threshold).astype(int)]
    assert trainer.history[-1, "validation_accuracy"] == pytest.approx(np.mean(said == y))


def test_a_column_of_probabilities_has_an_auc():
    y = (X[:, 0] > 0).astype(int)
    trainer = fitted(Sequential([Dense(1)]), "log_loss", y, metrics=["auc", "brier"])
    assert trainer.evaluate(X, y)["auc"] == pytest.approx(metrics.roc_auc_score(y, trainer.predict(X)[:, 0]))


def test_a_name_is_measured_of_each_output_and_a_function_of_all():
    def rows(targets, predictions):
        return len(targets[1]) + predictions[0].shape[1]

    chosen = {"kind": ["accuracy", "log_loss"], "size": {"error": "rmse", "largest": lambda y, p: np.max(p)}, "rows": rows}
    trainer = fitted(two_outputs(), ["softmax_cross_entropy", "squared_error"], [CLASSES, NUMBERS], metrics=chosen)
    record, (kind, size) = trainer.history[-1], trainer.predict(X)
    assert record["validation_kind_accuracy"] == pytest.approx(np.mean(kind.argmax(axis=1) == CLASSES))
    assert record["validation_size_error"] == pytest.approx(np.sqrt(np.mean((size - NUMBERS) ** 2)))
    assert record["validation_size_largest"] == size.max()
    assert record["validation_rows"] == 83
    both = fitted(
        two_outputs(), ["squared_error", "squared_error"], {"kind": NUMBERS @ np.ones((2, 3)), "size": NUMBERS}, metrics="mae"
    )
    assert {"validation_kind_mae", "validation_size_mae"} <= set(both.history.keys)


def test_the_pinball_loss_of_quantiles_is_that_of_their_levels():
    loss = Quantile(levels=(0.1, 0.9))
    trainer = fitted(Sequential([Dense(4)]), loss, NUMBERS, metrics="pinball")
    errors = np.repeat(NUMBERS, 2, axis=1) - trainer.predict(X)
    levels = np.array([0.1, 0.9, 0.1, 0.9])
    assert trainer.evaluate(X, NUMBERS)["pinball"] == pytest.approx(np.maximum(levels * errors, (levels - 1) * errors).mean())


def test_the_recall_of_three_classes_is_their_mean_although_rows_lack_one():
    trainer = fitted(Sequential([Dense(3)]), "softmax_cross_entropy", CLASSES, metrics="recall")
    few = CLASSES < 2
    said = trainer.predict(X[few]).argmax(axis=1)
    expected = metrics.recall_score(CLASSES[few], said, average="macro", zero_division=0)
    assert trainer.evaluate(X[few], CLASSES[few])["recall"] == pytest.approx(expected)


def test_blocks_and_sparse_targets_give_what_arrays_give():
    trainer = fitted(Sequential([Dense(3)]), SoftmaxCrossEntropy(probabilities=True), np.eye(3)[CLASSES], metrics="accuracy")
    expected = trainer.evaluate(X, np.eye(3)[CLASSES])
    assert trainer.evaluate(X, sparse.csr_matrix(np.eye(3)[CLASSES])) == expected
    in_blocks = trainer.evaluate(Blocks([(X[:50], np.eye(3)[CLASSES[:50]]), (X[50:], np.eye(3)[CLASSES[50:]])]))
    assert in_blocks == pytest.approx(expected)


def test_they_travel_with_copies_settings_and_checkpoints(tmp_path):
    trainer = fitted(two_outputs(), ["softmax_cross_entropy", "squared_error"], [CLASSES, NUMBERS], metrics={"kind": "accuracy"})
    copied = pickle.loads(pickle.dumps(trainer))
    twin = Trainer.from_settings(trainer.settings, metrics=trainer.metrics)
    trainer.save_checkpoint(tmp_path / "run")
    twin.load_checkpoint(tmp_path / "run")
    expected = trainer.evaluate(X, [CLASSES, NUMBERS])
    assert copied.evaluate(X, [CLASSES, NUMBERS]) == twin.evaluate(X, [CLASSES, NUMBERS]) == expected
    other = Trainer.from_settings(trainer.settings, metrics={"kind": "f1"})
    with pytest.raises(InvalidSettingError, match="metrics"):
        other.load_checkpoint(tmp_path / "run")


@pytest.mark.parametrize(
    ("loss", "given", "rule"),
    [
        ("squared_error", "acuracy", "Did you mean 'accuracy'"),
        ("poisson", "accuracy", "must be one of numbers beside the loss poisson"),
        ("squared_error", ["auc"], "must not be one of probabilities beside the loss squared_error"),
        ("squared_error", ["mae", "mae"], "must be used once"),
        ("squared_error", "loss", "a metric must be one of"),
        ("squared_error", 3, "metrics must be a name, a function"),
        ("squared_error", {"a": [3]}, "metrics must be a name, a function"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_the_fit(loss, given, rule):
    with pytest.raises(InvalidSettingError, match=rule):
        Trainer(Sequential([Dense(2)]), loss, metrics=given)


@pytest.mark.parametrize("given", [{"kidn": "mae"}, {"kidn": ["accuracy"]}, {"kidn": {"a": "accuracy"}}])
def test_a_metric_of_no_output_is_refused(given):
    with pytest.raises(InvalidSettingError, match=r"an output that has metrics must be one of kind, size.* Did you mean 'kind'"):
        Trainer(two_outputs(), ["softmax_cross_entropy", "squared_error"], metrics=given)


def test_the_only_output_may_be_named_and_needs_no_prefix():
    network = Sequential([Dense(3, name="kind")], 5)
    trainer = Trainer(network, "softmax_cross_entropy", metrics={"kind": ["accuracy", "f1"], "hits": "accuracy"})
    assert list(trainer.metrics) == ["accuracy", "f1", "hits"]
    with pytest.raises(InvalidSettingError, match="an output that has metrics must be one of kind, got 'king'"):
        Trainer(network, "softmax_cross_entropy", metrics={"king": ["accuracy"]})


def test_numbers_are_no_metric_of_classes():
    with pytest.raises(InvalidSettingError, match="must be one of labels or probabilities"):
        Trainer(Sequential([Dense(3)]), "softmax_cross_entropy", metrics="r2")


def test_labels_of_numbers_are_refused():
    with pytest.raises(DataError, match="with the metric 'accuracy' and the loss squared_error"):
        fitted(Sequential([Dense(1)]), "squared_error", X[:, 0], metrics="accuracy")


@pytest.mark.parametrize(("alias", "name"), ALIASES.items())
def test_names_of_other_libraries_are_taken_and_ours_are_recorded(alias, name):
    trainer = Trainer(Sequential([Dense(1)], 5), "sigmoid_cross_entropy", metrics=[alias])
    assert trainer.metrics == {name: NamedMetric(name, trainer.losses[0])}


@pytest.mark.parametrize("name", [*LABEL_METRICS, *PROBABILITY_METRICS, *NUMBER_METRICS])
def test_every_metric_has_a_value_on_yes_and_no(name):
    trainer = Trainer(Sequential([Dense(1)], 5), "sigmoid_cross_entropy", metrics=name)
    assert isinstance(trainer.metrics[name], NamedMetric)
    assert np.isfinite(trainer.evaluate(X, CLASSES > 0)[name])
