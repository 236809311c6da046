"""The commands, arguments and options of the command line, asked of the parser itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lamina.cli.main import build_app

# What every command has.
COMMON = frozenset({"--help", "-h", "--version"})


def commands() -> dict[str, Any]:
    """The commands by name."""
    app = build_app()
    return {name: app[name] for name in app if not name.startswith("-")}


def options(command: Any) -> Iterator[tuple[str, str, str, str]]:
    """Group, names, default and description of every argument and option of a command."""
    for argument in command.assemble_argument_collection(parse_docstring=True):
        if not argument.parse or argument.children:
            continue
        names = ", ".join(name for name in argument.names if name not in COMMON) or argument.field_info.name.upper()
        yield _group(argument), names, _default(argument), " ".join(str(argument.parameter.help or "").split())


def _group(argument: Any) -> str:
    names = [group.name for group in argument.parameter.group if group.name]
    return names[0] if names else "Parameters"


def _default(argument: Any) -> str:
    value = argument.field_info.default
    if argument.required or value is None or value is argument.field_info.empty:
        return ""
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return str(value)
