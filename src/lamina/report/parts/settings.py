"""The network, and the settings of its training."""

from __future__ import annotations

from typing import Any

from lamina.model.kept_settings import settings_of
from lamina.model.named_text import named_text
from lamina.report.content import Code, Part, Table
from lamina.report.subject import Subject

__all__ = ["settings"]


def settings(subject: Subject) -> Part:
    """The layers, and every setting by its name."""
    model = subject.model
    rows = tuple((name, _written(value)) for name, value in sorted(settings_of(model).by_name().items()))
    network = Code("The network", str(model.estimator.network_.summary()))
    return Part("settings", "Settings", (network, Table("Settings of the training", ("setting", "value"), rows, is_long=True)))


def _written(value: Any) -> str:
    if value is None or value in ((), [], {}):
        return "–"
    if isinstance(value, tuple | list) and value:
        return ", ".join(map(_written, value))
    return named_text(value) or repr(value)
