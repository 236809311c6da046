"""``--config FILE``: options from a TOML file; those of the command line win."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts.config import Dict

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
    from lamina.files import read_toml

    return {key.replace("_", "-"): value for key, value in read_toml(path).items()}
