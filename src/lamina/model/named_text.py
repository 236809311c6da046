"""Objects as the names with settings that ``read_named`` reads: ``huber:delta=2.0``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lamina.activations import Activation
from lamina.settings import Settings

__all__ = ["named_text"]


def named_text(given: Any) -> str | None:
    """The text of which ``read_named`` makes such an object; None where there is none, as for a function.

    >>> from lamina.losses import Huber
    >>> from lamina.schedules import get_schedule
    >>> named_text("adam"), named_text(Huber(2.0)), named_text(len)
    ('adam', 'huber:delta=2.0', None)
    >>> named_text(get_schedule("warm_up", steps=50, then={"kind": "step", "epochs": 10, "factor": 0.5}))
    'warm_up:steps=50,then=(step:epochs=10,factor=0.5)'
    """
    if isinstance(given, str):
        return given
    if isinstance(given, Activation):
        return _named_text({"kind": given.name, **given.settings})
    return _named_text(given.to_dict()) if isinstance(given, Settings) else None


def _named_text(description: Mapping[str, Any]) -> str:
    settings = ",".join(f"{name}={_value_text(value)}" for name, value in description.items() if name != "kind")
    return f"{description['kind']}:{settings}" if settings else str(description["kind"])


def _value_text(value: Any) -> str:
    if isinstance(value, Mapping):
        text = _named_text(value)
        return f"({text})" if ":" in text else text
    if isinstance(value, list | tuple):
        return f"({','.join(map(_value_text, value))})"
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
