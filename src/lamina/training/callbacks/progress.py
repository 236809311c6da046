"""A progress bar."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from lamina.training.callbacks.callback import Callback, Run
from lamina.training.history import Record
from lamina.validation import check_parameters, number

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

__all__ = ["Progress"]


class Progress(Callback):
    """A bar with epoch, losses, metrics and time left; nothing at all when the output is not a terminal.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where to draw; by default standard error, so that redirected results stay clean.
    refresh_s : float, default=0.1
        Seconds between two drawings, > 0.

    Examples
    --------
    >>> Progress().refresh_s
    0.1
    """

    runs_last = True

    def __init__(self, console: Console | None = None, refresh_s: float = 0.1) -> None:
        check_parameters({"refresh_s": refresh_s}, {"refresh_s": number(0, closed="neither")}, owner="Progress")
        self.refresh_s = refresh_s
        self._console = console
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._next_drawing = 0.0
        self._text = ""

    def on_fit_begin(self, trainer: Run) -> None:
        # rich takes a while to import: only here, and only draws to a terminal.
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        console = self._console or Console(stderr=True)
        if not console.is_terminal:
            return
        text = (TextColumn("epoch {task.fields[epoch]}"), BarColumn(), TextColumn("{task.fields[text]}", markup=False))
        clocks = (TimeElapsedColumn(), TextColumn("gone,"), TimeRemainingColumn(), TextColumn("left at most"))
        # No thread of its own: the bar is drawn when the trainer comes by.
        self._bar = Bar(*text, *clocks, console=console, auto_refresh=False)
        self._task = self._bar.add_task(
            "", total=trainer.last_epoch, completed=trainer.epoch, epoch=self._epochs(trainer), text=""
        )
        self._bar.start()

    def on_chunk_end(self, trainer: Run, steps_done: int) -> None:
        self._draw(trainer, trainer.epoch + steps_done / trainer.steps_per_epoch)

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        if self._bar is not None and time.monotonic() >= self._next_drawing:
            self._text = _summary(record)
            self._draw(trainer, trainer.epoch)

    def on_fit_end(self, trainer: Run) -> None:
        if self._bar is not None:
            self._text = _summary(trainer.history[-1]) if len(trainer.history) else ""
            self._next_drawing = 0.0
            self._draw(trainer, trainer.epoch)
            self._bar.stop()
            self._bar = None

    def _draw(self, trainer: Run, completed: float) -> None:
        now = time.monotonic()
        if self._bar is None or self._task is None or now < self._next_drawing:
            return
        self._next_drawing = now + self.refresh_s
        self._bar.update(self._task, completed=completed, epoch=self._epochs(trainer), text=self._text)
        self._bar.refresh()

    @staticmethod
    def _epochs(trainer: Run) -> str:
        return f"{trainer.epoch}/{trainer.last_epoch}"


def _summary(record: Record) -> str:
    """The losses and metrics of a record in a few words."""
    shown = {key: value for key, value in record.items() if key == "loss" or key.startswith("validation_")}
    return "  ".join(f"{key.replace('_', ' ')} {value:.4f}" for key, value in shown.items())
