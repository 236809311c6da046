"""Ctrl-C in a process that runs one command and ends."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType

from lamina.training.interrupts import Interrupts

__all__ = ["CommandInterrupts"]


class CommandInterrupts(Interrupts):
    """A context for all that the process does: Ctrl-C raises KeyboardInterrupt until the command's end is decided, then nothing.

    So its last words are said, and neither they nor the end of the interpreter become a traceback. A training within puts
    Ctrl-C off, as ever.

    Attributes
    ----------
    is_decided : bool
        Set by whoever catches what the command raised: an assignment, before which no further Ctrl-C can come.
    """

    def __init__(self) -> None:
        super().__init__()
        self.is_decided = False

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the interpreter ends, and puts handlers of its own back as it does

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self.is_decided:
            raise KeyboardInterrupt
