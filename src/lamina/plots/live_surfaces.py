"""Where curves are drawn while a training runs: a notebook's cell, a window, or a terminal."""

from __future__ import annotations

import base64
import importlib.util
import io
import math
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from lamina.extras import require
from lamina.plots.history import plot_history
from lamina.plots.style import CYCLE, DARK, RC, is_dark, styled
from lamina.plots.text_chart import dotted
from lamina.training import History
from lamina.training.callbacks.progress_displays import in_notebook, terminal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from rich.console import Console
    from rich.text import Text

__all__ = ["NotebookPicture", "Surface", "TerminalChart", "Window", "find_surface"]

_OWNER = "LivePlot"
_SIZE = (6.4, 4.2)  # inches
_FOR_FILES = ("agg", "cairo", "pdf", "pgf", "ps", "svg", "template")  # matplotlib's backends without windows
_COLUMNS, _ROWS = 60, 10  # cells of a chart in a terminal


class Surface(Protocol):
    """Shows the history of a training."""

    def draw(self, history: History, keys: Sequence[str], log: bool) -> None:
        """Show the history, of one or more epochs; the first call opens the surface."""

    def close(self) -> None:
        """Stop drawing; what was drawn last stays."""


class NotebookPicture:
    """A picture below a Jupyter cell, which the next one replaces."""

    def __init__(self) -> None:
        self._figure: Any = None
        self._handle: Any = None

    def draw(self, history: History, keys: Sequence[str], log: bool) -> None:
        if self._figure is None:
            # Not one of pyplot's, which would show it once more when the cell ends.
            self._figure = require("matplotlib.figure", owner=_OWNER).Figure(_SIZE, layout="constrained")
        _draw_on(self._figure, history, keys, log)
        picture = io.BytesIO()
        self._figure.savefig(picture, format="png", dpi=RC["figure.dpi"])
        data = {"text/plain": _said(history, keys), "image/png": base64.b64encode(picture.getvalue()).decode()}
        if self._handle is not None:
            self._handle.update(data, raw=True)
            return
        from IPython.display import display  # installed, because this runs in a kernel

        self._handle = display(data, raw=True, display_id=True)

    def close(self) -> None:
        self._figure = self._handle = None


class Window:
    """A window of matplotlib, which stays open until its user closes it."""

    def __init__(self) -> None:
        self._pyplot = require("matplotlib.pyplot", owner=_OWNER)
        self._figure: Any = None

    def draw(self, history: History, keys: Sequence[str], log: bool) -> None:
        if self._figure is None:
            self._figure = self._pyplot.figure(figsize=_SIZE, layout="constrained")
            self._pyplot.show(block=False)
        if not self._pyplot.fignum_exists(self._figure.number):
            return  # closed by its user
        _draw_on(self._figure, history, keys, log)
        self._figure.canvas.draw_idle()
        self._figure.canvas.flush_events()

    def close(self) -> None:
        self._figure = None


class TerminalChart:
    """A chart of characters, which rich draws again and again in the same place."""

    def __init__(self, console: Console) -> None:
        from rich.live import Live

        self._live = Live(console=console, auto_refresh=False)

    def draw(self, history: History, keys: Sequence[str], log: bool) -> None:
        if not self._live.is_started:
            self._live.start()
        self._live.update(_chart(history, keys, log), refresh=True)

    def close(self) -> None:
        self._live.stop()


def find_surface() -> Surface | None:
    """Where somebody looks: a notebook's cell, a window of matplotlib, or a terminal with rich; None if there is none.

    Raises
    ------
    MissingPackageError
        In a notebook without matplotlib.
    """
    if in_notebook():
        require("matplotlib", owner=_OWNER)
        return NotebookPicture()
    if _has_windows():
        return Window()
    if sys.stderr is None or not sys.stderr.isatty() or not importlib.util.find_spec("rich"):
        return None
    return TerminalChart(terminal())


def _has_windows() -> bool:
    """Whether matplotlib draws in windows here; they belong to the main thread."""
    if threading.current_thread() is not threading.main_thread() or not importlib.util.find_spec("matplotlib"):
        return False
    import matplotlib

    with suppress(ImportError):  # of a backend whose package is not installed
        return matplotlib.get_backend().lower() not in _FOR_FILES
    return False


@styled
def _draw_on(figure: Figure, history: History, keys: Sequence[str], log: bool) -> Axes:
    """Draw on a figure anew, with all of it in the plots' style."""
    figure.clear()
    figure.set_facecolor(str((DARK if is_dark() else RC)["figure.facecolor"]))
    return plot_history(history, keys, log=log, ax=figure.subplots())


def _chart(history: History, keys: Sequence[str], log: bool) -> Text:
    from rich.text import Text

    colors = {key: CYCLE[i % len(CYCLE)] for i, key in enumerate(keys)}
    lines = {key: _numbers(history, key) for key in keys}
    known = [number for line in lines.values() for number in line if math.isfinite(number)]
    beside = [f" {max(known):.4g}", *[""] * (_ROWS - 2), f" {min(known):.4g}"] if known else [""] * _ROWS
    chart = Text()
    for row, scale in zip(dotted(lines, _COLUMNS, _ROWS, log=log), beside, strict=True):
        for character, key in row:
            chart.append(character, style=colors.get(key, ""))
        chart.append(f"{scale}\n")
    chart.append(f"epoch {history[-1, 'epoch']}")
    for key in keys:
        chart.append(f"  {_value(history, key)}", style=colors[key])
    return chart


def _numbers(history: History, key: str) -> list[float]:
    return [float(record.get(key, math.nan)) for record in history]


def _value(history: History, key: str) -> str:
    return f"{key.replace('_', ' ')} {_numbers(history, key)[-1]:.4f}"


def _said(history: History, keys: Sequence[str]) -> str:
    return "  ".join([f"epoch {history[-1, 'epoch']}", *(_value(history, key) for key in keys)])
