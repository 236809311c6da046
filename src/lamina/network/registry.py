"""Networks by the name used in files."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from lamina.network.ensemble import Ensemble
from lamina.network.graph import Graph
from lamina.network.network import Network
from lamina.network.sequential import Sequential
from lamina.settings import kind_of

__all__ = ["NETWORKS", "network_from_dict"]

#: Every kind of network.
NETWORKS: Mapping[str, type[Network]] = MappingProxyType({network.kind: network for network in (Ensemble, Graph, Sequential)})


def network_from_dict(description: Mapping[str, Any]) -> Network:
    """The network that ``network.to_dict()`` described, of any kind.

    Raises
    ------
    InvalidSettingError, ShapeError
        As in :meth:`Network.from_dict`.

    Examples
    --------
    >>> from lamina import Dense, Sequential
    >>> net = Sequential([Dense(3)], input_width=2)
    >>> network_from_dict(net.to_dict()) == net
    True
    """
    return NETWORKS[kind_of(description, NETWORKS, family="network")].from_dict(description)
