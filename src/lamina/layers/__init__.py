"""Layers: immutable descriptions that networks are drawn with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lazy import lazy_exports

if TYPE_CHECKING:
    from lamina.layers.activation import Activation
    from lamina.layers.add import Add
    from lamina.layers.batch_norm import BatchNorm
    from lamina.layers.concat import Concat
    from lamina.layers.dense import Dense
    from lamina.layers.drafts import Incoming, OpDraft, ParameterDraft
    from lamina.layers.dropout import Dropout
    from lamina.layers.input import Input
    from lamina.layers.layer import Layer, Symbol
    from lamina.layers.layer_norm import LayerNorm
    from lamina.layers.multiply import Multiply
    from lamina.layers.prelu import PReLU
    from lamina.layers.registry import LAYERS, layer_from_dict

__all__ = [
    "LAYERS",
    "Activation",
    "Add",
    "BatchNorm",
    "Concat",
    "Dense",
    "Dropout",
    "Incoming",
    "Input",
    "Layer",
    "LayerNorm",
    "Multiply",
    "OpDraft",
    "PReLU",
    "ParameterDraft",
    "Symbol",
    "layer_from_dict",
]

_HOMES = {
    "lamina.layers.activation": "Activation",
    "lamina.layers.add": "Add",
    "lamina.layers.batch_norm": "BatchNorm",
    "lamina.layers.concat": "Concat",
    "lamina.layers.dense": "Dense",
    "lamina.layers.drafts": "Incoming OpDraft ParameterDraft",
    "lamina.layers.dropout": "Dropout",
    "lamina.layers.input": "Input",
    "lamina.layers.layer": "Layer Symbol",
    "lamina.layers.layer_norm": "LayerNorm",
    "lamina.layers.multiply": "Multiply",
    "lamina.layers.prelu": "PReLU",
    "lamina.layers.registry": "LAYERS layer_from_dict",
}
__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
