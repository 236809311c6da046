"""A model that is served for a test, and a client of it."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import uvicorn

from lamina.http_server import LOOPBACK, App, listen

__all__ = ["Answered", "Client", "running"]

JSON = "application/json"


class Answered(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = self.json["error"]
        return found


@dataclass
class Client:
    """Who asks a server."""

    port: int

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answered:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(http.client.HTTPConnection(LOOPBACK, self.port, timeout=60)) as connection:
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return Answered(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())

    def get(self, path: str) -> Answered:
        return self.ask("GET", path)

    def send(self, content: bytes | str, path: str = "/predict", **headers: str) -> Answered:
        """A body as it is."""
        body = content.encode() if isinstance(content, str) else content
        return self.ask("POST", path, body, **({"content_type": JSON} | headers))

    def predict(self, rows: Any, path: str = "/predict") -> Answered:
        return self.send(json.dumps(rows), path)


@contextmanager
def running(app: App) -> Iterator[Client]:
    listening = listen(LOOPBACK, 0, owner="test")
    port = listening.getsockname()[1]
    settings: dict[str, Any] = {"log_level": "critical", "ws": "none", "lifespan": "off"}
    server = uvicorn.Server(uvicorn.Config(app, timeout_graceful_shutdown=1, **settings))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield Client(port)
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
