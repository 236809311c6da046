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

__all__ = [
    "cell",
    "notes_printed",
    "output_console",
    "print_error",
    "print_json",
    "print_line",
    "print_metrics",
    "print_table",
    "printable",
]

_BASELINES = {"classification": "majority", "regression": "mean"}
"""What the baseline of each task always predicts."""

# Control characters, direction marks, surrogates.
_OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

_LABELS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "auc": "AUC",
    "average_precision": "average precision",
    "log_loss": "log loss",
    "brier": "Brier score",
    "r2": "R²",
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
    "pinball": "pinball loss",
}


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


def _metrics_table(metrics: Mapping[str, Mapping[str, float]], baseline: str) -> Table:
    """A table of the model's metrics next to the baseline's."""
    from rich.table import Table

    table = Table()
    table.add_column("metric")
    table.add_column("model", justify="right", style="bold")
    table.add_column(baseline, justify="right")
    for name, value in metrics["model"].items():
        table.add_row(_LABELS[name], _number(value), _number(metrics["baseline"][name]))
    return table


def listed(names: Sequence[str]) -> str:
    """Names, quoted."""
    return ", ".join(map(repr, names))


def print_metrics(metrics: Mapping[str, Mapping[str, Any]], task: str) -> None:
    """Metrics of the model beside those of the baseline, and a sentence if the model is of no use."""
    from lamina.metrics import shortcoming

    for name, of_target in metrics.get("targets", {}).items():
        print_line(f"{name!r}:")
        print_metrics(of_target, task)
    if "targets" in metrics:
        print_line("Mean of the targets:")
    print_table(_metrics_table(metrics, _BASELINES[task]))
    if sentence := shortcoming(metrics):
        print_line(sentence)


def output_console(*, stderr: bool = False, soft_wrap: bool = True) -> Console:
    """A console that raises BrokenPipeError when its reader is gone; by default, rich would exit the program."""
    from rich.console import Console

    class Output(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Output(stderr=stderr, soft_wrap=soft_wrap)


def _number(value: float) -> str:
    if math.isnan(value):
        return "–"
    value = round(value, 4) + 0.0  # never -0.0000
    return f"{value:.4f}" if abs(value) < 1000 else f"{value:,.1f}"


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
