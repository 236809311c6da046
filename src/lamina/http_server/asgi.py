"""The words of ASGI, by which a server and an application speak to each other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

__all__ = ["App", "Receive", "Scope", "Send", "header_values"]

Scope: TypeAlias = "MutableMapping[str, Any]"
Receive: TypeAlias = "Callable[[], Awaitable[MutableMapping[str, Any]]]"
Send: TypeAlias = "Callable[[MutableMapping[str, Any]], Awaitable[None]]"
App: TypeAlias = "Callable[[Scope, Receive, Send], Awaitable[None]]"


def header_values(scope: Scope, name: bytes) -> set[str]:
    """Every value of a header, which may have been sent twice.

    >>> sorted(header_values({"headers": [(b"host", b"a"), (b"host", b"b"), (b"origin", b"c")]}, b"host"))
    ['a', 'b']
    """
    return {value.decode("latin-1") for key, value in scope["headers"] if key == name}
