"""Scale: a learned factor for each column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

from lamina.initializers import Constant, Initializer, get_initializer
from lamina.layers.drafts import OpDraft, ParameterDraft
from lamina.layers.trainable_layer import TrainableLayer, names_freezing

__all__ = ["Scale"]

_ONES = Constant(1.0)


@final
@names_freezing
@dataclass(frozen=True)
class Scale(TrainableLayer):
    """y = scale * x with a learned factor for each column: in front of a network, how much each feature counts.

    RealMLP's scaling layer (Holzmüller, Grinsztajn & Steinwart 2024, "Better by default", section 3). Multiplied into the
    weights of the next layer, the factors would change nothing that can be computed, but a step moves all weights of a feature
    together, so useless features fade sooner.

    Parameters
    ----------
    scale_init : str, Initializer or dict, default=Constant(1.0)
        Initial factors. They are neither penalized nor decayed.
    trainable : bool, default=True
        Whether training changes its parameters; see :class:`TrainableLayer`.
    learning_rate_factor : float or dict of str to float, default=1.0
        Multiplies the learning rate; see :class:`TrainableLayer`. RealMLP takes 6.
    name : str, optional
        Default "scale_1", "scale_2", …

    Examples
    --------
    >>> from lamina import Input
    >>> from lamina.layers import Scale
    >>> Scale()(Input(8)).width
    8
    """

    scale_init: str | Initializer | Mapping[str, Any] = _ONES

    kind: ClassVar[str] = "scale"
    parameter_names: ClassVar[tuple[str, ...]] = ("scale",)
    converters: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"scale_init": get_initializer}

    def ops(self, widths: Sequence[int]) -> tuple[OpDraft, ...]:
        (width,) = widths
        scale = ParameterDraft("scale", (width,), get_initializer(self.scale_init), width, width)
        return (OpDraft("scale", width, (scale,)),)
