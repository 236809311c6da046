"""``--config FILE``: options from a TOML file; those of the command line win."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts.config import Dict

from lamina.errors import FileError

if TYPE_CHECKING:
    from cyclopts import App, ArgumentCollection

__all__ = ["read_settings_file"]


def read_settings_file(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Fill what the command line left open from the file that ``--config`` names, if it does.

    Keys are options without their dashes, at the top of the file, spelled with ``-`` or ``_``::

        target = "income"
        hidden = [256, 128]
        learning_rate = 0.001
    """
    for argument in arguments:
        if argument.name == "--config" and argument.tokens:
            path = Path(argument.tokens[0].value)
            Dict(_options(path), source=str(path), use_commands_as_keys=False)(app, commands, arguments)
            return


def _options(path: Path) -> dict[str, Any]:
    try:
        return {key.replace("_", "-"): value for key, value in tomllib.loads(path.read_text(encoding="utf-8")).items()}
    except OSError as error:
        raise FileError(f"cannot read {str(path)!r}: {(error.strerror or str(error)).lower()}. Check the path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileError(f"{str(path)!r} must be a TOML file, but cannot be read as one ({error}). Correct it.") from error
