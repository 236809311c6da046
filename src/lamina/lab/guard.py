"""Who may talk to the lab: its own page, opened by the address that it printed, and nobody else."""

from __future__ import annotations

import secrets
from collections.abc import MutableMapping
from typing import Any

from lamina.http_server import App, Receive, Scope, Send, header_values

__all__ = ["HEADERS", "Guard", "new_token"]

#: With every answer: the page may talk to its own server alone, and nobody may frame it, or learn its address.
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_REFUSED = {
    403: b"This page is for the one who started the lab: open the address that it printed.",
    404: b"There is no such page.",
}


def new_token() -> str:
    """Characters that nobody can guess."""
    return secrets.token_urlsafe(24)


class Guard:
    """Lets requests through whose path begins with the token, and that were made to this server, by its own pages.

    A page of another site can make a browser send requests here. They carry that site as ``Origin``, and, if its name was made
    to lead here ("DNS rebinding"), that name as ``Host``. Both are refused before anything is read.

    Parameters
    ----------
    app : ASGI application
        It sees paths without the token.
    token : str
    port : int
    """

    def __init__(self, app: App, token: str, port: int) -> None:
        self._app = app
        self._prefix = f"/{token}"
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self._origins = {f"http://{host}" for host in self._hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if not self._is_own(scope):
            await _refuse(scope, send, 403)
            return
        path = scope["path"][len(self._prefix) :]

        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *((k.encode(), v.encode()) for k, v in HEADERS.items())]
            await send(message)

        await self._app({**scope, "path": path, "raw_path": path.encode()}, receive, with_headers)

    def _is_own(self, scope: Scope) -> bool:
        path = scope["path"]
        has_token = secrets.compare_digest(path[: len(self._prefix)].encode(), self._prefix.encode())
        hosts, origins = header_values(scope, b"host"), header_values(scope, b"origin")
        is_page = scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and not origins
        return (
            has_token
            and path[len(self._prefix) :].startswith("/")
            and bool(hosts)
            and hosts <= self._hosts
            and (is_page or (bool(origins) and origins <= self._origins))
        )


async def _refuse(scope: Scope, send: Send, status: int) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *((k.encode(), v.encode()) for k, v in HEADERS.items())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": _REFUSED[status]})
