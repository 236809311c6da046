"""Lets requests through that were made to this server by a name of its own."""

from __future__ import annotations

from collections.abc import Collection

from lamina.http_server import App, Receive, Scope, Send, header_values
from lamina.serving.json_text import as_json
from lamina.serving.refused import RefusedError

__all__ = ["HostGuard"]


class HostGuard:
    """Lets requests through whose ``Host`` is one of those allowed.

    A page of another site can have its own name lead to this machine ("DNS rebinding"), and would then be let read what a server
    that listens to this machine alone answers. Its requests carry that name.

    Parameters
    ----------
    app : ASGI application
    hosts : collection of str
        Names without ports.
    """

    def __init__(self, app: App, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            odd = {name for name in map(_without_port, header_values(scope, b"host")) if name not in self._hosts}
            if odd:
                await _refuse(send, sorted(odd)[0])
                return
        await self._app(scope, receive, send)


def _without_port(host: str) -> str:
    """The name in lower case.

    >>> _without_port("LOCALHOST:80"), _without_port("[::1]:80")
    ('localhost', '[::1]')
    """
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdecimal() else host.lower()


async def _refuse(send: Send, host: str) -> None:
    message = f"this server answers to names of its own machine, got the host {host!r}. Start it with --allow-host {host}."
    refused = RefusedError(421, message)
    body = as_json(refused.to_dict())
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
