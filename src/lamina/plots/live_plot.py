"""A plot that follows a training while it runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from numbers import Real
from typing import Any

from lamina.caller import warn_caller
from lamina.plots.live_surfaces import Surface, find_surface
from lamina.training import Callback, History, Trainer, TrainingWarning
from lamina.training.callbacks.callback import Run
from lamina.training.callbacks.progress_displays import GONE
from lamina.training.history import Record
from lamina.validation import boolean, check_parameters, number, one_of, sequence_of, text, value

__all__ = ["LivePlot", "live"]

_RULES = {
    "keys": one_of(value(None), text(), sequence_of(text(), at_least=1)),
    "log": boolean(),
    "refresh_s": number(0, closed="neither"),
}
_MOST_OF_THE_TIME = 0.1  # that drawing takes
_USUAL = ("loss", "validation_loss", "objective")


class LivePlot(Callback):
    """A plot of the losses, or other numbers of the history, that grows while the training runs.

    In a Jupyter notebook it is a picture below the cell (extra ``plot``), in a script a window if matplotlib has one to draw
    in, and else a chart of characters on the terminal (extra ``cli``). Where nobody looks, nothing is drawn. At most a tenth of
    the time goes into drawing, and an output that is closed or fails never ends the training. Of several restarts the first one
    is drawn.

    Parameters
    ----------
    keys : str or sequence of str, optional
        Keys of the records. By default the training loss, and the validation loss and the objective of perturbed weights if
        they are recorded.
    log : bool, default=False
        Whether the vertical axis is logarithmic; numbers that are not above 0 are then left out.
    refresh_s : float, default=0.5
        Minimum number of seconds between two drawings, > 0.

    Raises
    ------
    InvalidSettingError
        If a setting is out of range.
    MissingPackageError
        As training begins, in a notebook without matplotlib.
    TrainingWarning
        As training ends, if nothing was recorded under one of the ``keys``.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import Dense, Sequential, Trainer
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> trainer = Trainer(Sequential([Dense(1)]), "squared_error", callbacks=LivePlot("loss", log=True))
    >>> len(trainer.fit(X, X[:, 0], max_epochs=5))
    5
    """

    runs_last = True

    def __init__(self, keys: str | Sequence[str] | None = None, *, log: bool = False, refresh_s: float = 0.5) -> None:
        check_parameters({"keys": keys, "log": log, "refresh_s": refresh_s}, _RULES, owner="LivePlot")
        self.keys = keys
        self.log = log
        self.refresh_s = refresh_s
        self._surface: Surface | None = None
        self._next_drawing = 0.0
        self._is_silent = False

    def __getstate__(self) -> dict[str, Any]:
        """For a pickle or a copy: leave out what is drawn on."""
        return vars(self) | {"_surface": None}

    def for_restart(self, number: int) -> None:
        self._is_silent = number > 1

    def on_fit_begin(self, trainer: Run) -> None:
        self._surface = None if self._is_silent else find_surface()
        self._next_drawing = 0.0

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        if self._surface is not None and time.monotonic() >= self._next_drawing:
            self._draw(trainer.history)

    def on_fit_end(self, trainer: Run) -> None:
        if self._surface is not None:
            self._draw(trainer.history)
            self._warn_of_unknown(trainer.history)
        self._close()

    @property
    def _asked(self) -> list[str]:
        return [self.keys] if isinstance(self.keys, str) else list(self.keys or ())

    def _draw(self, history: History) -> None:
        shown = [{key: record[key] for key in record if key == "epoch" or self._can_show(record[key])} for record in history]
        drawn = History(shown)
        keys = [key for key in self._asked or _USUAL if key in drawn.keys]
        if self._surface is None or not keys:
            return
        began = time.monotonic()
        try:
            self._surface.draw(drawn, keys, self.log)
        except GONE:
            self._close()
        now = time.monotonic()
        self._next_drawing = now + max(self.refresh_s, (now - began) * (1 / _MOST_OF_THE_TIME - 1))

    def _can_show(self, value: Any) -> bool:
        return isinstance(value, Real) and (not self.log or float(value) > 0)

    def _warn_of_unknown(self, history: History) -> None:
        unknown = [key for key in self._asked if key not in history.keys]
        if unknown and len(history):
            names = ", ".join(map(repr, unknown))
            warn_caller(f"LivePlot drew nothing of {names}: the history has {', '.join(history.keys)}.", TrainingWarning)

    def _close(self) -> None:
        surface, self._surface = self._surface, None
        if surface is not None:
            with suppress(*GONE):
                surface.close()


def live(trainer: Trainer, keys: str | Sequence[str] | None = None, *, log: bool = False) -> Trainer:
    """The trainer, with a :class:`LivePlot` in place of those that it had."""
    others = [callback for callback in trainer.callbacks if not isinstance(callback, LivePlot)]
    trainer.callbacks = [*others, LivePlot(keys, log=log)]
    return trainer
