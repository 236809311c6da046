"""NaN and infinity in training: it stops at once, says where, and keeps the best weights."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from lamina.engine.plan import StepValues
from lamina.errors import NonFiniteError
from lamina.layers import BatchNorm, Dense
from lamina.network import Sequential
from lamina.optimizers import LBFGS, Adam, GradientDescent
from lamina.schedules import Function
from lamina.training import EarlyStopping, Trainer, TrainingWarning
from lamina.training.steppers.choice import stepper_for


def make(schedule, **settings):
    network = Sequential([Dense(4, activation="relu"), Dense(1)], 5)
    return Trainer(network, "squared_error", Adam(), schedule=schedule, **{"batch_size": 16, "dtype": "float64"} | settings)


def explode_at(step):
    return Function(lambda t: 1e200 if t >= step else 0.01)


def test_the_best_weights_come_back_with_a_warning(table):
    X = table[0]
    trainer, twin = make(explode_at(10)), make(explode_at(10))
    with pytest.warns(TrainingWarning, match=r"In step 1\d, the .* of layer 'dense_.' became NaN or infinite\. The best weights"):
        history = trainer.fit(X, X[:, 0], max_epochs=50)
    assert trainer.stop_reason.code == "non_finite"
    assert len(history) == 2
    assert not trainer.executor.snapshot().slots.any()
    best = 1 + int(np.argmin(history[:, "loss"]))
    twin.fit(X, X[:, 0], max_epochs=best)
    np.testing.assert_array_equal(trainer.executor.snapshot().parameters, twin.executor.snapshot().parameters)


def test_with_no_epoch_done_it_is_an_error_and_the_first_weights_are_back(table):
    X = table[0]
    trainer = make(explode_at(1))
    before = trainer.executor.snapshot().parameters
    with pytest.raises(NonFiniteError, match=r"No epoch was completed.*Lower the learning rate"):
        trainer.fit(X, X[:, 0], max_epochs=5)
    assert trainer.stop_reason.code == "non_finite"
    np.testing.assert_array_equal(trainer.executor.snapshot().parameters, before)


def test_early_stopping_hands_its_best_back(table):
    X = table[0]
    stopping = EarlyStopping("validation_loss", patience=100)
    trainer = make(explode_at(30), callbacks=[stopping])
    with pytest.warns(TrainingWarning):
        trainer.fit(X, X[:, 0], validation_data=(X, X[:, 0]), max_epochs=50)
    assert trainer.evaluate(X, X[:, 0])["loss"] == stopping.best == min(trainer.history[:, "validation_loss"])


def test_a_custom_loss_that_gives_nan_is_noticed(table):
    X = table[0]
    calls = []

    def broken(logits, targets):
        calls.append(1)
        return np.full(len(logits), np.nan if len(calls) > 6 else 1.0), np.zeros_like(logits)

    trainer = Trainer(Sequential([Dense(1)], 5), broken, GradientDescent(), batch_size=16)
    with pytest.raises(NonFiniteError, match=r"In step 7, the loss of layer 'broken'.*No weights with a finite loss are known"):
        trainer.fit(X, X[:, 0], max_epochs=5)
    assert np.isfinite(trainer.executor.snapshot().parameters).all()


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_a_step_whose_custom_loss_is_nan_leaves_the_running_statistics_as_they_were(table, engine):
    X = table[0]

    def broken(logits, targets):
        return np.full(len(logits), np.nan), np.zeros_like(logits)

    trainer = Trainer(Sequential([BatchNorm(), Dense(1)], 5), broken, GradientDescent(), engine=engine)
    before = trainer.executor.snapshot()
    values = StepValues(np.full(1, 0.1))
    stepper = stepper_for(trainer.executor, trainer.losses, trainer.optimizer, penalty_per_row=False)
    result = stepper.train(trainer.batches(X, X[:, 0]), np.arange(len(X)), len(X), 0, values)
    assert (result.failure.layer, result.failure.quantity) == ("broken", "loss")
    np.testing.assert_array_equal(trainer.executor.snapshot().state, before.state)
    np.testing.assert_array_equal(trainer.executor.snapshot().parameters, before.parameters)


def test_lbfgs_reports_a_loss_that_is_not_finite(table):
    X = table[0]
    trainer = Trainer(Sequential([Dense(1)], 5), "squared_error", LBFGS(), dtype="float64")
    trainer.executor.restore(parameters=np.full(trainer.executor.program.num_parameters, 1e200))
    with pytest.raises(NonFiniteError, match=r"In step 1, the loss of layer 'dense_1'"):
        trainer.fit(X, X[:, 0], max_epochs=5)


def test_the_training_can_go_on_with_a_smaller_rate(table):
    X = table[0]
    trainer = make(explode_at(10))
    with pytest.warns(TrainingWarning):
        trainer.fit(X, X[:, 0], max_epochs=50)
    trainer.schedule = Function(lambda t: 0.01)
    trainer.fit(X, X[:, 0], max_epochs=2)
    assert trainer.stop_reason.code == "max_epochs"
    assert trainer.epoch == 4


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_rows_beyond_the_dtype_are_said_to_be_when_they_made_the_failure(form):
    """Float64 is used as it is: the engine makes float32 of it row by row."""
    X = form(np.array([[1e200], [1.0]]))
    with pytest.raises(
        NonFiniteError,
        match=r"No epoch was completed.* X holds numbers beyond the range of float32\. Scale the data, or compute in float64",
    ):
        Trainer(Sequential([Dense(1)]), "squared_error").fit(X, [0.0, 1.0], max_epochs=1)
    with pytest.raises(NonFiniteError, match="Lower the learning rate"):
        Trainer(Sequential([Dense(1)]), "squared_error", GradientDescent(), dtype="float64").fit(X, [0.0, 1.0], max_epochs=1)
