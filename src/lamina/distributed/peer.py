"""Another process of this machine, as one process sees it: what it says, and whether it is still there.

Who waits for it sleeps, takes no core from a process that computes, and is woken by its end as by its word. A fork of the other
process keeps that one's sockets open; so the system is asked for the end of the process itself, too (``pidfd_open``).
"""

from __future__ import annotations

import os
import select
import socket
import struct
import time

__all__ = ["Peer"]

_RANK = struct.Struct("<i")
_CREDENTIALS = struct.Struct("3i")  # process, user, group: Linux's struct ucred
_LONGEST_S = 3600.0  # poll counts milliseconds in an int


class Peer:
    """One end of a connection between two processes of one user.

    Parameters
    ----------
    connection : socket.socket
        Connected, of Unix.

    Attributes
    ----------
    rank : int
        Of the other process.

    Raises
    ------
    OSError
        If the other process is another user's, or has ended.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.rank = 0
        self._connection = connection
        packed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        process, user, _ = _CREDENTIALS.unpack(packed)
        if user != os.geteuid():
            raise PermissionError(f"process {process} is another user's")
        self._process = os.pidfd_open(process)
        self._ready = select.poll()
        for file in (connection.fileno(), self._process):
            self._ready.register(file, select.POLLIN)

    @classmethod
    def reach(cls, address: str, rank: int, timeout_s: float) -> Peer:
        """Rank 0, which listens at an address, for a rank that says its number."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(timeout_s)
            connection.connect(f"\0{address}")
            connection.settimeout(None)
            peer = cls(connection)
        except BaseException:
            connection.close()
            raise
        peer.tell(_RANK.pack(rank))
        return peer

    @classmethod
    def accept(cls, listener: socket.socket, timeout_s: float) -> Peer:
        """The next one that comes to rank 0."""
        listener.settimeout(max(timeout_s, 1e-3))
        connection, _ = listener.accept()
        try:
            connection.settimeout(None)
            peer = cls(connection)
        except BaseException:
            connection.close()
            raise
        try:
            (peer.rank,) = _RANK.unpack(peer.hear(_RANK.size, time.monotonic() + timeout_s))
        except BaseException:
            peer.close()
            raise
        return peer

    def tell(self, word: bytes) -> None:
        """Say a few bytes.

        Raises
        ------
        RuntimeError
            If the other process has ended.
        """
        try:
            self._connection.sendall(word)
        except OSError as error:
            raise self._ended() from error

    def hear(self, num_bytes: int, deadline: float) -> bytes:
        """The next bytes that the other process says.

        Raises
        ------
        RuntimeError
            If it has ended, or says nothing before the deadline, on the clock of ``time.monotonic``.
        """
        heard = b""
        while len(heard) < num_bytes:
            self._wait(deadline)
            try:
                part = self._connection.recv(num_bytes - len(heard))
            except OSError as error:
                raise self._ended() from error
            if not part:
                raise self._ended()
            heard += part
        return heard

    def give(self, file: int) -> None:
        """Hand over an open file; as :meth:`tell`."""
        try:
            socket.send_fds(self._connection, [b"f"], [file])
        except OSError as error:
            raise self._ended() from error

    def take(self, deadline: float) -> int:
        """The number of a file that the other process gives; as :meth:`hear`."""
        self._wait(deadline)
        said, files, _, _ = socket.recv_fds(self._connection, 1, 1)
        if not files:
            raise RuntimeError(f"rank {self.rank} is elsewhere: all must call the same methods") if said else self._ended()
        return files[0]

    def close(self) -> None:
        """Leave the other process, which hears of it."""
        self._connection.close()
        os.close(self._process)

    def _wait(self, deadline: float) -> None:
        """Until there is something to receive, be it the connection's end."""
        began = time.monotonic()
        while True:
            left = deadline - time.monotonic()
            ready = {file for file, _ in self._ready.poll(1e3 * min(max(left, 0.0), _LONGEST_S))}
            if ready == {self._process}:  # it may have said something between the two looks
                ready = {file for file, _ in self._ready.poll(0)}
            if self._connection.fileno() in ready:
                return
            if ready:
                raise self._ended()
            if left <= 0:
                raise RuntimeError(f"rank {self.rank} did not answer in {time.monotonic() - began:.1f} s")

    def _ended(self) -> RuntimeError:
        return RuntimeError(f"rank {self.rank} has ended")
