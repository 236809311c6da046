"""All layers by the name that files use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from lamina.layers.activation import Activation
from lamina.layers.add import Add
from lamina.layers.batch_norm import BatchNorm
from lamina.layers.concat import Concat
from lamina.layers.dense import Dense
from lamina.layers.dropout import Dropout
from lamina.layers.layer import Layer
from lamina.layers.layer_norm import LayerNorm
from lamina.layers.multiply import Multiply
from lamina.layers.prelu import PReLU
from lamina.settings import kind_of

__all__ = ["LAYERS", "layer_from_dict"]

#: Every layer by its ``kind``.
LAYERS: Mapping[str, type[Layer]] = MappingProxyType(
    {cls.kind: cls for cls in (Dense, Activation, PReLU, Dropout, BatchNorm, LayerNorm, Add, Multiply, Concat)}
)


def layer_from_dict(description: Mapping[str, Any]) -> Layer:
    """The layer that ``layer.to_dict()`` described.

    Raises
    ------
    InvalidSettingError
        When the kind or a setting is unknown (the nearest known one is named), missing, or out of range.

    Examples
    --------
    >>> layer_from_dict({"kind": "dropout", "rate": 0.2})
    Dropout(name=None, rate=0.2)
    """
    return LAYERS[kind_of(description, LAYERS, family="layer")].from_settings(description)
