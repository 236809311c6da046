"""Joins ranks that ``torchrun`` or ``mpirun`` made."""

from __future__ import annotations

from typing import Protocol

from lamina.distributed.choice import COMMUNICATORS, chosen_communicator, is_one_machine, machine
from lamina.distributed.communicator import Communicator
from lamina.distributed.gloo import Torchrun
from lamina.distributed.mpi import MPI, is_under_mpirun
from lamina.distributed.shared_memory import SharedMemory
from lamina.errors import InvalidSettingError
from lamina.validation import Rule, check_parameters, choice, number, one_of, value

__all__ = ["join"]


_RULES: dict[str, Rule] = {
    "communicator": one_of(choice(COMMUNICATORS), value(None)),
    "timeout_s": number(0, closed="neither"),
}


def join(*, communicator: str | None = None, timeout_s: float = 1800.0) -> Communicator:
    """This process's connection to the others that ``torchrun`` or ``mpirun`` started with it.

    Parameters
    ----------
    communicator : {"shared memory", "gloo", "MPI"}, optional
        What the ranks speak by. None: shared memory if all are on one machine with Linux, else gloo (extra ``gloo``) under
        ``torchrun`` and MPI (extra ``mpi``) under ``mpirun``.
    timeout_s : float, default=1800
        How long a rank waits for the others before it fails, > 0. MPI waits without end.

    Returns
    -------
    Communicator

    Raises
    ------
    InvalidSettingError
        If neither started this process, or the communicator is none that these ranks can have.
    MissingPackageError
        If torch or mpi4py is not installed; by them the ranks find each other.

    Examples
    --------
    >>> join()
    Traceback (most recent call last):
        ...
    lamina.errors.InvalidSettingError: There are no other ranks: neither torchrun nor mpirun started this process. Start it by \
`torchrun --nproc-per-node 2 program.py` or `mpirun -n 2 python program.py`, or give workers=… to lamina.distributed.fit.
    """
    check_parameters({"communicator": communicator, "timeout_s": timeout_s}, _RULES, owner="join")
    under_torchrun = Torchrun.found(timeout_s)
    if under_torchrun is not None:
        return _connected(under_torchrun, communicator, "gloo", timeout_s)
    if is_under_mpirun():
        return _connected(MPI(), communicator, "MPI", timeout_s)
    raise InvalidSettingError(
        "There are no other ranks: neither torchrun nor mpirun started this process. Start it by "
        "`torchrun --nproc-per-node 2 program.py` or `mpirun -n 2 python program.py`, "
        "or give workers=… to lamina.distributed.fit."
    )


class _Launched(Protocol):
    """Ranks that a launcher made, and what they can say to each other by its means."""

    @property
    def rank(self) -> int: ...
    @property
    def size(self) -> int: ...
    def gather(self, text: str) -> list[str]: ...
    def announced(self, text: str) -> str: ...
    def connect(self, timeout_s: float) -> Communicator: ...


def _connected(ranks: _Launched, asked: str | None, otherwise: str, timeout_s: float) -> Communicator:
    address, listener = "", None
    if is_one_machine(ranks.gather(machine())):  # on rank 0
        address, listener = SharedMemory.listen()
    address = ranks.announced(address)
    if chosen_communicator(asked, otherwise, one_machine=bool(address)) == SharedMemory.name:
        return SharedMemory(address, ranks.rank, ranks.size, timeout_s, listener)
    if listener is not None:
        listener.close()
    return ranks.connect(timeout_s)
