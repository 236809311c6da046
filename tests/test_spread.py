"""Independent tasks in joblib's workers."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import joblib
import pytest

from lamina.errors import DataError, LostWorkerError
from lamina.spread import num_workers, spread


def doubled(x: int) -> int:
    return 2 * x


def fails_at(x: int, bad: int) -> int:
    if x == bad:
        raise DataError(f"{x} is bad")
    return x


def dies_at(x: int, bad: int) -> int:
    if x == bad:
        os.kill(os.getpid(), signal.SIGKILL)
    return x


def process_of(_: int) -> int:
    return os.getpid()


@pytest.mark.parametrize("backend", ["loky", "threading"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_the_order_of_the_items(backend: str, jobs: int):
    with joblib.parallel_config(backend):
        assert list(spread(doubled, range(7), jobs)) == [2 * x for x in range(7)]


def test_results_that_come_as_they_end_are_all_there():
    assert sorted(spread(doubled, range(7), 2, as_they_end=True)) == [2 * x for x in range(7)]


def test_without_jobs_the_context_decides():
    with joblib.parallel_config("loky", n_jobs=2):
        assert num_workers(None) == 2
        assert os.getpid() not in set(spread(process_of, range(4)))
    assert set(spread(process_of, range(4))) == {os.getpid()}


def test_an_item_is_taken_when_there_is_a_worker_for_it(tmp_path: Path):
    done_at = []

    def items() -> Iterator[Path]:
        for i in range(20):
            done_at.append(len(list(tmp_path.iterdir())))
            yield tmp_path / str(i)

    list(spread(Path.touch, items(), 2))
    assert all(done >= i - 2 for i, done in enumerate(done_at)), done_at


@pytest.mark.parametrize("as_they_end", [False, True])
def test_an_error_of_a_worker_is_raised_here(as_they_end: bool):
    with pytest.raises(DataError, match="3 is bad"):
        list(spread(partial(fails_at, bad=3), range(40), 2, as_they_end=as_they_end))


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGKILL")
def test_a_worker_that_is_killed_is_an_error_that_says_so():
    with pytest.raises(LostWorkerError, match=r"was ended \(SIGKILL\)"):
        list(spread(partial(dies_at, bad=3), range(40), 2))
    assert list(spread(doubled, range(3), 2)) == [0, 2, 4], "and the next ones are not concerned"


class _Unloadable:
    def __reduce__(self):
        return (pickle.loads, (b"no pickle",))


def test_what_cannot_be_sent_is_no_lost_worker():
    with pytest.raises(Exception, match="un-serialize") as raised:  # of joblib
        list(spread(doubled, [_Unloadable(), _Unloadable()], 2))
    assert not isinstance(raised.value, LostWorkerError)
