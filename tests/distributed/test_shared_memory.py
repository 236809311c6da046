"""Ranks that are real processes and share memory; rank 0 is mostly the test itself."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from tests.distributed.shared_ranks import LENGTHS, broadcasts, own, sums, train

from lamina.distributed.choice import machine
from lamina.distributed.shared_memory import SharedMemory

pytestmark = pytest.mark.skipif(not machine(), reason="needs Linux")

PROGRAM = Path(__file__).with_name("shared_ranks.py")


class Rank:
    """A process that runs the program, as far as it has come."""

    def __init__(self, address: str, rank: int, size: int, what: str) -> None:
        root = str(Path(__file__).parents[2])
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([root, *filter(None, sys.path)]), "OMP_NUM_THREADS": "1"}
        python = [sys.executable, *["-S"] * sys.flags.no_site]  # as these tests are run
        command = [*python, str(PROGRAM), address, str(rank), str(size), what]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@contextmanager
def ranks(*what: str, timeout_s: float = 30.0) -> Iterator[tuple[SharedMemory, list[Rank]]]:
    """Rank 0 here, and one process for each of the others; they are about to meet."""
    address, listener = SharedMemory.listen()
    others = [Rank(address, rank, 1 + len(what), each) for rank, each in enumerate(what, start=1)]
    try:
        assert [other.line() for other in others] == ["ready"] * len(others)
        communicator = SharedMemory(address, 0, 1 + len(what), timeout_s, listener)
        yield communicator, others
        communicator.close()
    finally:
        for other in others:
            other.end()


def traces() -> set[str]:
    """Names of shared memory and of Lamina's sockets."""
    sockets = re.findall("@lamina-.*", Path("/proc/net/unix").read_text(encoding="utf-8", errors="replace"))
    return {path.name for path in Path("/dev/shm").glob("*lamina*")} | set(sockets)


@pytest.mark.parametrize(("size", "lent"), [(2, False), (2, True), (4, False), (4, True)])
def test_sums_are_in_the_order_of_ranks_and_of_the_same_bits_on_all(size: int, lent: bool) -> None:
    expected = hashlib.sha256()
    for dtype in ("float32", "float64"):
        for length in LENGTHS:
            total = own(0, length, dtype)
            with np.errstate(over="ignore"):
                for rank in range(1, size):
                    total = total + own(rank, length, dtype)
            expected.update(total.tobytes())
    with ranks(*["lent sums" if lent else "sums"] * (size - 1)) as (communicator, others):
        assert sums(communicator, lent=lent) == expected.hexdigest()
        assert {other.line() for other in others} == {expected.hexdigest()}


def test_broadcasts_of_all_kinds_arrive() -> None:
    with ranks("broadcasts") as (communicator, (other,)):
        assert str(broadcasts(communicator)) == other.line()


def test_one_rank_is_its_own_sum() -> None:
    with ranks() as (communicator, _):
        vector = np.arange(3.0)
        communicator.all_reduce(vector)
        communicator.broadcast(vector)
        assert vector.tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("what", ["killed", "killed, with a fork"])
def test_all_ranks_notice_at_once_that_one_was_killed(what: str) -> None:
    with ranks("for ever", what, "for ever") as (communicator, others):
        with pytest.raises(RuntimeError, match="rank 2 has ended"):
            communicator.all_reduce(np.ones(100_000, np.float32))
        assert {others[0].line(), others[2].line()} == {"rank 0 has ended"}  # which left when it noticed
        with pytest.raises(RuntimeError, match="this rank has left the others"):
            communicator.barrier()


def test_ranks_notice_the_end_of_rank_0() -> None:
    with ranks("for ever", "for ever") as (communicator, others):
        communicator.close()
        assert {other.line() for other in others} == {"rank 0 has ended"}


def test_a_rank_that_hangs_is_given_up_after_the_timeout() -> None:
    with ranks("stopped", "for ever", timeout_s=0.5) as (communicator, others):
        with pytest.raises(RuntimeError, match=r"rank 1 did not answer in 0\.[5-9] s"):
            communicator.all_reduce(np.ones(100_000, np.float32))
        assert others[1].line() == "rank 0 has ended"


def test_a_slow_rank_is_waited_for_without_work_and_changes_nothing() -> None:
    with ranks("train", timeout_s=10.0) as (communicator, (other,)):
        began, worked = time.perf_counter(), time.thread_time()
        weights = train(communicator)
        waited, worked = time.perf_counter() - began, time.thread_time() - worked
        assert other.line() == str(weights)
    assert len(set(weights)) == 1
    assert waited - worked > 0.5  # before 6 steps the other one sleeps 0.1 s


def test_ranks_that_call_different_methods_are_told() -> None:
    with ranks("barrier") as (communicator, _), pytest.raises(RuntimeError, match="all must call the same methods"):
        communicator._meet(b"r", 8)
    with ranks("barrier") as (communicator, _), pytest.raises(RuntimeError, match="all must call the same methods"):
        communicator.all_reduce(np.ones(3))


def test_nothing_is_left_of_ranks_that_all_were_killed() -> None:
    before = traces()
    first = Rank("", 0, 3, "for ever")
    others = []
    try:
        address = first.line()
        assert f"@{address}" in traces()
        others = [Rank(address, rank, 3, "for ever") for rank in (1, 2)]
        assert [rank.line() for rank in (first, *others)] == ["ready"] * 3
        deadline = time.monotonic() + 20
        while not any("memfd:lamina" in mapped(rank) for rank in others):  # they are adding up
            assert time.monotonic() < deadline
            time.sleep(0.01)
        for rank in (first, *others):
            rank.process.send_signal(signal.SIGKILL)
    finally:
        for rank in (first, *others):
            rank.end()
    assert traces() <= before


def mapped(rank: Rank) -> str:
    return Path(f"/proc/{rank.process.pid}/maps").read_text(encoding="utf-8")


def test_ranks_that_do_not_come_are_not_waited_for_for_ever() -> None:
    address, listener = SharedMemory.listen()
    with pytest.raises(RuntimeError, match="the ranks did not meet in shared memory: timed out"):
        SharedMemory(address, 0, 2, 0.05, listener)
    with pytest.raises(RuntimeError, match=r"the ranks did not meet in shared memory: .*Connection refused"):
        SharedMemory(address, 1, 2, 0.05)


def test_another_users_process_is_not_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(RuntimeError, match=r"process \d+ is another user's"), ranks("barrier"):
        pass


def test_memory_that_there_is_not_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:
        raise OSError(28, "No space left on device")

    with ranks("for ever") as (communicator, (other,)):
        monkeypatch.setattr(os, "posix_fallocate", refuse)
        with pytest.raises(MemoryError, match=r"No \d+ bytes of memory for ranks to share: .*No space left"):
            communicator.all_reduce(np.ones(3))
        assert other.line() == "rank 0 has ended"
