"""Looks up a monitored number in an epoch's record."""

from __future__ import annotations

from lamina.errors import InvalidSettingError, nearest, phrase
from lamina.training.history import Record

__all__ = ["watched"]


def watched(record: Record, monitor: str, owner: str) -> float:
    """The record's number under ``monitor``.

    Raises
    ------
    InvalidSettingError
        If there is none; the message lists the known ones and says what to do.

    Examples
    --------
    >>> watched({"epoch": 1, "loss": 0.5}, "loss", owner="EarlyStopping")
    0.5
    """
    if monitor in record:
        return float(record[monitor])
    known = [key for key in record if key not in ("epoch", "step", "duration_s")]
    guess = nearest(monitor, known)
    repair = f"Did you mean {guess!r}?" if guess else ""
    if monitor.startswith("validation_") and "validation_loss" not in record:
        repair = "Give validation data to fit."
    raise InvalidSettingError(phrase("monitor", f"must be one of {', '.join(known)}", monitor, repair=repair, owner=owner))
