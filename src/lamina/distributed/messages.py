"""Objects from rank 0 to all others, in two broadcasts: the length, then the bytes.

They are pickles, as the ranks of a group are processes of one program, which trust each other.
"""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np

from lamina.distributed.communicator import Communicator

__all__ = ["receive", "send"]


def send(communicator: Communicator, message: Any) -> None:
    """Send an object to all other ranks, if there are any, which call :func:`receive`; of rank 0."""
    if communicator.size == 1:
        return
    packed = np.frombuffer(pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL), dtype=np.uint8).copy()
    communicator.broadcast(np.array([len(packed)], dtype=np.int64))
    communicator.broadcast(packed)


def receive(communicator: Communicator) -> Any:
    """The object that rank 0 sends; of the others."""
    length = np.zeros(1, dtype=np.int64)
    communicator.broadcast(length)
    packed = np.empty(int(length[0]), dtype=np.uint8)
    communicator.broadcast(packed)
    return pickle.loads(packed.tobytes())
