"""Everything that the doctor can find, from the modules of the findings themselves.

What a finding is and when it is said are the docstrings of its module and of its ``find``; the lecture's row and the cures are
read in the source, where a module makes its ``Finding`` and its ``Cure``.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lamina.doctor import FINDINGS

__all__ = ["Entry", "entries"]


@dataclass(frozen=True)
class Entry:
    """A finding as its module describes it; ``cures`` are pairs of a name and a row."""

    name: str
    meaning: str
    sign: str
    row: str
    cures: tuple[tuple[str, str], ...]


def entries() -> list[Entry]:
    """All findings in alphabetical order."""
    return [_entry(name) for name in sorted(FINDINGS)]


def _entry(name: str) -> Entry:
    module = importlib.import_module(f"lamina.doctor.findings.{name}")
    calls = list(_calls(ast.parse(inspect.getsource(module)), vars(module)))
    rows = [word for kind, words in calls if kind == "Finding" for word in words if _is_row(word)]
    cures = [(words[0], next(filter(_is_row, words), "")) for kind, words in calls if kind == "Cure" and words]
    sign = " ".join((inspect.getdoc(FINDINGS[name]) or "").split("\n\n")[0].split())
    row = next(iter([*rows, *(row for _, row in cures)]), "")
    return Entry(name, _first_sentence(module), sign, row, tuple(dict.fromkeys(cures)))


def _first_sentence(module: object) -> str:
    """What follows the name in the first line of a module, or the whole line."""
    first = (inspect.getdoc(module) or "").split("\n\n")[0].replace("\n", " ")
    head, colon, rest = first.partition(": ")
    return f"{rest[0].upper()}{rest[1:]}" if colon else head


def _calls(tree: ast.AST, names: Mapping[str, object]) -> Iterator[tuple[str, list[str]]]:
    """The name of each function that is called, and the texts among its arguments, also by the module's own names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            values = [names.get(each.id) if isinstance(each, ast.Name) else getattr(each, "value", None) for each in given]
            yield node.func.id, [value for value in values if isinstance(value, str)]


def _is_row(word: str) -> bool:
    return word[:1] == "L" and word[1:].isdigit()
