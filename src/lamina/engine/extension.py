"""Imports the compiled engine with Ctrl-C deferred: an interrupted import would leave a broken module behind."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["_native"]


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Defer Ctrl-C to the end, where the system has signal masks."""
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
