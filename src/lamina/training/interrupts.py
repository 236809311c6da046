"""Ctrl-C while a training runs: a request to stop, so that nothing is left half done.

The first Ctrl-C lets the present call of the engine end, and the training closes in order. A further one raises KeyboardInterrupt
at once, wherever the program is, so that nothing hangs; what is whole by then is kept.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

__all__ = ["Interrupts"]


class Interrupts:
    """A context in which the first Ctrl-C calls ``stop`` instead of raising KeyboardInterrupt.

    Only where Python would raise it: in the main thread, unless someone has put a handler of their own in place. Within another
    such context both take note; an inner one that begins after an interruption stops at once.

    Parameters
    ----------
    stop : callable, optional
        Asks whatever runs to end; it may be called at any time.

    Attributes
    ----------
    count : int
        How many interruptions came; whoever catches a KeyboardInterrupt adds it.

    Examples
    --------
    >>> with Interrupts(lambda: print("asked to stop")) as interrupts:
    ...     interrupts.add()
    asked to stop
    >>> interrupts.count
    1
    """

    def __init__(self, stop: Callable[[], None] = lambda: None) -> None:
        self._stop = stop
        self._before: Any = None
        self._outer: Interrupts | None = None
        self._only_counts = False
        self.count = 0

    def __enter__(self) -> Self:
        before = signal.getsignal(signal.SIGINT)
        outer = getattr(before, "__self__", None)
        replaceable = before is signal.default_int_handler or isinstance(outer, Interrupts)
        if replaceable and threading.current_thread() is threading.main_thread():
            self._outer = outer if isinstance(outer, Interrupts) else None
            self._before = before
            signal.signal(signal.SIGINT, self._handle)
            if self._outer is not None and self._outer.count:
                self.count = self._outer.count
                self._stop()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if self._before is not None and signal.getsignal(signal.SIGINT) == self._handle:
            signal.signal(signal.SIGINT, self._before)
        # A caller that goes on after an error must not go on after an interruption.
        if self.count and isinstance(error, Exception):
            raise KeyboardInterrupt from error

    def add(self) -> None:
        """Take note of an interruption."""
        self.count += 1
        self._stop()
        if self._outer is not None:
            self._outer.add()

    @contextmanager
    def only_counted(self) -> Iterator[None]:
        """For what must not be left half done, and is short: further interruptions raise nothing."""
        self._only_counts = True
        try:
            yield
        finally:
            self._only_counts = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.add()
        if self.count > 1 and not self._only_counts:
            raise KeyboardInterrupt
