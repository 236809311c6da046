"""Displays for training progress: a bar on a terminal, an output cell in a notebook, or plain lines."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TextIO

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["GONE", "Display", "NotebookCell", "PlainLines", "Standing", "TerminalBar", "find_display", "in_notebook", "terminal"]

#: What drawing raises where the terminal is gone, the disk is full, the stream is closed (ValueError), or rich would end the
#: program (SystemExit).
GONE = (OSError, ValueError, SystemExit)


@dataclass(frozen=True, slots=True)
class Standing:
    """The progress of a training run.

    Parameters
    ----------
    epoch, last_epoch : int
        Epochs done, and the epoch after which the run ends at the latest.
    completed : float
        Epochs done, including the fraction of the current one.
    text : str
        Losses and metrics of the last epoch.
    elapsed_s : float
        Seconds since the start of training.
    """

    epoch: int
    last_epoch: int
    completed: float
    text: str
    elapsed_s: float

    @property
    def epochs(self) -> str:
        """Such as ``3/200``."""
        return f"{self.epoch}/{self.last_epoch}"

    def __str__(self) -> str:
        return "  ".join(part for part in (f"epoch {self.epochs}", self.text, f"{self.elapsed_s:.0f} s elapsed") if part)


class Display(Protocol):
    """Shows the progress of a run. ``least_pause_s`` is the minimum time between two updates."""

    least_pause_s: ClassVar[float]

    def draw(self, standing: Standing) -> None:
        """Show the progress; the first call opens the display."""

    def close(self) -> None:
        """Stop drawing."""


class TerminalBar:
    """A bar drawn by rich."""

    least_pause_s: ClassVar[float] = 0.0

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        text = (TextColumn("epoch {task.fields[epochs]}"), BarColumn(), TextColumn("{task.fields[text]}", markup=False))
        clocks = (TimeElapsedColumn(), TextColumn("elapsed,"), TimeRemainingColumn(), TextColumn("left at most"))
        # No refresh thread: the trainer draws the bar.
        self._bar = Progress(*text, *clocks, console=console, auto_refresh=False)
        self._task = self._bar.add_task("", epochs="", text="")
        self._is_open = False

    def draw(self, standing: Standing) -> None:
        self._bar.update(
            self._task,
            total=standing.last_epoch,
            completed=standing.completed,
            epochs=standing.epochs,
            text=standing.text,
        )
        if not self._is_open:
            self._is_open = True
            self._bar.start()
        self._bar.refresh()

    def close(self) -> None:
        self._bar.stop()


class NotebookCell:
    """An output of a Jupyter cell that is replaced at every update; rich's bar would need ipywidgets."""

    least_pause_s: ClassVar[float] = 0.25

    def __init__(self) -> None:
        self._handle: Any = None

    def draw(self, standing: Standing) -> None:
        bar = f'<progress value="{standing.completed:.3f}" max="{standing.last_epoch}"></progress>'
        data = {"text/plain": str(standing), "text/html": f"{bar} <code>{escape(str(standing))}</code>"}
        if self._handle is not None:
            self._handle.update(data, raw=True)
            return
        from IPython.display import display  # installed, because this runs in a kernel

        self._handle = display(data, raw=True, display_id=True)

    def close(self) -> None:
        self._handle = None


class PlainLines:
    """A line of text per update, for a terminal without rich."""

    least_pause_s: ClassVar[float] = 1.0

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def draw(self, standing: Standing) -> None:
        self._stream.write(f"{standing}\n")
        self._stream.flush()

    def close(self) -> None:
        """Do nothing: lines that were written stay."""


def find_display(console: Console | None) -> Display | None:
    """The display for this process: on ``console`` if given, else in a notebook or on standard error; None if there is none."""
    if in_notebook() and (console is None or console.is_jupyter):
        return NotebookCell()
    if console is not None:
        return TerminalBar(console) if console.is_terminal else None
    # Standard error, so that redirected results stay clean; there is none under pythonw.
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    return TerminalBar(terminal()) if importlib.util.find_spec("rich") else PlainLines(sys.stderr)


def in_notebook() -> bool:
    """Whether this runs in a Jupyter kernel; the IPython shell of a terminal has no kernel."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


def terminal() -> Console:
    """A console of rich on standard error that raises BrokenPipeError where nobody reads."""
    from rich.console import Console

    class Terminal(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich's default ends the program

    return Terminal(stderr=True)
