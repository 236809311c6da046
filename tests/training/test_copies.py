"""A trainer that went through a pickle, or was copied, is the trainer that it was."""

from __future__ import annotations

import copy
import pickle
from functools import partial

import numpy as np
import pytest

from lamina.layers import Dense
from lamina.losses import CustomLoss
from lamina.network import Sequential
from lamina.optimizers import LBFGS, OPTIMIZERS, Momentum
from lamina.schedules import Adaptive, Cosine, Function, ReduceOnPlateau
from lamina.training import Callback, Checkpoint, EarlyStopping, JsonlLog, Progress, TimeLimit, Trainer

COPIES = {"pickle": lambda trainer: pickle.loads(pickle.dumps(trainer)), "deepcopy": copy.deepcopy, "copy": copy.copy}


def fourth_power(scale, logits, targets):
    """A loss of one's own, in a module, so that a pickle finds it."""
    return scale * ((logits - targets) ** 4).sum(axis=1)


def decaying(step):
    return 0.01 / (1 + step)


def mean_prediction(targets, predictions):
    return predictions.mean()


class Counter(Callback):
    """Remembers outside ``state``, as many callbacks of one's own do."""

    def __init__(self):
        self.seen = []

    def on_epoch_end(self, trainer, record):
        self.seen.append(record["loss"])
        record["seen"] = len(self.seen)


def without_time(history):
    return [{key: value for key, value in record.items() if key != "duration_s"} for record in history]


def assert_equal_runs(one, other):
    np.testing.assert_array_equal(one.executor.snapshot().parameters, other.executor.snapshot().parameters)
    np.testing.assert_array_equal(one.executor.snapshot().state, other.executor.snapshot().state)
    np.testing.assert_array_equal(one.executor.snapshot().slots, other.executor.snapshot().slots)
    assert without_time(one.history) == without_time(other.history)
    assert (one.epoch, one.step, one.stop_reason) == (other.epoch, other.step, other.stop_reason)


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("optimizer", [name for name in OPTIMIZERS if not name.startswith(("perturb", "lbfgs"))])
def test_a_copy_goes_on_bit_for_bit(how, optimizer, make_trainer, table):
    trainer = make_trainer(optimizer=optimizer)
    trainer.fit(*table, max_epochs=2)
    twin = COPIES[how](trainer)
    for run in (trainer, twin):
        run.fit(*table, max_epochs=2)
    assert_equal_runs(trainer, twin)


@pytest.mark.parametrize("optimizer", ["perturb-one", "perturb-all", LBFGS()])
def test_a_copy_goes_on_bit_for_bit_without_steps_of_a_gradient(optimizer, table):
    trainer = Trainer(Sequential([Dense(4, activation="tanh"), Dense(2)], 5), "softmax_cross_entropy", optimizer, seed=3)
    trainer.fit(*table, max_epochs=2)
    twin = pickle.loads(pickle.dumps(trainer))
    for run in (trainer, twin):
        run.fit(*table, max_epochs=2)
    assert_equal_runs(trainer, twin)


@pytest.mark.parametrize(
    "schedule",
    [Cosine(), Function(decaying), Adaptive(patience=0, tol=0.5), ReduceOnPlateau(monitor="loss", patience=0, tol=0.5)],
    ids=lambda schedule: schedule.kind,
)
def test_schedules_go_on_too(schedule, make_trainer, table):
    trainer = make_trainer(schedule=schedule)
    trainer.fit(*table, max_epochs=3)
    twin = pickle.loads(pickle.dumps(trainer))
    for run in (trainer, twin):
        run.fit(*table, max_epochs=3)
    assert_equal_runs(trainer, twin)


def test_functions_of_a_module_and_what_callbacks_remember_travel(table):
    network = Sequential([Dense(4), Dense(1)], 5)
    loss = CustomLoss(partial(fourth_power, 0.5))
    trainer = Trainer(network, loss, callbacks=[Counter()], metrics={"mean": mean_prediction}, seed=1)
    X, y = table
    trainer.fit(X, y, validation_data=(X, y), max_epochs=2)
    twin = pickle.loads(pickle.dumps(trainer))
    for run in (trainer, twin):
        run.fit(X, y, validation_data=(X, y), max_epochs=1)
    assert_equal_runs(trainer, twin)
    assert twin.history[-1, "seen"] == 3
    assert twin.callbacks[0] is not trainer.callbacks[0]


def test_an_optimizer_that_was_replaced_begins_anew_in_the_copy_too(make_trainer, table):
    trainer = make_trainer(optimizer="adam")
    trainer.fit(*table, max_epochs=1)
    trainer.optimizer = Momentum(0.1)
    twin = pickle.loads(pickle.dumps(trainer))
    for run in (trainer, twin):
        run.fit(*table, max_epochs=1)
    assert_equal_runs(trainer, twin)


def test_a_copy_leaves_the_original_as_it_is(make_trainer, table):
    trainer = make_trainer()
    trainer.fit(*table, max_epochs=1)
    before = trainer.executor.snapshot().parameters
    twin = copy.deepcopy(trainer)
    twin.fit(*table, max_epochs=1)
    np.testing.assert_array_equal(trainer.executor.snapshot().parameters, before)
    assert (trainer.epoch, len(trainer.history)) == (1, 1)


@pytest.mark.parametrize("how", COPIES)
def test_a_trainer_that_waits_for_its_data_can_be_copied(how, table):
    trainer = Trainer(Sequential([Dense(2)]), "softmax_cross_entropy", seed=4)
    twin = COPIES[how](trainer)
    for run in (trainer, twin):
        run.fit(*table, max_epochs=1)
    assert_equal_runs(trainer, twin)


def test_every_callback_of_lamina_travels(make_trainer, table, tmp_path):
    callbacks = [
        EarlyStopping(patience=3),
        Checkpoint(tmp_path / "run.checkpoint"),
        JsonlLog(tmp_path / "run.jsonl"),
        Progress(),
        TimeLimit(60),
    ]
    trainer = make_trainer(callbacks=callbacks)
    X, y = table
    trainer.fit(X, y, validation_data=(X, y), max_epochs=2)
    twin = pickle.loads(pickle.dumps(trainer))
    for run in (trainer, twin):
        run.fit(X, y, validation_data=(X, y), max_epochs=1)
    assert_equal_runs(trainer, twin)


class CopyInTheMidst(Callback):
    """Pickles its trainer at the end of the second epoch."""

    pickled: bytes = b""

    def on_epoch_end(self, trainer, record):
        if trainer.epoch == 2:
            self.pickled = pickle.dumps(trainer)


def test_a_pickle_made_in_the_midst_of_a_fit_finishes_that_fit(make_trainer, table, tmp_path):
    copier = CopyInTheMidst()
    trainer = make_trainer(callbacks=[copier, JsonlLog(tmp_path / "run.jsonl"), Progress()], schedule=Cosine())
    trainer.fit(*table, max_epochs=4)
    twin = pickle.loads(copier.pickled)
    assert twin.epoch == 2
    twin.fit(*table, max_epochs=4)
    assert_equal_runs(trainer, twin)


def test_data_do_not_travel_with_a_trainer(make_trainer, table):
    copier = CopyInTheMidst()
    trainer = make_trainer(callbacks=[copier])
    X, y = (np.tile(part, (50, 1)[: part.ndim]) for part in table)
    trainer.fit(X, y, validation_data=(X, y), max_epochs=2)
    assert len(copier.pickled) < X.nbytes / 2
