"""A progress bar."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from lamina.training.callbacks import progress_displays
from lamina.training.callbacks.callback import Callback, Run
from lamina.training.history import Record
from lamina.validation import Rule, check_parameters, number, one_of, value

if TYPE_CHECKING:
    from rich.console import Console

    from lamina.training.callbacks.progress_displays import Display

__all__ = ["Progress", "summary_of"]


# The console is recognized by an attribute, because importing rich takes a while.
_RULES = {
    "console": one_of(value(None), Rule("a rich Console", lambda given: hasattr(given, "is_terminal"))),
    "refresh_s": number(0, closed="neither"),
}


class Progress(Callback):
    """A progress bar with epoch, losses, metrics and remaining time.

    On a terminal, rich (the extra ``cli``) draws the bar; without rich, a plain line is printed every second. In a Jupyter
    notebook it is an output of the cell, updated during training. If the output is neither, nothing is drawn. An output that is
    closed or fails never ends the training.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where to draw; by default the notebook, or standard error, so that redirected results stay clean.
    refresh_s : float, default=0.1
        Minimum number of seconds between two updates, > 0.

    Examples
    --------
    >>> Progress().refresh_s
    0.1
    """

    runs_last = True

    def __init__(self, console: Console | None = None, refresh_s: float = 0.1) -> None:
        check_parameters({"console": console, "refresh_s": refresh_s}, _RULES, owner="Progress")
        self.refresh_s = refresh_s
        self._console = console
        self._display: Display | None = None
        self._began = 0.0
        self._next_drawing = 0.0
        self._text = ""

    def __getstate__(self) -> dict[str, Any]:
        """For a pickle: leave out the console."""
        return vars(self) | {"_display": None, "_console": None}

    def on_fit_begin(self, trainer: Run) -> None:
        self._display = progress_displays.find_display(self._console)
        self._began = time.monotonic()
        self._next_drawing = 0.0
        self._text = ""
        self._draw(trainer, trainer.epoch)

    def on_chunk_end(self, trainer: Run, steps_done: int) -> None:
        # As long as the length of an epoch is not known, the bar moves at its end alone.
        self._draw(trainer, trainer.epoch + (steps_done / trainer.steps_per_epoch if trainer.steps_per_epoch else 0.0))

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        if self._display is not None and time.monotonic() >= self._next_drawing:
            self._text = summary_of(record)
            self._draw(trainer, trainer.epoch)

    def on_fit_end(self, trainer: Run) -> None:
        if self._display is not None:
            self._text = summary_of(trainer.history[-1]) if len(trainer.history) else ""
            self._next_drawing = 0.0
            self._draw(trainer, trainer.epoch)
        self._close()

    def _draw(self, trainer: Run, completed: float) -> None:
        now = time.monotonic()
        if self._display is None or now < self._next_drawing:
            return
        self._next_drawing = now + max(self.refresh_s, self._display.least_pause_s)
        standing = progress_displays.Standing(
            trainer.epoch, trainer.last_epoch, completed, self._text, elapsed_s=now - self._began
        )
        try:
            self._display.draw(standing)
        except progress_displays.GONE:
            self._close()

    def _close(self) -> None:
        display, self._display = self._display, None
        if display is not None:
            with suppress(*progress_displays.GONE):
                display.close()


def summary_of(record: Record) -> str:
    """The losses and metrics of a record as short text."""
    shown = {key: value for key, value in record.items() if key.endswith("loss") or key.startswith("validation_")}
    return "  ".join(f"{key.replace('_', ' ')} {value:.4f}" for key, value in shown.items())
