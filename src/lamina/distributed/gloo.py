"""Ranks that reach each other by gloo, the part of torch.distributed for processors.

The process group is an object of its own and not torch's default one, so that a program that uses that is not disturbed, and a
group that lost a rank can be replaced.
"""

from __future__ import annotations

import os
import weakref
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np

from lamina.extras import require

__all__ = ["Gloo", "Torchrun"]

_OWNER = "Communication by gloo"


class Gloo:
    """A :class:`~lamina.distributed.Communicator` of gloo.

    Parameters
    ----------
    host, port : str, int
        Where rank 0 is met; there it listens.
    rank, size : int
    timeout_s : float
        How long this rank waits for others.
    store : optional
        The listening end that :meth:`listen` returned, of rank 0.
    """

    name = "gloo"

    def __init__(self, host: str, port: int, rank: int, size: int, timeout_s: float, store: Any = None) -> None:
        distributed = require("torch.distributed", owner=_OWNER)
        self._torch = require("torch", owner=_OWNER)
        self.rank, self.size = rank, size
        timeout = timedelta(seconds=timeout_s)
        if store is None:
            store = distributed.TCPStore(host, port, is_master=False, timeout=timeout)
        self._held = [distributed.ProcessGroupGloo(store, rank, size, timeout), store]
        # A group that is still there when the interpreter ends aborts the process, since its threads were not joined.
        self._leave = weakref.finalize(self, _leave, self._held)

    @staticmethod
    def listen(timeout_s: float) -> Any:
        """A store on a free ``port`` of this machine, at which ranks meet."""
        distributed = require("torch.distributed", owner=_OWNER)
        timeout = timedelta(seconds=timeout_s)
        return distributed.TCPStore("0.0.0.0", 0, is_master=True, wait_for_workers=False, timeout=timeout)

    def all_reduce(self, vector: np.ndarray) -> None:
        self._held[0].allreduce(self._torch.from_numpy(vector)).wait()

    def empty(self, length: int, dtype: np.dtype[Any]) -> np.ndarray:
        return np.empty(length, dtype)

    def broadcast(self, array: np.ndarray) -> None:
        self._held[0].broadcast(self._torch.from_numpy(array), 0).wait()

    def barrier(self) -> None:
        self._held[0].barrier().wait()

    def close(self) -> None:
        self._leave()


def _leave(held: list[Any]) -> None:
    """End a group, and then what its ranks met at."""
    while held:
        del held[0]


class Torchrun(NamedTuple):
    """The ranks that ``torchrun`` started, before they are connected.

    ``rank``, ``size``; ``store``, a ``torch.distributed.Store`` that all of them reach.
    """

    rank: int
    size: int
    store: Any

    @classmethod
    def found(cls, timeout_s: float) -> Torchrun | None:
        """None if ``torchrun`` did not start this process."""
        names = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
        if any(name not in os.environ for name in names):
            return None
        rank, size, host, port = (os.environ[name] for name in names)
        distributed = require("torch.distributed", owner=_OWNER)
        # torchrun's own agent listens at the port where TORCHELASTIC_USE_AGENT_STORE says so.
        is_master = int(rank) == 0 and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True"
        timeout = timedelta(seconds=timeout_s)
        store = distributed.TCPStore(host, int(port), is_master=is_master, wait_for_workers=False, timeout=timeout)
        # Keys of an earlier round, or of an earlier joining, are still there.
        prefix = f"lamina/{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}"
        joined = store.add(f"{prefix}/joined/{rank}", 1)
        return cls(int(rank), int(size), distributed.PrefixStore(f"{prefix}/{joined}", store))

    def gather(self, text: str) -> list[str]:
        """On rank 0 what all ranks say, in their order; on the others nothing."""
        self.store.set(f"said/{self.rank}", text)
        ranks = range(self.size) if self.rank == 0 else ()
        return [self.store.get(f"said/{rank}").decode() for rank in ranks]

    def announced(self, text: str) -> str:
        """What rank 0 says."""
        if self.rank == 0:
            self.store.set("announced", text)
        return str(self.store.get("announced").decode())

    def connect(self, timeout_s: float) -> Gloo:
        return Gloo("", 0, self.rank, self.size, timeout_s, self.store)
