"""A report as JSON-able values."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from typing import Any

from lamina.report.content import Content

__all__ = ["dict_of"]


def dict_of(report: Content) -> dict[str, Any]:
    """The parts by their keys, and of each the blocks, which say what kind they are; what is not finite is None."""
    parts = {
        part.key: {
            "title": part.title,
            "blocks": [{"kind": type(block).__name__.lower(), **_plain(block)} for block in part.blocks],
        }
        for part in report.parts
    }
    return {"title": report.title, "lead": report.lead, "facts": dict(report.facts), "parts": parts}


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(entry) for entry in value]
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int | bool) else str(value)
