"""Runs a server until it is told to end: by Ctrl-C, or by a signal to terminate."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from lamina.extras import require
from lamina.http_server.asgi import App, Receive, Scope, Send

__all__ = ["given_up_quietly", "run"]

_ENDING = json.dumps({"error": {"message": "the server ends, and did not come to this request. Ask again later."}}).encode()


def run(app: App, listening: socket.socket, *, patience_s: int, owner: str, **settings: Any) -> None:
    """Serve until Ctrl-C or SIGTERM; then take no more requests, and answer those that have come.

    Parameters
    ----------
    app : ASGI application
    listening : socket.socket
        Closed at the end.
    patience_s : int
        So long requests may go on after the signal; what then still runs is answered by 503. A second Ctrl-C ends at once.
    owner : str
        What needs the packages, for the error message.
    **settings
        Of ``uvicorn.Config``.

    Raises
    ------
    MissingPackageError
        If the extra ``lab`` is not installed.
    """
    uvicorn = require("uvicorn", owner=owner)
    usual: dict[str, Any] = {"log_level": "error", "server_header": False, "timeout_graceful_shutdown": patience_s}
    server = uvicorn.Server(uvicorn.Config(given_up_quietly(app), **(usual | settings)))
    # The server raises the signal again that ended it, for whoever handled it before.
    with suppress(KeyboardInterrupt), _termination_as_ctrl_c(), listening:
        asyncio.run(server.serve(sockets=[listening]))


def given_up_quietly(app: App) -> App:
    """The application, of which a call that the server gives up at its end is no error.

    A server that has waited for its patience cancels what still runs, such as the socket of a page that does not answer any more,
    and would write a traceback of it. A request that was not answered yet is told to come again.
    """

    async def quiet(scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def sending(message: MutableMapping[str, Any]) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await app(scope, receive, sending)
        except asyncio.CancelledError:
            if scope["type"] == "http" and not has_begun:
                length = (b"content-length", str(len(_ENDING)).encode())
                headers = [(b"content-type", b"application/json"), length, (b"connection", b"close")]
                await send({"type": "http.response.start", "status": 503, "headers": headers})
                await send({"type": "http.response.body", "body": _ENDING})

    return quiet


@contextmanager
def _termination_as_ctrl_c() -> Iterator[None]:
    """Let SIGTERM raise KeyboardInterrupt; without, it would end the process with an exit code of its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
