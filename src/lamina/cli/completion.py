"""``lamina completion``."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import PurePath
from typing import Literal, get_args

from cyclopts import App

from lamina.cli.output import print_line
from lamina.errors import InvalidSettingError, phrase

__all__ = ["completion_of"]

Shell = Literal["bash", "zsh", "fish", "powershell"]


def completion_of(app: App) -> Callable[..., None]:
    """The command that prints the shell completion of ``app``."""

    def completion(shell: Shell | None = None, /) -> None:
        """Print the script that completes commands, options and their values in a shell.

        `lamina completion bash > ~/.local/share/bash-completion/completions/lamina`; for zsh, write it to _lamina in a folder of
        fpath; for fish `lamina completion fish > ~/.config/fish/completions/lamina.fish`.

        Parameters
        ----------
        shell : {"bash", "zsh", "fish", "powershell"}
            Default: from the environment variable SHELL.
        """
        print_line(app.generate_completion(prog_name="lamina", shell=shell or _own_shell()))

    return completion


def _own_shell() -> Shell:
    name = PurePath(os.environ.get("SHELL", "")).name
    for known in get_args(Shell):
        if name == known:
            found: Shell = known
            return found
    repair = "Name your shell: lamina completion bash."
    raise InvalidSettingError(phrase("the shell", f"must be one of {', '.join(get_args(Shell))}", name, repair=repair))
