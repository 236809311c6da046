"""An array of the host that stands for a tensor elsewhere: what a user reads and writes, and the next call of the engine uses."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from lamina.engine.formulas.array import Array, in_numpy

__all__ = ["Mirror", "Mirrors"]


class Mirror:
    """A copy of a tensor, read at the beginning of each call and brought up to date at its end, as long as anyone has it.

    Parameters
    ----------
    torch : module
    tensor : tensor
        It keeps its place.
    """

    def __init__(self, torch: Any, tensor: Array) -> None:
        self._torch, self._tensor = torch, tensor
        self._array: np.ndarray | None = None

    @property
    def array(self) -> np.ndarray:
        """The copy, which is made when it is first asked for."""
        if self._array is None:
            self._array = np.array(in_numpy(self._tensor))
        return self._array

    def read(self) -> None:
        """Take what the user wrote; an array that nobody has any more is given up."""
        if self._array is None:
            return
        self._tensor.copy_(self._torch.from_numpy(self._array))
        held = weakref.ref(self._array)
        self._array = None
        self._array = held()

    def show(self) -> None:
        """Show what the call changed."""
        if self._array is not None:
            self._array[...] = in_numpy(self._tensor)


class Mirrors:
    """The mirrors of an executor's tensors, of which one thread at a time reads and writes.

    A call holds them until it is over: else the copy that another one takes at its beginning would undo what steps have
    changed meanwhile. What is called within a call, such as a loss in Python, finds the tensors as they are.

    Parameters
    ----------
    torch : module
    tensors : sequence of tensor
        None, where the host reaches their memory itself: then threads need not wait for each other.
    """

    def __init__(self, torch: Any, tensors: Sequence[Array]) -> None:
        self._mirrors = [Mirror(torch, tensor) for tensor in tensors]
        self._lock = threading.RLock()
        self._depth = 0

    @property
    def arrays(self) -> list[np.ndarray]:
        """The copies."""
        with self._lock:
            return [mirror.array for mirror in self._mirrors]

    @contextmanager
    def call(self, *, changes: bool) -> Iterator[None]:
        """Within it the device computes with what the user wrote; if it ``changes`` the tensors, the copies show that then."""
        if not self._mirrors:
            yield
            return
        with self._lock:
            is_outermost = self._depth == 0
            if is_outermost:
                for mirror in self._mirrors:
                    mirror.read()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if changes or not is_outermost:
                    for mirror in self._mirrors:
                        mirror.show()
