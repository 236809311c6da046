"""A lab that is served for a test, and pages of it that speak its language."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from websockets.sync.client import ClientConnection, connect

from lamina.lab.frames import unpack
from lamina.lab.server import Lab, make_app

__all__ = ["Page", "Served", "served"]

TOKEN = "a-token-of-a-test"
_LONG_S = 60.0


class Page:
    """The web socket of a page."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.welcome = self.hear("welcome")

    def ask(self, **message: Any) -> None:
        self.connection.send(json.dumps(message))

    def hear(self, kind: str) -> dict[str, Any]:
        """The next message of a kind."""
        ends = time.monotonic() + _LONG_S
        while time.monotonic() < ends:
            message = self.connection.recv(_LONG_S)
            heard: dict[str, Any] = json.loads(message) if isinstance(message, str) else {"kind": "frame", "bytes": message}
            if heard["kind"] == kind:
                return heard
        raise TimeoutError(kind)

    def see(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The next frame."""
        return unpack(self.hear("frame")["bytes"])


@dataclass
class Served:
    """Where a lab is served."""

    lab: Lab
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/{TOKEN}/"

    @contextmanager
    def page(self, **settings: Any) -> Iterator[Page]:
        given = {"origin": f"http://127.0.0.1:{self.port}", "max_size": 10**8, "proxy": None} | settings
        with connect(f"ws://127.0.0.1:{self.port}/{TOKEN}/live", **given) as connection:
            yield Page(connection)


@contextmanager
def served(lab: Lab) -> Iterator[Served]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    settings: dict[str, Any] = {"log_level": "critical", "ws": "websockets-sansio", "ws_max_size": 1_000_000, "lifespan": "off"}
    server = uvicorn.Server(uvicorn.Config(make_app(lab, TOKEN, port), timeout_graceful_shutdown=1, **settings))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield Served(lab, port)
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
