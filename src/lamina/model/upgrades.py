"""Model files of earlier format versions, brought up to date.

Every version that was ever written is read. A function here makes a header of the next version; a file of each version lies in
``tests/model/stored``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from lamina.training.history import without_durations

__all__ = ["UPGRADES"]


def _from_1(header: dict[str, Any]) -> dict[str, Any]:
    """Version 2 holds no times, and no number of threads."""
    estimator = header["estimator"]
    parameters = {name: value for name, value in estimator["parameters"].items() if name != "n_threads"}
    estimator = {**estimator, "parameters": parameters, "history": without_durations(estimator["history"])}
    table = header["table"]
    if table is not None:
        summary = {name: value for name, value in table["summary"].items() if name != "duration_s"}
        table = {**table, "summary": summary}
    return {**header, "estimator": estimator, "table": table}


UPGRADES: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = MappingProxyType({1: _from_1})
"""What makes a header of version n + 1 of one of version n."""
