"""Ctrl-C handling in a process that runs one command and ends."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType

from lamina.training.interrupts import Interrupts

__all__ = ["CommandInterrupts"]


class CommandInterrupts(Interrupts):
    """A context around the whole process: Ctrl-C raises KeyboardInterrupt until the command's outcome is known, then is ignored.

    This way the final message is printed, and a late Ctrl-C causes no traceback there or at the interpreter's exit. Training
    inside the context defers Ctrl-C as usual.

    Attributes
    ----------
    is_decided : bool
        Set to True by the code that catches the command's exceptions, once the outcome is known.
    """

    def __init__(self) -> None:
        super().__init__()
        self.is_decided = False

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # on exit, the interpreter would restore its own handlers

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self.is_decided:
            raise KeyboardInterrupt
