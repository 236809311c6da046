"""Results as lines of JSON, one a fit: what is done is not done again, and processes can share the work."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

__all__ = ["Key", "append", "key_of", "read"]

Key = tuple[str, int, int, str]
"""Set, training rows, seed and model."""


def key_of(line: dict[str, Any]) -> Key:
    return line["set"], line["train_rows"], line["seed"], line["model"]


def read(path: Path) -> dict[Key, dict[str, Any]]:
    """The latest line of every fit; an unfinished line is passed over."""
    lines = {}
    for text in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            line = json.loads(text)
        except json.JSONDecodeError:
            continue
        lines[key_of(line)] = line
    return lines


def append(path: Path, line: dict[str, Any]) -> None:
    """Add a line in one write, so that a process that ends leaves none in half, and processes that share a file do not mix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(file, (json.dumps(line) + "\n").encode())
    finally:
        os.close(file)
