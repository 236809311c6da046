"""Activation as a separate layer, for example between batch norm and dropout."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

from lamina.activations import Activation as ActivationFunction
from lamina.layers.drafts import OpDraft
from lamina.layers.function import activation_draft, function_label, function_to_plain, to_function
from lamina.layers.layer import Layer

__all__ = ["Activation"]


@final
@dataclass(frozen=True)
class Activation(Layer):
    """y = f(x), element by element (softmax: over the row).

    Parameters
    ----------
    function : str, lamina.activations.Activation or dict
        f: a name in ``lamina.activations.ACTIVATIONS``, or ``get_activation("leaky_relu", slope=0.2)`` to change its settings.
    name : str, optional
        Default "activation_1", "activation_2", …

    Raises
    ------
    InvalidSettingError
        When the function's name is unknown.

    Examples
    --------
    >>> from lamina import Input
    >>> from lamina.layers import Activation
    >>> Activation("tanh")(Input(8)).width
    8
    """

    function: str | ActivationFunction | Mapping[str, Any]

    kind: ClassVar[str] = "activation"
    converters: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"function": to_function}
    writers: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"function": function_to_plain}

    def ops(self, widths: Sequence[int]) -> tuple[OpDraft, ...]:
        return (activation_draft(to_function(self.function), widths[0]),)

    def describe(self) -> str:
        return f"Activation({function_label(to_function(self.function))})"
