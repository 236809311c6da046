"""PReLU: a leaky ReLU with a learned slope for each unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

from lamina.initializers import Constant, Initializer, get_initializer
from lamina.layers.drafts import OpDraft, ParameterDraft
from lamina.layers.trainable_layer import TrainableLayer, names_freezing

__all__ = ["PReLU"]

_QUARTER = Constant(0.25)


@final
@names_freezing
@dataclass(frozen=True)
class PReLU(TrainableLayer):
    """y = x where x > 0, slope * x elsewhere, with a learned slope for each unit (He et al. 2015, eq. 1).

    Parameters
    ----------
    slope_init : str, Initializer or dict, default=Constant(0.25)
        Initial slopes; the default is that of the paper and of torch. Slopes are neither penalized nor decayed (section 2.1).
    trainable : bool, default=True
        Whether training changes its parameters; see :class:`TrainableLayer`.
    learning_rate_factor : float or dict of str to float, default=1.0
        Multiplies the learning rate; see :class:`TrainableLayer`.
    name : str, optional
        Default "prelu_1", "prelu_2", …

    Examples
    --------
    >>> from lamina import Input
    >>> from lamina.layers import PReLU
    >>> PReLU()(Input(8)).width
    8
    """

    slope_init: str | Initializer | Mapping[str, Any] = _QUARTER

    kind: ClassVar[str] = "prelu"
    parameter_names: ClassVar[tuple[str, ...]] = ("slope",)
    converters: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"slope_init": get_initializer}

    def ops(self, widths: Sequence[int]) -> tuple[OpDraft, ...]:
        (width,) = widths
        slope = ParameterDraft("slope", (width,), get_initializer(self.slope_init), width, width)
        return (OpDraft("prelu", width, (slope,)),)
