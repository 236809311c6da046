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


def _from_2(header: dict[str, Any]) -> dict[str, Any]:
    """Add what version 3 holds: how each column is read, which was guessed anew before, and the threshold of two classes."""
    table = header.get("table")
    if table is None:
        return header
    encoder, target = table["encoder"], table["target"]
    settings = {name: entry for name, entry in encoder["settings"].items() if name not in ("categorical", "ignore")}
    by_hand = encoder["settings"]["categorical"]
    kinds = {**dict.fromkeys(by_hand, "category"), **dict.fromkeys(encoder["settings"]["ignore"], "ignore")}
    readers = [_reader(column["column"], column["kind"], _holds(column, by_hand)) for column in encoder["columns"]]
    upgraded = {
        "settings": {**settings, "kinds": kinds, "missing": []},
        "reader": {"names": encoder["feature_names_in"], "readers": readers, "ignored": {}, "notes": {}},
        "encoders": encoder["columns"],
        "ignored": encoder["ignored"],
        "columns": [
            *([column["column"], column["kind"], "", 0, 0, 0, ""] for column in encoder["columns"]),
            *([name, "left out", "", 0, 0, 0, reason] for name, reason in encoder["ignored"].items()),
        ],
    }
    return {**header, "table": {**table, "encoder": upgraded, "target": _target(target), "threshold": None}}


def _from_3(header: dict[str, Any]) -> dict[str, Any]:
    """Describe the scale of a target by its kind; version 3 knew one kind."""
    table = header.get("table")
    if table is None:
        return header
    scale = {"kind": "linear", "center": table["center"], "scale": table["scale"]}
    return {**header, "table": {**{name: entry for name, entry in table.items() if name != "center"}, "scale": scale}}


def _from_4(header: dict[str, Any]) -> dict[str, Any]:
    """Say that no column becomes codes; version 4 knew none."""
    table = header.get("table")
    if table is None:
        return header
    encoder = table["encoder"]
    upgraded = {**encoder, "settings": {**encoder["settings"], "embed_from": None}}
    return {**header, "table": {**table, "encoder": upgraded}}


def _reader(column: str, kind: str, holds: str) -> dict[str, Any]:
    return {"column": column, "kind": kind, "holds": holds, "format": None, "missing": [], "fold_case": False}


def _holds(column: dict[str, Any], by_hand: list[str]) -> str:
    if column["kind"] != "category":
        return str(column["kind"])
    is_of_numbers = column["column"] in by_hand and all(map(_is_number, column["categories"]))
    return "number" if is_of_numbers else "text"


def _target(target: dict[str, Any]) -> dict[str, Any]:
    classes, is_numeric = target["classes"], target["numeric"]
    is_whole = all(name.removeprefix("-").isdecimal() for name in classes)
    fields = {name: target[name] for name in ("name", "task", "classes", "reason")}
    if target["task"] == "regression":
        return {**fields, "label_type": "text", "labels": [], "reader": _reader(target["name"], "number", "number")}
    label_type = ("integer" if is_whole else "number") if is_numeric else "text"
    holds = "number" if is_numeric else "text"
    return {**fields, "label_type": label_type, "labels": [], "reader": _reader(target["name"], "category", holds)}


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True


UPGRADES: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = MappingProxyType(
    {1: _from_1, 2: _from_2, 3: _from_3, 4: _from_4}
)
"""For each version n, the function that converts its header to version n + 1."""
