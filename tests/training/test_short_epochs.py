"""Many epochs in one call of the engine: the same training as one epoch a call."""

import numpy as np
import pytest

from lamina.engine import native_available
from lamina.errors import NonFiniteError
from lamina.layers import BatchNorm, Dense, Dropout
from lamina.network import Graph, Input, Sequential
from lamina.optimizers import Adam, AdamW, GradientDescent
from lamina.schedules import Cosine, InverseScaling
from lamina.training import Trainer, TrainingWarning
from lamina.training.callbacks import Callback

pytestmark = pytest.mark.skipif(not native_available(), reason="the reference trains epoch by epoch")


class AtEveryEpoch(Callback):
    """Asks for nothing, but every epoch, so that each is a call of its own."""

    def on_epoch_end(self, trainer, record):
        pass


def pair(optimizer, rows=10, **settings):
    rng = np.random.default_rng(0)
    data = rng.normal(size=(rows, 3)), rng.integers(0, 2, rows)
    layers = [Dense(5, activation="tanh"), BatchNorm(), Dropout(0.2), Dense(2)]
    network = Sequential(layers, input_width=3)
    trainers = [
        Trainer(network, "softmax_cross_entropy", optimizer, seed=3, callbacks=callbacks, **settings)
        for callbacks in ([], [AtEveryEpoch()])
    ]
    return trainers, data


class Patient(Callback):
    """Writes down every epoch, some time after it."""

    def __init__(self, ahead):
        self.ahead = ahead
        self.seen = []

    def epochs_ahead(self, trainer):
        return self.ahead

    def on_epoch_end(self, trainer, record):
        assert record is trainer.history[-1]
        self.seen.append((trainer.epoch, trainer.step, record["loss"]))


def without_durations(history):
    return [{key: value for key, value in record.items() if key != "duration_s"} for record in history]


@pytest.mark.parametrize("batch_size", [None, 2, 4, 5, 100])
@pytest.mark.parametrize("shuffle", [True, False])
def test_epochs_in_one_call_equal_epochs_called_one_by_one(batch_size, shuffle):
    trainers, data = pair(AdamW(0.01, weight_decay=0.1), batch_size=batch_size, shuffle=shuffle)
    for trainer in trainers:
        trainer.fit(*data, max_epochs=60)
        trainer.fit(*data, max_epochs=5)
    assert without_durations(trainers[0].history) == without_durations(trainers[1].history)
    assert np.array_equal(trainers[0].executor.snapshot().parameters, trainers[1].executor.snapshot().parameters)
    assert np.array_equal(trainers[0].executor.snapshot().state, trainers[1].executor.snapshot().state)
    assert trainers[0].step == trainers[1].step


@pytest.mark.parametrize("schedule", [Cosine(), InverseScaling(0.5)])
def test_schedules_give_the_same_rates(schedule):
    trainers, data = pair(Adam(0.01), batch_size=4, schedule=schedule)
    rates = [trainer.fit(*data, max_epochs=40)[:, "learning_rate"] for trainer in trainers]
    assert rates[0] == rates[1]


def test_a_subclass_with_its_own_epoch_is_asked_for_every_one():
    class Counting(Trainer):
        num_epochs = 0

        def fit_epoch(self, data):
            self.num_epochs += 1
            return super().fit_epoch(data)

    trainer = Counting(Sequential([Dense(1)]), "squared_error")
    trainer.fit(np.zeros((4, 2)), np.zeros(4), max_epochs=50)
    assert trainer.num_epochs == 50


def epochs_by_call(trainer, monkeypatch):
    """A list that fills with the number of epochs in each call of many."""
    calls = []
    train_epochs = trainer.executor.train_epochs
    monkeypatch.setattr(
        trainer.executor, "train_epochs", lambda *arguments: calls.append(arguments[1].count) or train_epochs(*arguments)
    )
    return calls


def test_few_calls_run_many_epochs(monkeypatch):
    (trainer, _), data = pair(Adam(0.01), batch_size=None)
    calls = epochs_by_call(trainer, monkeypatch)
    trainer.fit(*data, max_epochs=1000)
    assert sum(calls) == 1000
    assert len(calls) < 100


@pytest.mark.parametrize("batch_size", [None, 4])
def test_callbacks_that_can_wait_are_told_of_every_epoch(batch_size, monkeypatch):
    (trainer, every_epoch), data = pair(Adam(0.01), batch_size=batch_size)
    trainer.callbacks = [Patient(ahead=3), Patient(ahead=7)]
    calls = epochs_by_call(trainer, monkeypatch)
    for each in (trainer, every_epoch):
        each.fit(*data, max_epochs=40)
    expected = every_epoch.history[:, ("epoch", "step", "loss")]
    assert trainer.callbacks[0].seen == trainer.callbacks[1].seen == expected
    assert max(calls) == 3
    assert np.array_equal(trainer.executor.snapshot().parameters, every_epoch.executor.snapshot().parameters)


@pytest.mark.parametrize("asks", [{"needs_gradient_norms": True}, {"every_steps": 1}, {"on_epoch_begin": lambda trainer: None}])
def test_nobody_waits_who_wants_more_than_records(asks, monkeypatch):
    (trainer, _), data = pair(Adam(0.01), batch_size=None)
    callback = Patient(ahead=10)
    for name, wish in asks.items():
        setattr(callback, name, wish)
    trainer.callbacks = [callback]
    calls = epochs_by_call(trainer, monkeypatch)
    trainer.fit(*data, max_epochs=20)
    assert calls == []
    assert len(callback.seen) == 20


def test_a_training_that_diverges_gives_back_the_same_best_weights():
    results = []
    trainers, (x, y) = pair(GradientDescent(0.1), rows=12, batch_size=4, schedule=lambda step: 0.1 if step < 50 else 1e30 * step)
    for trainer in trainers:
        with pytest.warns(TrainingWarning):
            trainer.fit(x, y, max_epochs=200)
        results.append(trainer)
    assert results[0].stop_reason == results[1].stop_reason
    assert without_durations(results[0].history) == without_durations(results[1].history)
    assert np.array_equal(results[0].executor.snapshot().parameters, results[1].executor.snapshot().parameters)
    assert np.array_equal(results[0].executor.snapshot().state, results[1].executor.snapshot().state)


def test_a_failure_in_the_first_epoch_is_an_error():
    (trainer, _), (x, y) = pair(Adam(0.01), batch_size=None)
    trainer.weights[next(iter(trainer.weights))][:] = np.nan
    with pytest.raises(NonFiniteError):
        trainer.fit(x, y, max_epochs=10)


def test_a_failure_in_the_first_epoch_of_several_outputs_is_an_error_too():
    x = Input(3)
    trainer = Trainer(Graph(x, [Dense(1)(x), Dense(1)(x)]), ["squared_error"] * 2)
    data = np.full((40, 3), 1e30), [np.ones(40), np.ones(40)]
    with pytest.raises(NonFiniteError):
        trainer.fit(*data, max_epochs=4)
