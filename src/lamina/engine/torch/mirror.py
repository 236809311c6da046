"""An array of the host that stands for a tensor elsewhere: what a user reads and writes, and the next call of the engine uses."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from lamina.engine.formulas.array import Array, in_numpy

__all__ = ["Mirror"]


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
