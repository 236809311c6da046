"""What layers with parameters share: whether they are trained."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from lamina.layers.layer import Layer
from lamina.validation import Rule, boolean

__all__ = ["TrainableLayer"]


@dataclass(frozen=True)
class TrainableLayer(Layer, ABC):
    """Base of the layers with parameters; their ops need not know what it says, the network passes it on.

    Parameters
    ----------
    trainable : bool, default=True
        Whether training changes the layer's parameters. Those of a layer that is not trained stand still: no gradient is computed
        for them, and penalties, weight decay and bounds leave them alone. The gradient passes through to layers before it.
    name : str, optional
        As in :class:`Layer`.

    Examples
    --------
    >>> from lamina import Dense, Sequential
    >>> network = Sequential([Dense(4, trainable=False), Dense(1)], input_width=2)
    >>> [(parameter.name, parameter.trainable) for parameter in network.parameters][::2]
    [('dense_1.weight', False), ('dense_2.weight', True)]
    """

    trainable: bool = field(default=True, kw_only=True)

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.rules = {"trainable": boolean(), **cls.rules}

    rules: ClassVar[Mapping[str, Rule]] = {"trainable": boolean(), **Layer.rules}
