"""Arrays of the host that stand for tensors elsewhere: what a user reads and writes, and the next call of the engine uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.engine.formulas.array import Array, in_numpy

__all__ = ["Mirror"]


class Mirror:
    """Copies of tensors, which are brought up to date at the end of each call, and read at its beginning.

    Parameters
    ----------
    torch : module
    tensors : sequence of tensor
        They keep their place as long as the mirror is used.

    Attributes
    ----------
    arrays : list of ndarray
    """

    def __init__(self, torch: Any, tensors: Sequence[Array]) -> None:
        self._torch = torch
        self._tensors = tensors
        self.arrays = [np.array(in_numpy(tensor)) for tensor in tensors]

    def read(self) -> None:
        """Take what the user wrote."""
        for tensor, array in zip(self._tensors, self.arrays, strict=True):
            tensor.copy_(self._torch.from_numpy(array))

    def show(self) -> None:
        """Show what the call changed."""
        for tensor, array in zip(self._tensors, self.arrays, strict=True):
            array[...] = in_numpy(tensor)
