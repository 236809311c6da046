"""A network whose batch normalizations were folded, with its weights."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

import numpy as np

__all__ = ["FoldedNetwork"]

_Network = TypeVar("_Network")


class FoldedNetwork(NamedTuple, Generic[_Network]):
    """What :meth:`lamina.network.Network.fold` returns.

    Attributes
    ----------
    network : Network
    parameters : ndarray of shape (network.num_parameters,)
    state : ndarray of shape (network.num_state,)
        The running statistics of the normalizations that were kept.
    kept : dict of str to str
        By the name of each normalization that is left, why it could not be folded.
    """

    network: _Network
    parameters: np.ndarray
    state: np.ndarray
    kept: dict[str, str]
