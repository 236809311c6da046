"""Ctrl-C and other early ends: the training closes in order, with the best weights and the records so far."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.training import Callback, EarlyStopping
from lamina.training.chunks import ChunkSize


class Interrupt(Callback):
    """Raises KeyboardInterrupt at one moment of one epoch (counted from 1)."""

    def __init__(self, moment, epoch):
        self.ended = False
        self.parameters = {}
        self._epoch = epoch
        if moment == "on_step_end":
            self.every_steps = 2
        setattr(self, moment, self._raise)

    def _raise(self, trainer, *_):
        done = trainer.epoch if _ and isinstance(_[0], dict) else trainer.epoch + 1
        if done == self._epoch:
            raise KeyboardInterrupt

    def on_fit_end(self, trainer):
        self.ended = True


@pytest.mark.parametrize("moment", ["on_epoch_begin", "on_step_end", "on_epoch_end"])
def test_an_interruption_ends_the_fit_in_order(make_trainer, table, moment):
    interrupt = Interrupt(moment, epoch=3)
    trainer = make_trainer(callbacks=[interrupt], on_interrupt="return")
    history = trainer.fit(*table, max_epochs=10)
    assert trainer.stop_reason.code == "interrupted"
    assert "interrupted" in trainer.stop_reason.text
    assert interrupt.ended
    # In the midst of an epoch its steps so far are recorded; at its beginning there are none.
    assert len(history) == trainer.epoch == (2 if moment == "on_epoch_begin" else 3)


@pytest.mark.parametrize("moment", ["on_epoch_begin", "on_step_end", "on_epoch_end"])
def test_the_best_weights_come_back(make_trainer, table, moment):
    kept = {}

    class Keep(Callback):
        def on_epoch_end(self, trainer, record):
            kept[record["validation_loss"]] = trainer.executor.snapshot().parameters

    trainer = make_trainer(callbacks=[Keep(), Interrupt(moment, epoch=6)], optimizer="momentum", on_interrupt="return")
    trainer.fit(*table, validation_data=table, max_epochs=20)
    np.testing.assert_array_equal(trainer.executor.snapshot().parameters, kept[min(kept)])


def test_an_interruption_before_the_first_record_is_raised_and_leaves_the_weights(make_trainer, table):
    trainer = make_trainer(callbacks=[Interrupt("on_epoch_begin", epoch=1)], on_interrupt="return")
    before = trainer.executor.snapshot().parameters
    with pytest.raises(KeyboardInterrupt):  # there is nothing to return
        trainer.fit(*table, max_epochs=3)
    assert (trainer.stop_reason.code, len(trainer.history)) == ("interrupted", 0)
    np.testing.assert_array_equal(trainer.executor.snapshot().parameters, before)


def test_an_interruption_inside_the_engine_loses_no_finished_call(make_trainer, table):
    class Small(ChunkSize):
        steps = 1

        def observe(self, steps, duration_s):
            self.steps = 1

    trainer = make_trainer(on_interrupt="return")
    trainer._chunk_size = Small()
    trainer._chunk_size.steps = 1
    train, calls = trainer.executor.train, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return train(*arguments)

    trainer.executor.train = interrupted
    history = trainer.fit(*table, max_epochs=5)
    assert [record["step"] for record in history] == [2]
    assert trainer.stop_reason.code == "interrupted"


def test_the_training_goes_on_after_an_interruption(make_trainer, table):
    trainer = make_trainer(callbacks=[Interrupt("on_epoch_end", epoch=2)], on_interrupt="return")
    trainer.fit(*table, max_epochs=5)
    trainer.fit(*table, max_epochs=2)
    assert (trainer.epoch, trainer.stop_reason.code) == (4, "max_epochs")


def test_a_callback_can_end_the_training_for_reasons_of_its_own(make_trainer, table):
    class Enough(Callback):
        def on_epoch_end(self, trainer, record):
            trainer.stop("callback", "Enough.")
            trainer.stop("time_limit")

    trainer = make_trainer(callbacks=[Enough()])
    trainer.fit(*table, max_epochs=5)
    assert (trainer.epoch, trainer.stop_reason.code, str(trainer.stop_reason)) == (1, "callback", "Enough.")


def test_a_callback_that_ends_before_an_epoch_leaves_no_record(make_trainer, table):
    class Never(Callback):
        def on_epoch_begin(self, trainer):
            trainer.stop("callback")

    trainer = make_trainer(callbacks=[Never()])
    assert len(trainer.fit(*table, max_epochs=5)) == 0


def test_callbacks_are_closed_when_one_fails(make_trainer, table):
    class Fails(Callback):
        def on_epoch_end(self, trainer, record):
            raise ZeroDivisionError

    watch = Interrupt("on_step_end", epoch=99)
    trainer = make_trainer(callbacks=[Fails(), watch])
    with pytest.raises(ZeroDivisionError):
        trainer.fit(*table, max_epochs=2)
    assert watch.ended


def test_early_stopping_hands_its_own_best_back_after_an_interruption(make_trainer, table):
    stopping = EarlyStopping("validation_accuracy", mode="max", patience=100)
    trainer = make_trainer(
        callbacks=[stopping, Interrupt("on_epoch_end", epoch=8)],
        metrics={"accuracy": lambda y, p: np.mean(p.argmax(axis=1) == y)},
        optimizer="momentum",
        on_interrupt="return",
    )
    trainer.fit(*table, validation_data=table, max_epochs=20)
    assert trainer.evaluate(*table)["accuracy"] == stopping.best == max(trainer.history[:, "validation_accuracy"])
