"""What layers share that compute in Python: the name of a function, and the error for files."""

from __future__ import annotations

from typing import Any

from lamina.errors import InvalidSettingError, phrase

__all__ = ["name_of", "refuse_to_write"]


def name_of(function: Any) -> str:
    """The name of a function, or of the class of something that is called as one."""
    return str(getattr(function, "__name__", type(function).__name__))


def refuse_to_write(label: str) -> InvalidSettingError:
    """The error for a layer that is asked for its description."""
    repair = "Keep the weights (trainer.weights.copy()), or pickle the trainer, whose functions are stored by name."
    return InvalidSettingError(
        phrase("a layer in Python", "cannot be written to a file, as functions are no data", label, repair=repair)
    )
