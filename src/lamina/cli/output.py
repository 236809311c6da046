"""Output of the commands: results to standard output, notes and errors to standard error."""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from lamina.metrics import Evaluation

__all__ = [
    "cell",
    "few",
    "listed",
    "notes_printed",
    "output_console",
    "print_error",
    "print_json",
    "print_line",
    "print_metrics",
    "print_table",
    "printable",
    "rows_trained_on",
]

# Control characters, direction marks, surrogates.
_OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def print_error(text: str, *, repair: str = "") -> None:
    """Print one error on standard error."""
    from rich.text import Text

    sentence = printable(f"{text} {repair}".strip())
    output_console(stderr=True).print(Text.assemble(("lamina: ", "bold red"), sentence))


def print_line(text: str) -> None:
    """Print one line of a result, without markup."""
    output_console().print(printable(text), markup=False, highlight=False)


def print_table(table: Table) -> None:
    """Print a table, up to 120 columns wide if the output is not a terminal."""
    console = output_console(soft_wrap=False)
    if not console.is_terminal:
        console.width = 120
    console.print(table)


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object on standard output; numbers that are not finite become null."""
    print(json.dumps(_finite(value), indent=2))


def printable(text: str) -> str:
    """``text`` with terminal control characters (escape sequences, direction marks) escaped; line breaks stay.

    >>> printable("red \\x1b[31m")
    'red \\\\x1b[31m'
    """
    return _OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def cell(text: str) -> Text:
    """A cell of a table, without markup."""
    from rich.text import Text

    return Text(printable(text))


@contextmanager
def notes_printed(quiet: bool = False) -> Iterator[list[str]]:
    """Print each warning once, as a note on standard error unless ``quiet``; yields the list that collects them."""
    from rich.text import Text

    notes: list[str] = []

    def show(message: Warning | str, *_: object, **__: object) -> None:
        text = str(message)
        if text not in notes:
            notes.append(text)
            if not quiet:
                output_console(stderr=True).print(Text.assemble(("note: ", "yellow"), printable(text)))

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.filterwarnings("ignore", category=FutureWarning)
        warnings.showwarning = show
        yield notes


def print_metrics(evaluation: Evaluation, *, with_shortcoming: bool = True) -> None:
    """Metrics of a model beside those of its baseline, of each target if there are several, and a sentence if it is of no use."""
    for name, of_target in evaluation.targets.items():
        print_line(f"{name!r}:")
        print_metrics(of_target, with_shortcoming=with_shortcoming)
    if evaluation.targets:
        print_line("Mean of the targets:")
    print_table(_metrics_table(evaluation))
    if with_shortcoming and evaluation.shortcoming:
        print_line(evaluation.shortcoming)


def _metrics_table(evaluation: Evaluation) -> Table:
    from rich.table import Table

    table = Table()
    for heading in evaluation.headings:
        right = heading != "metric"
        table.add_column(heading, justify="right" if right else "left", style="bold" if heading == "model" else None)
    for row in evaluation.rows:
        table.add_row(*row)
    return table


def rows_trained_on(summary: Mapping[str, Any]) -> str:
    """The number of training rows, and of those of the trainings that this one went on from.

    >>> rows_trained_on({"rows": {"training": 2000}, "earlier": [{"rows": {"training": 1500}}]})
    '2,000 rows (earlier on 1,500)'
    """
    earlier = ", ".join(f"{training['rows']['training']:,}" for training in summary.get("earlier", []))
    return f"{summary['rows']['training']:,} rows" + (f" (earlier on {earlier})" if earlier else "")


def listed(names: Sequence[str]) -> str:
    """Names, quoted."""
    return ", ".join(map(repr, names))


def few(names: Sequence[str]) -> str:
    """The first eight names."""
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "")


def output_console(*, stderr: bool = False, soft_wrap: bool = True) -> Console:
    """A console that raises BrokenPipeError when its reader is gone; by default, rich would exit the program."""
    from rich.console import Console

    class Output(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Output(stderr=stderr, soft_wrap=soft_wrap)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
