"""Conversion of model files of earlier format versions.

Every version ever written can be read. Each function converts a header to the next version; ``tests/model/stored`` has a file
of each version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from lamina.training.history import without_durations

__all__ = ["UPGRADES"]


def _from_1(header: dict[str, Any]) -> dict[str, Any]:
    """Remove times and the number of threads, which version 2 does not hold."""
    estimator = header["estimator"]
    parameters = {name: value for name, value in estimator["parameters"].items() if name != "n_threads"}
    estimator = {**estimator, "parameters": parameters, "history": without_durations(estimator["history"])}
    table = header["table"]
    if table is not None:
        summary = {name: value for name, value in table["summary"].items() if name != "duration_s"}
        table = {**table, "summary": summary}
    return {**header, "estimator": estimator, "table": table}


UPGRADES: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = MappingProxyType({1: _from_1})
"""For each version n, the function that converts its header to version n + 1."""
