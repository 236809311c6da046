"""A server ends quietly, whatever its clients do."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from lamina.http_server.running import given_up_quietly


async def given_up(kind: str, *, begins: bool = False) -> list[dict[str, Any]]:
    """What is sent of a call that is cancelled while it waits."""
    sent: list[dict[str, Any]] = []
    waits = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if begins:
            await send({"type": "begin"})
        waits.set()
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    task: asyncio.Task[None] = asyncio.create_task(given_up_quietly(app)({"type": kind}, None, send))  # type: ignore[arg-type]
    await waits.wait()
    task.cancel()
    await task
    return sent


@pytest.mark.parametrize(("kind", "begins"), [("websocket", True), ("websocket", False), ("http", True)])
def test_a_call_that_is_given_up_ends_without_an_error(kind: str, begins: bool) -> None:
    assert len(asyncio.run(given_up(kind, begins=begins))) == begins


def test_a_request_that_was_not_answered_is_told_to_come_again() -> None:
    begin, body = asyncio.run(given_up("http"))
    assert begin["status"] == 503
    assert "Ask again later" in json.loads(body["body"])["error"]["message"]
