"""The arrays in the description of a fitted encoder: a model file holds them beside the weights, and the rest in its header."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina.errors import InvalidSettingError, phrase

__all__ = ["is_of_encoder", "with_arrays", "without_arrays"]

_PREFIX = "encoder"


def without_arrays(description: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays of the columns' encoders by name, and the description without them.

    >>> arrays, rest = without_arrays({"encoders": [{"kind": "text", "center": np.zeros(3)}]})
    >>> list(arrays), rest
    (['encoder.0.center'], {'encoders': [{'kind': 'text'}]})
    """
    arrays: dict[str, np.ndarray] = {}
    encoders = []
    for i, column in enumerate(description["encoders"]):
        found = {name: entry for name, entry in column.items() if isinstance(entry, np.ndarray)}
        arrays |= {f"{_PREFIX}.{i}.{name}": array for name, array in found.items()}
        encoders.append({name: entry for name, entry in column.items() if name not in found})
    return arrays, {**description, "encoders": encoders}


def is_of_encoder(name: str) -> bool:
    """Whether an array of a file belongs to an encoder."""
    return name.startswith(f"{_PREFIX}.")


def with_arrays(description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The description with the arrays that :func:`without_arrays` took from it.

    Raises
    ------
    InvalidSettingError
        If an array has another name than there.
    """
    encoders = [dict(column) for column in description["encoders"]]
    for name, array in arrays.items():
        _, i, field = name.split(".")
        encoders[int(i)][field] = array
    described = {**description, "encoders": encoders}
    # "encoder.-1.center" names an array of the last encoder, too.
    if odd := set(arrays) - set(without_arrays(described)[0]):
        raise InvalidSettingError(phrase("an array of an encoder", "must have the name that it is saved under", sorted(odd)))
    return described
