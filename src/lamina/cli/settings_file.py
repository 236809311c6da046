"""``--config FILE``: options from a TOML file; the command line takes precedence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts.config import Dict

from lamina.errors import InvalidSettingError, nearest, phrase

if TYPE_CHECKING:
    from cyclopts import App, ArgumentCollection

__all__ = ["read_settings_file"]

# These belong on the command line only: where the settings are, and how to report.
_OF_THE_CALL = frozenset({"config", "json", "quiet"})


def read_settings_file(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Take options that the command line leaves open from the file given by ``--config``, if any.

    Keys are options without their leading dashes, at the top level of the file, spelled with ``_`` or ``-``::

        target = "income"
        hidden = [256, 128]
        learning_rate = 0.001

    Raises
    ------
    FileError
        If the file cannot be read as TOML.
    InvalidSettingError
        If a key is unknown, occurs in both spellings, or is allowed on the command line only.
    """
    for argument in arguments:
        if argument.name == "--config" and argument.tokens:
            path = Path(argument.tokens[0].value)
            known = [other.name.removeprefix("--") for other in arguments if other.name.startswith("--")]
            Dict(_options(path, commands, known), source=str(path), use_commands_as_keys=False)(app, commands, arguments)
            return


def _options(path: Path, commands: tuple[str, ...], known: list[str]) -> dict[str, Any]:
    """The settings of a file by option name."""
    from lamina.files import read_toml

    options: dict[str, Any] = {}
    spelled: dict[str, str] = {}
    names = sorted(set(known) - _OF_THE_CALL)
    for key, value in read_toml(path).items():
        name = key.replace("_", "-")
        if name in _OF_THE_CALL:
            raise InvalidSettingError(
                f"{path}: {key!r} must be given on the command line, as --{name}, not in a file. Remove it."
            )
        if name not in names:
            guess = nearest(name, names)
            repair = f"Did you mean {guess.replace('-', '_')!r}?" if guess else "`lamina train --help` lists them."
            rule = f"must be an option of `lamina {' '.join(commands)}`"
            raise InvalidSettingError(phrase("a setting", rule, key, repair=repair, owner=str(path)))
        if name in options:
            rule = f"must be given once, got {spelled[name]!r} and {key!r}"
            raise InvalidSettingError(f"{path}: {name.replace('-', '_')!r} {rule}. Remove one.")
        if name == "kinds" and isinstance(value, dict):
            value = [f"{column}={kind}" for column, kind in value.items()]
        if isinstance(value, dict):
            rule = "must be a value or a list, not a table of settings"
            raise InvalidSettingError(
                phrase(repr(key), rule, value, repair="Write all settings at the top level.", owner=str(path))
            )
        options[name], spelled[name] = value, key
    return options
