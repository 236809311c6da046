"""The compiled engine, imported whole: a Ctrl-C in the midst of that would leave half a module for good."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["_native"]


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Ctrl-C waits until the end; on systems without signal masks it does not."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


with _without_interrupts():
    from lamina.engine import _native
