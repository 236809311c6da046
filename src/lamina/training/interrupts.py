"""Ctrl-C during training: a request to stop, so that nothing is left half done.

After the first Ctrl-C the current call of the engine finishes, and training ends cleanly. A further one raises KeyboardInterrupt
at once while user code runs, so that nothing hangs. Everywhere else it is only counted, so that cleanup completes and Python's
handler is restored.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

__all__ = ["Interrupts"]


class Interrupts:
    """A context in which Ctrl-C calls ``stop`` and is counted, instead of raising KeyboardInterrupt.

    It takes effect only where Python would raise: in the main thread, with no custom handler installed. Nested contexts all
    count an interruption; an inner one that starts after an interruption stops at once.

    Parameters
    ----------
    stop : callable, optional
        Asks the running code to end; it may be called at any time.

    Attributes
    ----------
    count : int
        The number of interruptions; code that catches a KeyboardInterrupt must add it.
    second_raises : context manager
        For code that may hang, such as user code: inside it every Ctrl-C except the first raises KeyboardInterrupt.
    each_raises : context manager
        For code that cannot be asked to end: inside it every Ctrl-C raises KeyboardInterrupt.

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
        self.second_raises = _Raises()
        self.each_raises = _Raises()
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
        # A caller that continues after an error must not continue after an interruption.
        if self.count and isinstance(error, Exception):
            raise KeyboardInterrupt from error

    @property
    def is_nested(self) -> bool:
        """Whether a context around this one counts interruptions, too, and sees to them."""
        return self._outer is not None

    def add(self) -> None:
        """Count an interruption."""
        self.count += 1
        self._stop()
        if self._outer is not None:
            self._outer.add()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._is_over:  # reinstalled by code that had saved it as the previous handler
            self._before(number, frame)
            return
        self.add()
        is_changing_hands = frame is not None and frame.f_globals is globals()
        raises = self.each_raises.is_open or (self.count > 1 and self.second_raises.is_open)
        if raises and not is_changing_hands:
            raise KeyboardInterrupt


class _Raises:
    """See :class:`Interrupts`."""

    is_open = False

    def __enter__(self) -> None:
        self.is_open = True

    def __exit__(self, *_: object) -> None:
        self.is_open = False


def _context_of(handler: Any) -> Interrupts | None:
    """The context that owns this handler, if any."""
    owner = getattr(handler, "__self__", None)
    return owner if isinstance(owner, Interrupts) else None


def _present_handler() -> Any:
    """The current SIGINT handler; if it belongs to a context that is over, the handler before that."""
    handler = signal.getsignal(signal.SIGINT)
    while (context := _context_of(handler)) is not None and context._is_over:
        handler = context._before
    return handler
