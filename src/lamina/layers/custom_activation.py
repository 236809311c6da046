"""An activation function of the user's own: it and its derivative in Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

from lamina import validation
from lamina.engine.own_functions import OwnFunctions
from lamina.layers.drafts import OpDraft
from lamina.layers.layer import Layer
from lamina.layers.own_code import name_of, refuse_to_write
from lamina.validation import Rule

__all__ = ["CustomActivation"]


@final
@dataclass(frozen=True)
class CustomActivation(Layer):
    """y = f(x), element by element, with a function of your own and its derivative.

    It runs on the reference engine or that of torch, and is checked and refused in files, as :class:`CustomLayer` is, which takes
    whole rows and learns parameters.

    Parameters
    ----------
    function : callable
        f: an array (n, width) to one of the same shape.
    derivative : callable
        f', likewise; at a kink a one-sided derivative.
    name : str, optional
        Default "custom_activation_1", "custom_activation_2", …

    Raises
    ------
    InvalidSettingError
        When one of the two is no function.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import Dense, Sequential, Trainer
    >>> from lamina.layers import CustomActivation
    >>> bent = CustomActivation(lambda x: x + np.sin(x), lambda x: 1 + np.cos(x))
    >>> network = Sequential([Dense(8), bent, Dense(1)], input_width=2)
    >>> print(network.summary().splitlines()[4])
    custom_activation_1  CustomActivation(<lambda>), in Python  dense_1                  8           0
    """

    function: Callable[[Any], Any]
    derivative: Callable[[Any], Any]

    kind: ClassVar[str] = "custom_activation"
    rules: ClassVar[Mapping[str, Rule]] = {
        "function": validation.function("an array"),
        "derivative": validation.function("an array"),
    }

    def ops(self, widths: Sequence[int]) -> tuple[OpDraft, ...]:
        code = OwnFunctions(self.function, _Backward(self.derivative))
        return (OpDraft("python", widths[0], settings=(float(widths[0]),), code=code),)

    def describe(self) -> str:
        return f"CustomActivation({name_of(self.function)}), in Python"

    def to_dict(self) -> dict[str, Any]:
        """Always raises an error: functions cannot be written as data."""
        raise refuse_to_write(self.label)


@dataclass(frozen=True)
class _Backward:
    """``d_x = d_out f'(x)``."""

    derivative: Callable[[Any], Any]

    def __call__(self, d_out: Any, x: Any) -> Any:
        return d_out * self.derivative(x)
