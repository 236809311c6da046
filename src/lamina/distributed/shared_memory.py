"""Ranks of one machine, which add up vectors in memory that they share.

The memory is a file without a name (``memfd_create``), which rank 0 hands to the others through sockets: it goes with the last
process that has it, however that ends, and does not count against the size of ``/dev/shm``.

A sum takes two meetings. Before the first, each rank writes its vector into a place of its own. Between them, each adds up its
slice of all vectors, in the order of ranks, and writes the sums into all places: a reduce-scatter and an all-gather (Thakur,
Rabenseifner & Gropp 2005, "Optimization of collective communication operations in MPICH", section 4.3). After the second, each
reads the sum from its own place, into which nobody else writes until all have come to the next meeting. A vector that lies in its
place from the beginning (:meth:`SharedMemory.empty`) is not copied at all.
"""

from __future__ import annotations

import mmap
import os
import secrets
import socket
import struct
import time
from typing import Any

import numpy as np

from lamina.distributed.peer import Peer
from lamina.distributed.shares import share

__all__ = ["SharedMemory"]

_MARK = struct.Struct("<cq")  # at what a rank has arrived, with how many bytes
_PIECE = 1 << 15  # numbers that are added up at a time: they stay in the core's own cache


class SharedMemory:
    """A :class:`~lamina.distributed.Communicator` of memory that ranks on one machine share.

    Parameters
    ----------
    address : str
        Where rank 0 is met, as :meth:`listen` says.
    rank, size : int
    timeout_s : float
        How long this rank waits for others.
    listener : socket.socket, optional
        Of rank 0, as :meth:`listen` made it.

    Raises
    ------
    RuntimeError
        If not all ranks meet in time.
    """

    name = "shared memory"

    def __init__(self, address: str, rank: int, size: int, timeout_s: float, listener: socket.socket | None = None) -> None:
        self.rank, self.size = rank, size
        self._timeout_s = timeout_s
        self._peers: list[Peer] = []  # of rank 0: the others, in their order; of the others: rank 0
        self._places: list[np.ndarray] = []  # of bytes, one for each rank
        self._lent: list[np.ndarray] = []  # likewise, of numbers; this rank's own is the caller's
        try:
            if listener is None:
                self._peers = [Peer.reach(address, rank, timeout_s)]
            else:
                self._accept(listener)
            self.barrier()
        except BaseException as error:
            self.close()
            if isinstance(error, OSError):
                raise RuntimeError(f"the ranks did not meet in shared memory: {error}") from error
            raise

    @staticmethod
    def listen() -> tuple[str, socket.socket]:
        """An address of this machine, and the socket at which ranks meet there.

        It is a name in Linux's own space of names for sockets, and not a file: nothing can be left of it.
        """
        address = f"lamina-{secrets.token_hex(16)}"
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(f"\0{address}")
        listener.listen(1024)
        return address, listener

    def all_reduce(self, vector: np.ndarray) -> None:
        if self.size == 1:
            return
        is_lent = bool(self._lent) and vector is self._lent[self.rank]
        if is_lent:
            places = self._lent
        else:
            self._reserve(vector.nbytes)
            places = [place[: vector.nbytes].view(vector.dtype) for place in self._places]
            places[self.rank][:] = vector
        self._meet(b"r", vector.nbytes)
        _add_up(places, share(len(vector), self.rank, self.size))
        self._meet(b"g", vector.nbytes)
        if not is_lent:
            vector[:] = places[self.rank]

    def empty(self, length: int, dtype: np.dtype[Any]) -> np.ndarray:
        if not self._lent or len(self._lent[0]) != length or self._lent[0].dtype != dtype:
            num_bytes = length * np.dtype(dtype).itemsize
            self._lent = [place[:num_bytes].view(dtype) for place in self._new_places(num_bytes)]
        return self._lent[self.rank]

    def broadcast(self, array: np.ndarray) -> None:
        if self.size == 1:
            return
        self._reserve(array.nbytes)
        place, whole = self._places[0][: array.nbytes], array.reshape(-1).view(np.uint8)
        if self.rank == 0:
            place[:] = whole
        self._meet(b"b", array.nbytes)
        if self.rank > 0:
            whole[:] = place
        self._meet(b"d", array.nbytes)

    def barrier(self) -> None:
        self._meet(b"m", 0)

    def close(self) -> None:
        while self._peers:
            self._peers.pop().close()
        self._places, self._lent = [], []

    def _accept(self, listener: socket.socket) -> None:
        """Let the others come, in any order."""
        deadline = time.monotonic() + self._timeout_s
        with listener:
            while len(self._peers) < self.size - 1:
                came = Peer.accept(listener, deadline - time.monotonic())
                self._peers = sorted([*self._peers, came], key=lambda peer: peer.rank)

    def _meet(self, what: bytes, num_bytes: int) -> None:
        """Wait until all ranks are here; none may have come for something else."""
        mark, deadline = _MARK.pack(what, num_bytes), time.monotonic() + self._timeout_s
        if self.size > 1 and not self._peers:
            raise RuntimeError("this rank has left the others")
        try:
            if self.rank > 0:
                self._peers[0].tell(mark)
            for peer in self._peers:
                heard = peer.hear(len(mark), deadline)
                if heard != mark:
                    raise RuntimeError(
                        f"rank {peer.rank} is at {heard!r} and this one at {mark!r}: all must call the same methods"
                    )
            if self.rank == 0:
                for peer in self._peers:
                    peer.tell(mark)
        except BaseException:
            self.close()  # whoever waits for this rank hears of it
            raise

    def _reserve(self, num_bytes: int) -> None:
        """Have a place of so many bytes for each rank. All ranks know alike whether there is one."""
        if not self._places or num_bytes > len(self._places[0]):
            self._places = self._new_places(num_bytes)

    def _new_places(self, num_bytes: int) -> list[np.ndarray]:
        """Memory that rank 0 makes and gives to all others."""
        each = -(-max(num_bytes, 1) // mmap.PAGESIZE) * mmap.PAGESIZE
        file = -1
        try:
            if self.rank == 0:
                file = _new_file(each * self.size)
                for peer in self._peers:
                    peer.give(file)
            else:
                file = self._peers[0].take(time.monotonic() + self._timeout_s)
            memory = np.frombuffer(mmap.mmap(file, each * self.size), np.uint8)
        except BaseException:
            self.close()
            raise
        finally:
            if file >= 0:
                os.close(file)  # the mapping stays
        return [memory[rank * each : (rank + 1) * each] for rank in range(self.size)]


def _add_up(places: list[np.ndarray], mine: slice) -> None:
    """Write the sums of a slice of all places into all of them."""
    with np.errstate(over="ignore", invalid="ignore"):  # who asked for the sum looks at it
        for start in range(mine.start, mine.stop, _PIECE):
            piece = slice(start, min(start + _PIECE, mine.stop))
            total = places[0][piece] + places[1][piece]
            for place in places[2:]:
                total += place[piece]
            for place in places:
                place[piece] = total


def _new_file(num_bytes: int) -> int:
    file = os.memfd_create("lamina", os.MFD_CLOEXEC)
    try:
        os.posix_fallocate(file, 0, num_bytes)  # an error here, and not a signal in the midst of a sum
    except OSError as error:
        os.close(file)
        raise MemoryError(f"No {num_bytes} bytes of memory for ranks to share: {error}") from error
    return file
