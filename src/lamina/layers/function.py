"""Activation functions of layers: read from a name, an object or a dict, written back, and turned into an op."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lamina.activations import ACTIVATIONS, Activation, get_activation
from lamina.layers.drafts import OpDraft
from lamina.settings import kind_of

__all__ = ["activation_draft", "function_label", "function_to_plain", "to_function"]


def to_function(function: Any) -> Activation:
    """Return the activation function for a name, an object, or a dict ``{"kind": name, setting: number, …}``."""
    if isinstance(function, Mapping):
        kind = kind_of(function, ACTIVATIONS, family="activation function")
        return get_activation(kind, **{name: setting for name, setting in function.items() if name != "kind"})
    return get_activation(function)


def function_to_plain(function: Activation | None) -> str | dict[str, Any] | None:
    """The inverse of :func:`to_function`: the bare name if the settings are the defaults, else a dict."""
    if function is None or function == get_activation(function.name):
        return None if function is None else function.name
    return {"kind": function.name, **function.settings}


def function_label(function: Activation) -> str:
    """``relu``, or ``leaky_relu(slope=0.2)`` if the settings are not the defaults."""
    if function == get_activation(function.name):
        return function.name
    return f"{function.name}({', '.join(f'{name}={number:g}' for name, number in function.settings.items())})"


def activation_draft(function: Activation, width: int) -> OpDraft:
    """The op that applies ``function``."""
    return OpDraft("activation", width, settings=tuple(function.settings.values()), function=function.name)
