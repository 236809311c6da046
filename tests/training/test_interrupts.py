"""Ctrl-C as the system sends it: put off until all is whole, then raised; a second one never waits."""

from __future__ import annotations

import signal
import sys
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import cross_val_score

from lamina import MLPClassifier, training
from lamina.training import Callback
from lamina.training.interrupts import Interrupts

# Where a fit opens and closes.
PLACES = [str(Path(training.__file__).with_name(f"{name}.py")) for name in ("trainer", "running_fit", "interrupts", "exclusive")]


@pytest.fixture(autouse=True)
def leaves_the_handler():
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def press():
    signal.raise_signal(signal.SIGINT)


def pressed_at(number, function, times=1):
    """Call a function, with Ctrl-C at one of the points of PLACES at which Python looks for signals; whether there are so many.

    These are the beginnings of Python's functions and the ends of C's.
    """
    seen = 0

    def look(frame, event, _):
        nonlocal seen
        if event in ("call", "c_return") and frame.f_code.co_filename in PLACES:
            seen += 1
            for _ in range(times if seen == number else 0):
                signal.getsignal(signal.SIGINT)(signal.SIGINT, frame)

    sys.setprofile(look)
    try:
        function()
    except KeyboardInterrupt:
        pass
    finally:
        sys.setprofile(None)
    return seen >= number


class Press(Callback):
    """Presses Ctrl-C at one moment of one epoch (counted from 1), and notes what comes after."""

    def __init__(self, moment="on_epoch_end", epoch=3, times=1):
        self.moment, self.epoch, self.times = moment, epoch, times
        self.after, self.closed = 0, 0
        if moment == "on_step_end":
            self.every_steps = 1

    def __call__(self, moment, trainer):
        if moment == self.moment and self.times and trainer.epoch + (moment != "on_epoch_end") >= self.epoch:
            for _ in range(self.times):
                self.times -= 1
                press()
            self.after += 1

    def on_epoch_begin(self, trainer):
        self("on_epoch_begin", trainer)

    def on_step_end(self, trainer, losses):
        self("on_step_end", trainer)

    def on_epoch_end(self, trainer, record):
        self("on_epoch_end", trainer)

    def on_training_end(self, trainer):
        self("on_training_end", trainer)

    def on_fit_end(self, trainer):
        self.closed += 1
        self("on_fit_end", trainer)


@pytest.mark.parametrize("moment", ["on_epoch_begin", "on_step_end", "on_epoch_end"])
def test_the_first_ends_the_training_in_order_and_is_raised_when_all_is_whole(make_trainer, table, moment):
    callback = Press(moment)
    trainer = make_trainer(callbacks=[callback])
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(*table, max_epochs=10)
    assert callback.after == callback.closed == 1  # nothing was cut off where it came
    assert trainer.stop_reason.code == "interrupted"
    assert len(trainer.history) == trainer.epoch == (2 if moment == "on_epoch_begin" else 3)
    trainer.callbacks = []
    trainer.fit(*table, max_epochs=1)
    assert trainer.stop_reason.code == "max_epochs"


def test_it_is_not_raised_where_it_shall_return(make_trainer, table):
    trainer = make_trainer(callbacks=[Press()], on_interrupt="return")
    assert len(trainer.fit(*table, max_epochs=10)) == 3


@pytest.mark.parametrize("moment", ["on_training_end", "on_fit_end"])
def test_one_that_comes_when_all_epochs_are_done_is_not_swallowed(make_trainer, table, moment):
    callback = Press(moment, epoch=1)
    trainer = make_trainer(callbacks=[callback])
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(*table, max_epochs=2)
    assert (trainer.epoch, trainer.stop_reason.code, callback.closed) == (2, "max_epochs", 1)


def test_a_second_one_does_not_wait_for_what_does_not_return(make_trainer, table):
    callback = Press(times=2)
    trainer = make_trainer(callbacks=[callback])
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(*table, max_epochs=10)
    assert (callback.after, callback.closed) == (0, 1)
    assert trainer.stop_reason.code == "interrupted"
    assert np.isfinite(trainer.executor.snapshot().parameters).all()


def test_an_error_that_comes_with_it_does_not_hide_it(make_trainer, table):
    class Fail(Callback):
        def on_epoch_end(self, trainer, record):
            press()
            raise ZeroDivisionError

    with pytest.raises(KeyboardInterrupt) as caught:
        make_trainer(callbacks=[Fail()]).fit(*table, max_epochs=2)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_handler_of_somebody_elses_is_left_in_place(make_trainer, table):
    seen = []
    signal.signal(signal.SIGINT, lambda *_: seen.append(1))
    trainer = make_trainer(callbacks=[Press()])
    trainer.fit(*table, max_epochs=5)
    assert (trainer.epoch, seen) == (5, [1])
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_contexts_nest_and_an_inner_one_that_begins_too_late_stops_at_once():
    stopped = []
    with Interrupts(lambda: stopped.append("outer")) as outer:
        with Interrupts(lambda: stopped.append("inner")) as inner:
            press()
        assert (stopped, inner.count, outer.count) == (["inner", "outer"], 1, 1)
        with Interrupts(lambda: stopped.append("late")) as late:
            pass
        assert (stopped[-1], late.count) == ("late", 1)


def test_best_weights_are_put_back_whole_however_often_it_is_pressed(make_trainer, table):
    """Without validation the last weights and the best epoch's are measured, which a further Ctrl-C ends."""
    trainer = make_trainer(callbacks=[Press(epoch=6)], optimizer="momentum", schedule=lambda step: 0.01 if step < 12 else 2.0)
    evaluate, seen = trainer.executor.evaluate, []

    def pressed(data):
        seen.append(trainer.executor.snapshot().parameters)
        press()
        return evaluate(data)

    trainer.executor.evaluate = pressed
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(*table, max_epochs=20)
    np.testing.assert_array_equal(trainer.executor.snapshot().parameters, seen[0])


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}, {"n_restarts": 2, "n_threads": 2}, {"solver": "lbfgs"}])
def test_estimators_are_fitted_when_it_reaches_the_caller(table, settings):
    model = MLPClassifier(8, max_iter=500, random_state=0, callbacks=[Press()], **settings)
    if "n_restarts" in settings:
        model.set_params(callbacks=[], tol=0, n_iter_no_change=10**6, max_iter=10**6)
        alarm = signal.signal(signal.SIGALRM, lambda *_: press())
        signal.setitimer(signal.ITIMER_REAL, 0.5)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*table)
    if "n_restarts" in settings:
        signal.signal(signal.SIGALRM, alarm)
    assert model.stop_reason_.code == "interrupted"
    assert np.isfinite(model.predict_proba(table[0])).all()


def test_loops_of_fits_and_searches_end(table):
    model, calls = MLPClassifier(8, random_state=0, callbacks=[Press(epoch=1)]), []
    with pytest.raises(KeyboardInterrupt):
        for _ in range(3):
            calls.append(1)
            model.partial_fit(*table, classes=[0, 1])
    assert len(calls) == 1
    assert model.n_iter_ == 1
    with pytest.raises(KeyboardInterrupt):
        cross_val_score(MLPClassifier(8, random_state=0, max_iter=20, callbacks=[Press(epoch=2)]), *table)


def test_a_model_that_was_fitted_before_stays_when_nothing_new_was_learned(table):
    model = MLPClassifier(8, max_iter=5, random_state=0, tol=10, n_iter_no_change=1).fit(*table)
    before = model.predict_proba(table[0])
    model.set_params(callbacks=[Press("on_epoch_begin", epoch=1)], on_interrupt="return", random_state=1)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*table)
    np.testing.assert_array_equal(model.predict_proba(table[0]), before)


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}])
def test_one_that_comes_twice_at_once_loses_no_model(table, settings):
    """The second one comes when the trainer has closed, and the estimator has not yet taken what it learned."""

    class PressLate(Callback):
        def on_epoch_end(self, trainer, record):
            if record["epoch"] == 3:
                press()

        def on_fit_end(self, trainer):
            signal.setitimer(signal.ITIMER_REAL, 1e-6)

    before = signal.signal(signal.SIGALRM, lambda *_: press())
    model = MLPClassifier(8, random_state=0, callbacks=[PressLate()], **settings)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*table)
    signal.signal(signal.SIGALRM, before)
    assert model.n_iter_ == 3
    assert np.isfinite(model.predict_proba(table[0])).all()


@pytest.mark.parametrize("on_interrupt", ["raise", "return"])
@pytest.mark.parametrize(("first", "times"), [(None, 1), (None, 2), ("on_fit_begin", 1), ("on_epoch_end", 1)])
def test_wherever_they_come_the_next_fit_is_like_any_other(make_trainer, table, first, times, on_interrupt):
    """One; two at once; a second one after that of a callback."""

    class PressFirst(Callback):
        def on_fit_begin(self, trainer):
            if first == "on_fit_begin":
                press()

        def on_epoch_end(self, trainer, record):
            if first == "on_epoch_end":
                press()

    for number in count(1):
        trainer = make_trainer(callbacks=[PressFirst()], on_interrupt=on_interrupt)
        found = pressed_at(number, lambda: trainer.fit(*table, max_epochs=2), times)  # noqa: B023
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler, number
        trainer.callbacks, epoch = [], trainer.epoch
        trainer.fit(*table, max_epochs=2)
        assert (trainer.epoch, trainer.stop_reason.code) == (epoch + 2, "max_epochs"), number
        if not found:
            break
    assert number > 30


def test_a_handler_that_is_put_back_after_its_context_is_over_is_pythons_own(make_trainer, table):
    kept = []

    class Borrow(Callback):
        """Takes the handler for a while, as libraries do around what they call, but gives it back too late."""

        def on_fit_begin(self, trainer):
            kept.append(signal.signal(signal.SIGINT, signal.SIG_IGN))

    make_trainer(callbacks=[Borrow()]).fit(*table, max_epochs=1)
    signal.signal(signal.SIGINT, kept[0])
    with pytest.raises(KeyboardInterrupt):
        press()
    with pytest.raises(KeyboardInterrupt):
        make_trainer(callbacks=[Press(epoch=2)]).fit(*table, max_epochs=5)
    trainer = make_trainer()
    trainer.fit(*table, max_epochs=3)
    assert (trainer.epoch, trainer.stop_reason.code) == (3, "max_epochs")


def test_a_second_one_raises_also_where_all_callbacks_are_closed(make_trainer, table):
    """Each may hang."""
    callbacks = [Press("on_fit_end", epoch=1, times=2), Press("on_fit_end", epoch=1, times=2)]
    with pytest.raises(KeyboardInterrupt):
        make_trainer(callbacks=callbacks).fit(*table, max_epochs=1)
    assert [callback.after for callback in callbacks] == [0, 0]
    assert [callback.closed for callback in callbacks] == [1, 1]


def test_where_nothing_was_learned_it_is_raised_in_any_case(make_trainer, table):
    trainer = make_trainer(callbacks=[Press("on_epoch_begin", epoch=1)], on_interrupt="return")
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(*table, max_epochs=3)
    trainer.callbacks = []
    trainer.fit(*table, max_epochs=1)
    trainer.callbacks = [Press("on_epoch_begin", epoch=1)]
    assert len(trainer.fit(*table, max_epochs=3)) == 1  # what an earlier fit learned is something to go on with
