"""Networks: layers put together."""

from lamina.layers.symbol import Input, Symbol
from lamina.network.data_driven import data_driven_initialization
from lamina.network.fold import fold_batch_norm
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
    "fold_batch_norm",
    "network_from_dict",
]
