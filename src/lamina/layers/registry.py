"""All layers by the name used in files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lamina.layers.layer import Layer
from lamina.lazy import LazyRegistry, exported_classes
from lamina.settings import kind_of

__all__ = ["LAYERS", "layer_from_dict"]

#: Every layer by its ``kind``; those of the user's own are not in files.
LAYERS: Mapping[str, type[Layer]] = LazyRegistry(
    "lamina.layers",
    exported_classes("lamina.layers", besides="custom_activation custom_layer drafts input layer registry trainable_layer"),
)


def layer_from_dict(description: Mapping[str, Any]) -> Layer:
    """The layer that ``layer.to_dict()`` described.

    Raises
    ------
    InvalidSettingError
        When the kind or a setting is unknown (the message suggests the nearest known one), missing, or out of range.

    Examples
    --------
    >>> layer_from_dict({"kind": "dropout", "rate": 0.2})
    Dropout(name=None, rate=0.2)
    """
    return LAYERS[kind_of(description, LAYERS, family="layer")].from_settings(description)
