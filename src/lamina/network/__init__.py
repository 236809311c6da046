"""Networks: layers put together."""

from lamina.layers.symbol import Input, Symbol
from lamina.network.graph import Graph
from lamina.network.network import Network
from lamina.network.node import InputNode, Node
from lamina.network.registry import NETWORKS, network_from_dict
from lamina.network.sequential import Sequential

__all__ = ["NETWORKS", "Graph", "Input", "InputNode", "Network", "Node", "Sequential", "Symbol", "network_from_dict"]
