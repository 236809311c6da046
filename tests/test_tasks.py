"""Independent tasks in threads, also where the system has no threads left."""

import threading
import time

import numpy as np
import pytest

from lamina import MLPClassifier, Perceptron
from lamina.analysis import width_sweep
from lamina.tasks import Tasks, map_in_threads


@pytest.fixture(params=[0, 1, 2])
def few_threads(monkeypatch, request):
    """A system that starts so many threads and no more."""
    start, left = threading.Thread.start, [request.param]

    def start_or_refuse(thread):
        if not left[0]:
            raise RuntimeError("can't start new thread")
        left[0] -= 1
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_or_refuse)


def test_results_come_in_the_order_of_the_items():
    assert map_in_threads(lambda item: (time.sleep(0.01 * (item == 0)), item)[1], range(20), 4) == list(range(20))


def test_a_thread_that_cannot_be_started_is_done_without(few_threads):
    assert map_in_threads(abs, range(-9, 0), 4) == list(range(9, 0, -1))


def test_no_items_give_no_results():
    assert map_in_threads(abs, [], 3) == []


@pytest.mark.parametrize("num_threads", [1, 2])
def test_after_an_error_nothing_more_is_begun(num_threads):
    begun = []

    def fail(item):
        begun.append(item)
        raise ValueError(f"item {item}")

    with pytest.raises(ValueError, match=r"item [01]"):
        map_in_threads(fail, range(100), num_threads)
    assert len(begun) <= num_threads


def test_without_a_thread_nothing_more_is_begun_after_an_error(monkeypatch):
    monkeypatch.setattr(threading.Thread, "start", lambda thread: (_ for _ in ()).throw(RuntimeError("can't start new thread")))
    begun = []
    with pytest.raises(ZeroDivisionError):
        map_in_threads(lambda item: (begun.append(item), 1 / item), [2, 1, 0, 3, 4], 2)
    assert begun == [2, 1, 0]


def test_cancelled_tasks_count_as_done():
    tasks = Tasks([time.time] * 3)
    tasks.cancel()
    tasks.start(2)
    assert tasks.wait(0) and all(future.cancelled() for future in tasks.futures)


def test_not_all_are_done_while_one_works():
    gate = threading.Event()
    tasks = Tasks([gate.wait])
    tasks.start(1)
    assert not tasks.wait(0)
    gate.set()
    assert tasks.wait()


# Where the library has such tasks

X, Y = np.random.default_rng(0).normal(size=(60, 3)), np.arange(60) % 3


def _restarts():
    model = MLPClassifier((4,), n_restarts=3, max_iter=3, random_state=0, n_threads=3)
    return model.fit(X, Y).coefs_[0]


def _perceptron():
    return Perceptron(n_jobs=3, random_state=0, max_iter=5, tol=None).fit(X, Y).coef_


def _sweep():
    return width_sweep((X, X[:, 0]), widths=(1, 2), seeds=2, max_epochs=2, n_jobs=3).errors


@pytest.mark.parametrize("train", [_restarts, _perceptron, _sweep])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_trainings_without_threads_are_the_same(train, few_threads, monkeypatch):
    with_few = train()
    monkeypatch.undo()
    np.testing.assert_array_equal(with_few, train())
