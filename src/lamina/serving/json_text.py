"""Answers as JSON in the strict sense, which has no NaN and no infinity."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

__all__ = ["as_json", "json_of_answer"]

_NOTE = "predicted numbers that are not finite are null."


def as_json(found: Mapping[str, Any]) -> bytes:
    """An object as UTF-8.

    Raises
    ------
    ValueError
        If a number is not finite.

    Examples
    --------
    >>> as_json({"city": "K\u00f6ln"}).decode()
    '{"city":"Köln"}'
    """
    text = json.dumps(found, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")  # half of a surrogate pair, as in a name that came so, is escaped


def json_of_answer(answer: Mapping[str, Any]) -> bytes:
    """An answer as UTF-8, with null for numbers that are not finite, and a note of it.

    >>> json_of_answer({"prediction": math.inf, "notes": []}).decode()
    '{"prediction":null,"notes":["predicted numbers that are not finite are null."]}'
    """
    try:
        return as_json(answer)
    except ValueError:
        return as_json({**_finite(answer), "notes": [*answer["notes"], _NOTE]})


def _finite(found: Any) -> Any:
    if isinstance(found, Mapping):
        return {name: _finite(entry) for name, entry in found.items()}
    if isinstance(found, list):
        return [_finite(entry) for entry in found]
    return None if isinstance(found, float) and not math.isfinite(found) else found
