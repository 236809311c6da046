"""The body of a request: read up to a bound, and JSON in the strict sense."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import Counter
from typing import Any

from lamina.errors import shown
from lamina.serving.bounds import Bounds
from lamina.serving.refused import RefusedError
from lamina.serving.rows import is_text

__all__ = ["check_kind", "parse", "read_body"]

_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")  # may be one of a surrogate that has no partner
_MOST_DRAINED = 4  # times the bound
_DRAINING_S = 1.0
_CLOSING = {"connection": "close"}


def check_kind(headers: Any) -> None:
    """Refuse a body that is not said to be JSON, or is packed.

    A page of another site cannot make a browser send this kind without being allowed to, which nobody is.
    """
    kind = headers.get("content-type", "")
    name, _, parameters = kind.lower().partition(";")
    name = name.strip()
    if name != "application/json" and not (name.startswith("application/") and name.endswith("+json")):
        came = f"got {shown(kind)}" if kind else "got none"
        raise RefusedError(
            415, f"the content type must be application/json, {came}. With curl: -H 'content-type: application/json'."
        )
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]+)", parameters)
    if charset is not None and charset[1] not in ("utf-8", "utf8", "us-ascii"):
        raise RefusedError(415, f"the charset must be utf-8, got {shown(charset[1])}. Send JSON as UTF-8.")
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        raise RefusedError(415, f"the content encoding must be identity, got {shown(coding)}. Send the body unpacked.")


async def read_body(request: Any, bounds: Bounds) -> bytes:
    """The whole body.

    Raises
    ------
    RefusedError
        If it is larger than the bound, whatever the header says of its length, or comes too slowly.
    """
    stream = request.stream()
    try:
        async with asyncio.timeout(bounds.body_timeout_s):
            content = None if _length(request.headers) > bounds.max_body else await _up_to(bounds.max_body, stream)
    except TimeoutError:
        message = f"the body must come within {bounds.body_timeout_s:g} s. Send it again."
        raise RefusedError(408, message, headers=_CLOSING) from None
    if content is not None:
        return content
    if "expect" not in request.headers:  # who asks before sending has sent nothing, and reading would say: go on
        await _drain(stream, bounds.max_body)
    message = f"the body must have at most {bounds.max_body:,} bytes. Send the rows in several requests."
    raise RefusedError(413, message, headers=_CLOSING)


def _length(headers: Any) -> int:
    """What a header says of it; 0 where it says nothing."""
    given = headers.get("content-length", "")
    return int(given) if given.isdecimal() and len(given) < 20 else 0


async def _up_to(most: int, stream: Any) -> bytes | None:
    """The whole body; None if it is larger."""
    content = bytearray()
    async for part in stream:
        content += part
        if len(content) > most:
            return None
    return bytes(content)


async def _drain(stream: Any, most: int) -> None:
    """Take some of what else comes: who is cut off while sending does not see the answer."""
    size = 0
    try:
        async with asyncio.timeout(_DRAINING_S):
            async for part in stream:
                size += len(part)
                if size > _MOST_DRAINED * most:
                    return
    except TimeoutError:
        return


def parse(content: bytes) -> Any:
    """What a body says.

    Raises
    ------
    RefusedError
        If it is no JSON in UTF-8, is nested too deeply, names a value twice, or a name holds half a character.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedError(422, f"the body must be JSON in UTF-8, got another byte at place {error.start:,}.") from None
    if not text.strip():
        raise RefusedError(422, "the body must be a row or a list of rows as JSON, got nothing.")
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        message = f"the body must be JSON, got {error.msg[:1].lower()}{error.msg[1:]} (line {error.lineno}, place {error.colno})."
        raise RefusedError(422, message) from None
    except RecursionError:
        raise RefusedError(422, "the body must be a row or a list of rows, got lists within lists many times over.") from None
    except ValueError:  # of an integer that Python does not read
        most = sys.get_int_max_str_digits()
        raise RefusedError(422, f"an integer must have at most {most:,} digits, got a longer one.") from None
    if _HALF_PAIR.search(text):
        _check_names(found)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise RefusedError(422, f"a row must name each column once, got {shown(twice)} twice.", column=twice)
    return found


def _check_names(found: Any) -> None:
    """Refuse half of a pair of surrogates, which is no character, in a name; values are looked at where they are used."""
    todo = [found]
    while todo:
        entry = todo.pop()
        if isinstance(entry, dict):
            todo += entry.values()
            for name in entry:
                if not is_text(name):
                    raise RefusedError(422, f"names must be Unicode, got half of a surrogate pair in {shown(name)}.")
        elif isinstance(entry, list):
            todo += entry
