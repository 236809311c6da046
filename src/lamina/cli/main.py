"""``lamina``: the commands, and the one place where an error becomes a sentence and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, Parameter

import lamina
from lamina.cli.evaluate import evaluate
from lamina.cli.info import info
from lamina.cli.lecture import lecture
from lamina.cli.output import print_error
from lamina.cli.predict import predict
from lamina.cli.settings_file import read_settings_file
from lamina.cli.train import train
from lamina.errors import InvalidSettingError, LaminaError

__all__ = ["build_app", "main"]

OK, FAILED, USAGE = 0, 1, 2


def build_app() -> App:
    """The parser with all commands."""
    app = App(
        name="lamina",
        help="Train neural networks on your tables.",
        help_epilogue="Exit codes: 0 done, 1 failed, 2 wrong usage.",
        version=lamina.__version__,
        suppress_keyboard_interrupt=False,
        config=read_settings_file,
        default_parameter=Parameter(consume_multiple=True, negative_iterable=()),
    )
    for command in (train, predict, evaluate, info, lecture):
        app.command(command)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Without the program's name; by default those of the process.

    Returns
    -------
    code : int
        0: done. 1: failed, and the last line says why. 2: wrong usage. A training stopped by Ctrl-C saves its model and is done.

    Examples
    --------
    >>> main(["--version"])
    0.1.0
    0
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    try:
        build_app()(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        print_error(f"{error}", repair=f"See `lamina {_command(arguments)}--help`.")
        return USAGE
    except LaminaError as error:
        print_error(str(error))
        return USAGE if isinstance(error, InvalidSettingError) else FAILED
    except MemoryError:
        print_error("the table does not fit into memory. Train on fewer rows, or ignore columns with many categories.")
        return FAILED
    except KeyboardInterrupt:
        print_error("interrupted before there was anything to save.")
        return FAILED
    except BrokenPipeError:
        # The reader of our output went away (`lamina info m | head`): nothing is wrong, and nobody listens.
        _drop_output()
        return OK
    except OSError as error:
        _drop_output()
        print_error(
            f"cannot go on: {(error.strerror or str(error)).lower()}.", repair="Free some space, or send the output elsewhere."
        )
        return FAILED
    return OK


def _drop_output() -> None:
    """Let what is still to be printed go nowhere, so that the interpreter does not stumble over it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _command(arguments: Sequence[str]) -> str:
    known = ("train", "predict", "evaluate", "info", "lecture")
    return f"{arguments[0]} " if arguments and arguments[0] in known else ""
