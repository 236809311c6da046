"""Ctrl-C while a training runs: a request to stop, so that nothing is left half done.

The first Ctrl-C lets the present call of the engine end, and the training closes in order. Where code of the user's runs, a
further one raises KeyboardInterrupt at once, so that nothing hangs. Everywhere else it is only counted: what is put in order
gets there, and Python's handler comes back.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

__all__ = ["Interrupts"]


class Interrupts:
    """A context in which Ctrl-C calls ``stop`` and is counted, in place of raising KeyboardInterrupt.

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
        self._is_over = False
        self._second_raises = False
        self.count = 0

    def __enter__(self) -> Self:
        before = _present_handler()
        outer = _context_of(before)
        if (outer is not None or before is signal.default_int_handler) and threading.current_thread() is threading.main_thread():
            self._outer, self._before = outer, before
            signal.signal(signal.SIGINT, self._handle)
            if outer is not None and outer.count:
                self.count = outer.count
                self._stop()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        try:
            if self._before is not None and signal.getsignal(signal.SIGINT) == self._handle:
                signal.signal(signal.SIGINT, self._before)
        finally:
            self._is_over = True
        # A caller that goes on after an error must not go on after an interruption.
        if self.count and isinstance(error, Exception):
            raise KeyboardInterrupt from error

    def add(self) -> None:
        """Take note of an interruption."""
        self.count += 1
        self._stop()
        if self._outer is not None:
            self._outer.add()

    def second_raises(self) -> _SecondRaises:
        """A context for what may hang, as code of the user's: Ctrl-C raises KeyboardInterrupt, but for the very first one."""
        return _SecondRaises(self)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._is_over:  # put in place once more by someone who had taken it for Python's own
            self._before(number, frame)
            return
        self.add()
        is_changing_hands = frame is not None and frame.f_globals is globals()
        if self.count > 1 and self._second_raises and not is_changing_hands:
            raise KeyboardInterrupt


class _SecondRaises:
    """See :meth:`Interrupts.second_raises`."""

    def __init__(self, interrupts: Interrupts) -> None:
        self._interrupts = interrupts

    def __enter__(self) -> None:
        self._interrupts._second_raises = True

    def __exit__(self, *_: object) -> None:
        self._interrupts._second_raises = False


def _context_of(handler: Any) -> Interrupts | None:
    """The context whose handler it is, if it is of one."""
    owner = getattr(handler, "__self__", None)
    return owner if isinstance(owner, Interrupts) else None


def _present_handler() -> Any:
    """Who gets SIGINT; where that is a context that is over, whoever got it before."""
    handler = signal.getsignal(signal.SIGINT)
    while (context := _context_of(handler)) is not None and context._is_over:
        handler = context._before
    return handler
