"""Which weights come back: those with the lowest loss that was measured after they were set."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lamina import MLPClassifier, MLPRegressor
from lamina.errors import NonFiniteError
from lamina.layers import BatchNorm, Dense
from lamina.network import Sequential
from lamina.optimizers import GradientDescent
from lamina.training import Callback, EarlyStopping, Trainer, TrainingWarning
from lamina.training.best_weights import BestWeights, Weights, put_best


@pytest.fixture
def executor():
    return Trainer(Sequential([Dense(1, use_bias=False)], 3), "squared_error", dtype="float64").executor


def set_to(executor, value):
    executor.restore(parameters=np.full(executor.program.num_parameters, value))
    return Weights.of(executor)


def test_the_lowest_number_wins_and_of_equals_the_first(executor):
    weights = [set_to(executor, value) for value in (2.0, 1.0, -1.0, 3.0)]
    assert put_best(weights, executor, lambda: abs(executor.snapshot().parameters[0])) == 1.0
    assert executor.snapshot().parameters.tolist() == [1.0] * 3


def test_without_a_finite_number_the_first_finite_weights_stay(executor):
    weights = [set_to(executor, value) for value in (math.inf, 2.0, 3.0)]
    assert put_best(weights, executor, lambda: math.nan) == math.inf
    assert executor.snapshot().parameters.tolist() == [2.0] * 3


def test_the_best_and_the_best_before_it_are_kept(executor):
    best = BestWeights()
    assert best.candidates == []
    for value, number in ((1.0, 0.9), (2.0, 0.5), (3.0, 0.7), (4.0, 0.4), (5.0, math.nan)):
        set_to(executor, value)
        best.offer(number, executor)
    assert [weights.parameters[0] for weights in best.candidates] == [4.0, 2.0]


def far_off(table):
    """Numbers of 2e5, which a rate of 1 makes gradient descent fly apart on."""
    X = table[0]
    return X, 2e5 * (1 + X[:, 0])


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_regressor_that_flies_apart_predicts_no_worse_than_at_the_start(table, early_stopping):
    X, y = far_off(table)
    model = MLPRegressor(solver="sgd", learning_rate_init=1.0, random_state=0, early_stopping=early_stopping)
    with pytest.warns(TrainingWarning):
        model.fit(X, y)
    assert np.abs(model.predict(X) - y).max() < 2 * np.abs(y).max()


def test_rows_of_the_largest_floats_leave_finite_weights(table):
    X, y = table
    model = MLPClassifier((5,), solver="sgd", max_iter=5, random_state=0)
    X = (X * 1e37).astype(np.float32)
    with pytest.warns(TrainingWarning, match="The weights from before the fit were restored"):
        model.fit(X, y)
    assert np.isfinite(model.predict_proba(X)).all()


@pytest.mark.parametrize(
    ("rate", "outcome", "text"),
    [
        (3e38, pytest.raises(NonFiniteError), "In step 1, the updated weights of layer 'dense_1' became NaN or infinite"),
        (1e30, pytest.warns(TrainingWarning), "After step 1, the loss of the training rows is NaN or infinite"),
    ],
)
def test_an_update_out_of_range_is_no_success(table, rate, outcome, text):
    X = table[0].astype(np.float32)
    network = Sequential([Dense(4, activation="tanh"), Dense(1)])
    trainer = Trainer(network, "squared_error", GradientDescent(rate), batch_size=None)
    with outcome:
        trainer.fit(X, 1e6 + X[:, 0], max_epochs=1)
    assert text in trainer.stop_reason.text
    assert trainer.stop_reason.code == "non_finite"
    assert np.isfinite(trainer.executor.snapshot().parameters).all()
    assert np.isfinite(trainer.predict(X)).all()


def test_the_last_update_of_all_is_seen_to_be_good(table):
    """Two epochs, of which the last step alone flies apart: no later loss says so."""
    X = table[0].astype(np.float32)
    last = 2 * 4 - 1
    network = Sequential([Dense(4, activation="relu"), Dense(4, activation="relu"), Dense(1)])
    trainer = Trainer(network, "squared_error", GradientDescent(), schedule=lambda t: 1e25 if t == last else 1e-3, batch_size=16)
    with pytest.warns(
        TrainingWarning, match="The best weights so far were restored|The weights from before the fit were restored"
    ):
        trainer.fit(X, X[:, 0], max_epochs=2)
    assert trainer.evaluate(X, X[:, 0])["loss"] < 10


def test_without_the_final_check_weights_alone_are_looked_at(table):
    X = table[0].astype(np.float32)
    trainer = Trainer(Sequential([Dense(1)]), "squared_error")
    evaluate, calls = None, []
    trainer.build(5)
    evaluate = trainer.executor.evaluate
    trainer.executor.evaluate = lambda data: calls.append(1) or evaluate(data)
    trainer.fit(X, X[:, 0], max_epochs=2, final_check=False)
    assert calls == []
    trainer.fit(X, X[:, 0], max_epochs=2)
    assert calls == [1]


def test_early_stopping_by_the_training_loss_measures_what_it_puts_back(table):
    class Spoil(Callback):
        """The epoch with the lowest training loss ends with weights that are no good."""

        def on_epoch_end(self, trainer, record):
            if record["epoch"] == 4:
                record["loss"] = -1.0
                trainer.executor.views()[0][:] *= 100

    X, y = table
    stopping = EarlyStopping("loss", patience=3)
    trainer = Trainer(Sequential([Dense(2)]), "softmax_cross_entropy", callbacks=[Spoil(), stopping], dtype="float64")
    trainer.fit(X, y, max_epochs=20)
    assert trainer.evaluate(X, y)["loss"] < 2


def test_the_statistics_of_batch_norm_are_among_what_must_be_finite(table):
    class Spoil(Callback):
        def on_epoch_end(self, trainer, record):
            trainer.executor.views()[1][0] = np.inf

    X, y = table
    network = Sequential([Dense(3), BatchNorm(), Dense(2)])
    trainer = Trainer(network, "softmax_cross_entropy", callbacks=[Spoil()])
    with pytest.warns(TrainingWarning):
        trainer.fit(X, y, max_epochs=1)
    assert np.isfinite(trainer.executor.snapshot().state).all()


def test_an_epoch_asked_for_by_hand_leaves_the_weights_that_it_found_when_it_fails(table):
    X = table[0]
    trainer = Trainer(Sequential([Dense(1)]), "squared_error", GradientDescent(1e300), dtype="float64", batch_size=8)
    data = trainer.batches(X, X[:, 0])
    before = trainer.executor.snapshot().parameters
    assert trainer.fit_epoch(data) is None
    assert trainer.stop_reason.code == "non_finite"
    np.testing.assert_array_equal(trainer.executor.snapshot().parameters, before)
