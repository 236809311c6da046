"""``lamina``: the commands, and the conversion of errors to messages and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from cyclopts import App, CycloptsError, Parameter

import lamina
from lamina import errors
from lamina.cli.command_interrupts import CommandInterrupts
from lamina.cli.completion import completion_of
from lamina.cli.doctor import doctor
from lamina.cli.evaluate import evaluate
from lamina.cli.export import export
from lamina.cli.info import info
from lamina.cli.lab import lab
from lamina.cli.lecture import lecture
from lamina.cli.lone_dash import hide_dashes, show_dashes, take_dashes_back
from lamina.cli.option_words import in_option_words
from lamina.cli.output import output_console, print_error, print_json
from lamina.cli.predict import predict
from lamina.cli.report import report
from lamina.cli.search import search
from lamina.cli.serve import serve
from lamina.cli.settings_file import read_settings_file
from lamina.cli.standard_streams import has_standard_output, open_missing_streams
from lamina.cli.train import train
from lamina.cli.whole_numbers import refuse_fractions
from lamina.errors import InvalidSettingError, LaminaError

__all__ = ["build_app", "main"]

OK, FAILED, USAGE = 0, 1, 2
_COMMANDS = (train, search, predict, evaluate, export, doctor, report, info, lecture, lab, serve)  # in the help's order


class _Failure(NamedTuple):
    """A failure: the exit code, a message, and the kind of error for programs."""

    code: int
    text: str
    kind: str


def build_app() -> App:
    """Build the parser with all commands."""
    app = App(
        name="lamina",
        help="Train neural networks on your tables.",
        help_epilogue="Exit codes: 0 done, 1 failed, 2 wrong usage.",
        version=lamina.__version__,
        suppress_keyboard_interrupt=False,
        config=(take_dashes_back, read_settings_file, refuse_fractions),
        default_parameter=Parameter(consume_multiple=True, negative_iterable=()),
    )
    for command in (*_COMMANDS, completion_of(app)):
        app.command(command)
    return app


def main(arguments: Sequence[str] | None = None, *, interrupts: CommandInterrupts | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Without the program's name; by default those of the process.
    interrupts : CommandInterrupts, optional
        For a process that runs only this command; notified when the outcome is known.

    Returns
    -------
    code : int
        0: done. 1: failed, and the last line says why. 2: wrong usage. Training stopped by Ctrl-C saves its model and returns 0.

    Examples
    --------
    >>> main(["--version"])
    0.1.0
    0
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    open_missing_streams()
    failure = _run(arguments, interrupts or CommandInterrupts())
    if failure is None:
        return OK
    # The output may be closed by now; the exit code reports the failure anyway.
    if "--json" in arguments:
        try:
            print_json({"error": {"kind": failure.kind, "message": failure.text, "exit_code": failure.code}})
            sys.stdout.flush()
        except OSError:
            _drop_output()
    with suppress(OSError):
        print_error(failure.text)
    return failure.code


def _run(arguments: Sequence[str], interrupts: CommandInterrupts) -> _Failure | None:
    """Run one command; None on success."""
    try:
        try:
            build_app()(
                hide_dashes(arguments),
                console=output_console(),
                exit_on_error=False,
                print_error=False,
                result_action="return_value",
            )
            # Flush here, because a failure at the interpreter's exit could no longer be reported.
            sys.stdout.flush()
        finally:
            interrupts.is_decided = True
    except CycloptsError as error:
        return _Failure(USAGE, f"{show_dashes(str(error))} See `lamina {_command(arguments)}--help`.", "UsageError")
    except LaminaError as error:
        code = USAGE if isinstance(error, InvalidSettingError) else FAILED
        return _Failure(code, in_option_words(str(error)), _kind(error))
    except MemoryError:
        advice = "Train on fewer rows, or ignore columns with many categories."
        return _Failure(FAILED, f"the table does not fit into memory. {advice}", "MemoryError")
    except KeyboardInterrupt:
        return _Failure(FAILED, "interrupted before there was anything to save.", "KeyboardInterrupt")
    except BrokenPipeError:
        # The reader of the output is gone (`lamina info m | head`), which is not an error.
        _drop_output()
    except OSError as error:
        _drop_output()
        if not has_standard_output():
            return _Failure(FAILED, "cannot write: standard output is closed. Send the output to a file or a pipe.", "OSError")
        words = (error.strerror or str(error)).lower()
        return _Failure(FAILED, f"cannot continue: {words}. Free some space, or send the output elsewhere.", "OSError")
    return None


def _drop_output() -> None:
    """Discard pending output, so that the interpreter does not fail on it at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _kind(error: LaminaError) -> str:
    """The error's class if it is documented, else InvalidSettingError, the base of the others."""
    name = type(error).__name__
    return name if name in vars(errors) else "InvalidSettingError"


def _command(arguments: Sequence[str]) -> str:
    known = [*(command.__name__ for command in _COMMANDS), "completion"]
    return f"{arguments[0]} " if arguments and arguments[0] in known else ""
