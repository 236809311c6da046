"""ParametricActivation: an activation function that each unit may blend with the identity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

from lamina.activations import Activation as ActivationFunction
from lamina.initializers import Constant, Initializer, get_initializer
from lamina.layers.drafts import OpDraft, ParameterDraft
from lamina.layers.function import function_label, function_to_plain, to_function
from lamina.layers.trainable_layer import TrainableLayer, names_freezing

__all__ = ["ParametricActivation"]

_ONES = Constant(1.0)


@final
@names_freezing
@dataclass(frozen=True)
class ParametricActivation(TrainableLayer):
    """y = (1 - alpha) x + alpha f(x) with a learned alpha for each unit: at 1 the function, at 0 the identity.

    RealMLP's parametric activations (Holzmüller, Grinsztajn & Steinwart 2024, "Better by default", section 3), which it uses
    with SELU and Mish. With f = relu, this is PReLU with slope 1 - alpha, but for positive values.

    Parameters
    ----------
    function : str, lamina.activations.Activation or dict
        f: a name in ``lamina.activations.ACTIVATIONS``, or ``get_activation("leaky_relu", slope=0.2)`` to change its settings.
    alpha_init : str, Initializer or dict, default=Constant(1.0)
        Initial alphas. They are neither penalized nor decayed.
    trainable : bool, default=True
        Whether training changes its parameters; see :class:`TrainableLayer`.
    learning_rate_factor : float or dict of str to float, default=1.0
        Multiplies the learning rate; see :class:`TrainableLayer`. RealMLP takes 0.1.
    name : str, optional
        Default "parametric_activation_1", "parametric_activation_2", …

    Raises
    ------
    InvalidSettingError
        When the function's name is unknown.

    Examples
    --------
    >>> from lamina import Input
    >>> from lamina.layers import ParametricActivation
    >>> ParametricActivation("selu")(Input(8)).width
    8
    """

    function: str | ActivationFunction | Mapping[str, Any]
    alpha_init: str | Initializer | Mapping[str, Any] = _ONES

    kind: ClassVar[str] = "parametric_activation"
    parameter_names: ClassVar[tuple[str, ...]] = ("alpha",)
    converters: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"function": to_function, "alpha_init": get_initializer}
    writers: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"function": function_to_plain}

    def ops(self, widths: Sequence[int]) -> tuple[OpDraft, ...]:
        (width,) = widths
        function = to_function(self.function)
        alpha = ParameterDraft("alpha", (width,), get_initializer(self.alpha_init), width, width)
        return (OpDraft(self.kind, width, (alpha,), settings=tuple(function.settings.values()), function=function.name),)

    def describe(self) -> str:
        return f"ParametricActivation({function_label(to_function(self.function))})"
