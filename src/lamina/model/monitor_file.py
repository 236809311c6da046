"""The record of a monitor in a model file: its tables beside the weights, and the rest in the header."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina.errors import InvalidSettingError, phrase
from lamina.training import MonitorRecord

__all__ = ["describe_record", "is_of_record", "restore_record"]

_PREFIX = "monitor."


def describe_record(record: MonitorRecord | None) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The record's arrays by their names in a file, and an entry of the header for the rest; nothing without a record."""
    if record is None:
        return {}, {}
    parts = record.to_dict(arrays=True)
    arrays = {name: part for name, part in parts.items() if isinstance(part, np.ndarray)}
    rest = {name: part for name, part in parts.items() if name not in arrays}
    return {f"{_PREFIX}{name}": array for name, array in arrays.items()}, {"monitor": rest}


def is_of_record(name: str) -> bool:
    """Whether an array of a file belongs to a record."""
    return name.startswith(_PREFIX)


def restore_record(arrays: Mapping[str, np.ndarray], description: Mapping[str, Any] | None) -> MonitorRecord | None:
    """The record of :func:`describe_record`; None if there is none, as in files of earlier versions.

    Raises
    ------
    InvalidSettingError
        If it is not the description of a record.
    """
    if description is None:
        if arrays:
            raise InvalidSettingError(phrase("the arrays", "must belong to something", sorted(arrays)))
        return None
    if not isinstance(description, Mapping):
        raise InvalidSettingError(phrase("the monitor", "must be a dict", description))
    return MonitorRecord.from_dict({**description, **{name.removeprefix(_PREFIX): array for name, array in arrays.items()}})
