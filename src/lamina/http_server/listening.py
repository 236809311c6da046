"""A socket that a server listens on."""

from __future__ import annotations

import errno
import socket
import sys

from lamina.errors import InvalidSettingError

__all__ = ["LOOPBACK", "listen"]

#: The address of this machine that no other can reach.
LOOPBACK = "127.0.0.1"


def listen(host: str, port: int, *, tries: int = 1, owner: str) -> socket.socket:
    """A socket that listens at the first free port of ``tries`` from ``port`` on.

    Parameters
    ----------
    host : str
        A name or an address of this machine.
    port : int
        0: one that is free.
    tries : int, default=1
        How many ports to try.
    owner : str
        The command, for error messages.

    Returns
    -------
    socket.socket
        Clients that are quicker than the server wait in its queue.

    Raises
    ------
    InvalidSettingError
        If the host is none of this machine's, the port is not allowed, or none is free.

    Examples
    --------
    >>> with listen(LOOPBACK, 0, owner="example") as listening:
    ...     listening.getsockname()[1] > 0
    True
    """
    family, refused = _family(host, owner), False
    for number in range(port, min(port + tries, 65536)):
        # By the protocol's number asyncio knows that answers are to be sent at once (TCP_NODELAY); without, some wait 40 ms.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            if sys.platform != "win32":  # there it would let two programs listen at one port
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of a server that ended linger on
            listening.bind((host, number))
            listening.listen(1024)
        except OSError as error:
            listening.close()
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                reason = (error.strerror or str(error)).lower()
                raise InvalidSettingError(f"{owner}: cannot listen at {host!r}: {reason}. Choose another --host.") from error
            refused = error.errno == errno.EACCES
        else:
            return listening
    if refused:
        raise InvalidSettingError(f"{owner}: port {port} is not allowed to this user. Choose one above 1023 with --port.")
    what = f"port {port} is in use" if tries == 1 else f"the ports from {port} on are in use"
    raise InvalidSettingError(f"{owner}: {what}. Choose another with --port.")


def _family(host: str, owner: str) -> socket.AddressFamily:
    try:
        families = [found[0] for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        rule = "must be a name or an address of this machine, such as 127.0.0.1 or 0.0.0.0"
        raise InvalidSettingError(f"{owner}: --host {rule}, got {host!r}.") from error
    return socket.AF_INET if socket.AF_INET in families else families[0]
