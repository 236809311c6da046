"""The thread that works ahead: one item, in order, and never left behind."""

from __future__ import annotations

import gc
import signal
import threading
import weakref

import numpy as np
import pytest

from lamina.layers import Dense
from lamina.network import Sequential
from lamina.training import Blocks, Callback, Trainer
from lamina.training.blocks.ahead import Ahead, made_ahead


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "lamina-blocks"]


def test_an_item_is_begun_only_when_the_one_before_is_taken():
    begun = []

    def items():
        for number in range(5):
            begun.append(number)
            yield number

    ahead = Ahead(items())
    for number in range(5):
        assert ahead.take() == number
        assert begun in ([*range(number + 1)], [*range(number + 2)])
    assert ahead.take() is None
    ahead.close()
    assert not threads()


def test_an_error_comes_after_the_items_before_it_and_once():
    def items():
        yield 1
        raise KeyError("gone")

    ahead = Ahead(items())
    assert ahead.take() == 1
    with pytest.raises(KeyError, match="gone"):
        ahead.take()
    assert ahead.take() is None
    ahead.close()


def test_closing_ends_a_thread_that_waits_with_an_item_and_closes_the_generator():
    ends = []

    def items():
        try:
            yield from range(10)
        finally:
            ends.append(threading.current_thread().name)

    ahead = Ahead(items())
    ahead.take()
    ahead.close()
    assert ends == ["lamina-blocks"]
    assert not threads()


def test_who_waits_can_be_told_to_stop():
    never = threading.Event()

    def items():
        never.wait(20)
        yield 1

    ahead = Ahead(items())
    assert ahead.take(lambda: True) is None
    never.set()
    ahead.close()


def test_items_that_are_not_all_taken_leave_no_thread():
    with made_ahead(number for number in range(10)) as numbers:
        assert next(numbers) == 0
    assert not threads()
    trainer = Trainer(Sequential([Dense(1)], 2), "squared_error")
    predictions = trainer.predict_blocks([np.zeros((3, 2))] * 5)
    next(predictions)
    predictions.close()
    assert not threads()


class Tracked:
    """Blocks that say how many of them are alive."""

    num_rows = 4000

    def __init__(self):
        self.seen = []
        self.most = 0

    def count_alive(self):
        self.seen = [block for block in self.seen if block() is not None]
        return len(self.seen)

    def passes(self, epoch):
        for number in range(10):
            X = np.random.default_rng(number).normal(size=(400, 3))
            self.seen.append(weakref.ref(_owner(X)))
            self.most = max(self.most, self.count_alive())
            yield X, X[:, 0]
            del X


def _owner(array):
    return array if array.base is None else array.base


@pytest.mark.parametrize("shuffle_rows", [64, 1000, 10_000])
def test_at_most_two_blocks_are_in_memory(shuffle_rows):
    source = Tracked()
    trainer = Trainer(Sequential([Dense(4, activation="tanh"), Dense(1)]), "squared_error", shuffle_rows=shuffle_rows)
    trainer.build(3)
    trainer.fit(source, max_epochs=3)
    trainer.evaluate(source)
    gc.collect()
    assert source.most <= 2
    assert not source.count_alive()


def test_a_second_ctrl_c_ends_a_fit_whose_source_hangs():
    waits, may_go = threading.Event(), threading.Event()

    class Hanging:
        def passes(self, epoch):
            X = np.random.default_rng(0).normal(size=(60, 3))
            yield X, X[:, 0]
            if epoch == 1:
                waits.set()
                may_go.wait(30)
            yield X, X[:, 0]

    class InterruptTwice(Callback):
        def on_epoch_end(self, trainer, record):
            waits.wait(20)
            for seconds in (0.05, 0.6):
                threading.Timer(seconds, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT]).start()

    trainer = Trainer(Sequential([Dense(1)]), "squared_error", callbacks=InterruptTwice(), on_interrupt="return", batch_size=16)
    trainer.fit(Hanging(), max_epochs=5)
    assert trainer.stop_reason.code == "interrupted"
    assert trainer.epoch == 1
    may_go.set()
    for thread in threads():
        thread.join()


def test_an_iterator_can_be_evaluated_and_predicted():
    X = np.random.default_rng(0).normal(size=(60, 3))
    trainer = Trainer(Sequential([Dense(1)], 3), "squared_error")
    whole = trainer.evaluate(X, X[:, 0])
    assert trainer.evaluate((X[i : i + 20], X[i : i + 20, 0]) for i in (0, 20, 40)) == pytest.approx(whole, rel=1e-6)
    assert trainer.evaluate(Blocks([(X, X[:, 0])])) == whole
    assert trainer.predict((X[i : i + 20], X[i : i + 20, 0]) for i in (0, 20, 40)).shape == (60, 1)
