from __future__ import annotations

import sys

import pytest

from lamina.distributed import join
from lamina.distributed.choice import chosen_communicator, is_one_machine, machine
from lamina.errors import InvalidSettingError


@pytest.mark.parametrize(
    ("asked", "otherwise", "one_machine", "name"),
    [
        (None, "gloo", True, "shared memory"),
        (None, "gloo", False, "gloo"),
        (None, "MPI", False, "MPI"),
        ("shared memory", "MPI", True, "shared memory"),
        ("gloo", "gloo", True, "gloo"),
        ("MPI", "MPI", False, "MPI"),
    ],
)
def test_ranks_share_memory_where_they_can_unless_something_else_is_asked_for(
    asked: str | None, otherwise: str, one_machine: bool, name: str
) -> None:
    assert chosen_communicator(asked, otherwise, one_machine=one_machine) == name


@pytest.mark.parametrize(
    ("asked", "one_machine", "message"),
    [
        ("MPI", True, "communicator must be 'shared memory', 'gloo' or None for ranks that were started so, got 'MPI'"),
        ("shared memory", False, r"the ranks are not on one machine with Linux.*Leave it out, or give 'gloo'\."),
    ],
)
def test_what_ranks_cannot_have_is_refused(asked: str, one_machine: bool, message: str) -> None:
    with pytest.raises(InvalidSettingError, match=message):
        chosen_communicator(asked, "gloo", one_machine=one_machine)


def test_a_name_that_no_communicator_has_is_refused() -> None:
    with pytest.raises(
        InvalidSettingError, match="communicator must be one of 'shared memory', 'gloo', 'MPI', or None, got 'UDP'"
    ):
        join(communicator="UDP")


def test_processes_of_one_machine_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine() == machine()
    assert is_one_machine([machine()] * 3) == (sys.platform == "linux")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert machine() == ""
