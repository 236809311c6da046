"""Networks: layers put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lazy import lazy_exports

if TYPE_CHECKING:
    from lamina.layers.input import Input
    from lamina.layers.layer import Symbol
    from lamina.network.data_driven import data_driven_initialization
    from lamina.network.graph import Graph
    from lamina.network.network import Network
    from lamina.network.node import InputNode, Node
    from lamina.network.registry import NETWORKS, network_from_dict
    from lamina.network.sequential import Sequential

__all__ = [
    "NETWORKS",
    "Graph",
    "Input",
    "InputNode",
    "Network",
    "Node",
    "Sequential",
    "Symbol",
    "data_driven_initialization",
    "network_from_dict",
]

_HOMES = {
    "lamina.layers.input": "Input",
    "lamina.layers.layer": "Symbol",
    "lamina.network.data_driven": "data_driven_initialization",
    "lamina.network.graph": "Graph",
    "lamina.network.network": "Network",
    "lamina.network.node": "InputNode Node",
    "lamina.network.registry": "NETWORKS network_from_dict",
    "lamina.network.sequential": "Sequential",
}
__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
