"""Results as lines of JSON, one a program: what is done is not done again, and two processes can share the work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import lamina
from benchmarks.doctor.programs.program import Program

__all__ = ["VERIFIED", "append", "fingerprint", "read", "write"]

#: The verdicts on all programs, in the repository.
VERIFIED = Path(__file__).with_name("verified.jsonl")


def fingerprint(program: Program) -> str:
    """Changes with what is trained, for which seed, and with the library's version."""
    twin = None if program.twin is None else program.twin.fingerprint()
    return program.recipe.fingerprint(twin, program.seed, program.metric, lamina.__version__)


def read(path: Path) -> dict[str, dict[str, Any]]:
    """The latest line of every program, by its name; an unfinished last line is passed over."""
    lines = {}
    for text in path.read_text().splitlines() if path.exists() else []:
        try:
            line = json.loads(text)
        except json.JSONDecodeError:
            continue
        lines[line["name"]] = line
    return lines


def append(path: Path, line: dict[str, Any]) -> None:
    """Add a line in one write, so that processes that share a file do not mix theirs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def write(path: Path, lines: list[dict[str, Any]]) -> None:
    """The lines in place of those that there are."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
