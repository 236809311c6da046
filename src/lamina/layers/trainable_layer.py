"""What layers with parameters share: whether they are trained, and how fast."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

from lamina.errors import InvalidSettingError, phrase, phrase_unknown
from lamina.layers.layer import Layer
from lamina.validation import Rule, boolean, mapping_of, number, one_of

__all__ = ["TrainableLayer", "names_freezing", "setting_of_trainable"]

_Class = TypeVar("_Class")

_FACTOR = number(0, closed="neither")
_RULES: Mapping[str, Rule] = {"trainable": boolean(), "learning_rate_factor": one_of(_FACTOR, mapping_of(_FACTOR))}


def setting_of_trainable(owner: str, given: object) -> InvalidSettingError:
    """The error for ``layer.trainable = False`` and its like, which names what freezes layers."""
    repair = (
        "Write network = network.freeze(), or trainer.freeze(): of all layers, or of those named. unfreeze trains them again."
    )
    return InvalidSettingError(phrase("trainable", "must not be set on what is there", given, repair=repair, owner=owner))


def names_freezing(cls: type[_Class]) -> type[_Class]:
    """Decorates a frozen dataclass, so that setting ``trainable`` raises an error that names ``freeze``."""
    refuse = cls.__setattr__

    def assign(self: _Class, name: str, given: object) -> None:
        if name == "trainable":
            raise setting_of_trainable(cls.__name__, given)
        refuse(self, name, given)

    cls.__setattr__ = assign  # type: ignore[assignment]
    return cls


@dataclass(frozen=True)
class TrainableLayer(Layer, ABC):
    """Base of the layers with parameters; their ops need not know what it says, the network passes it on.

    Parameters
    ----------
    trainable : bool, default=True
        Whether training changes the layer's parameters. Those of a layer that is not trained stand still: no gradient is computed
        for them, and penalties, weight decay and bounds leave them alone. The gradient passes through to layers before it.
    learning_rate_factor : float or dict of str to float, default=1.0
        Multiplies the optimizer's learning rate for the layer's parameters, or for each by name: ``{"bias": 0.1}``; above 0. It
        also multiplies what is proportional to the learning rate: decoupled weight decay and the shrinkage of L1. So a factor is
        a learning rate of its own, as one of torch's parameter groups has. For weights that are perturbed one at a time it
        multiplies the size of the change.
    name : str, optional
        As in :class:`Layer`.

    Raises
    ------
    InvalidSettingError
        When a setting is out of range, or a factor names no parameter of the layer.

    References
    ----------
    Holzmüller, Grinsztajn & Steinwart, "Better by default: strong pre-tuned MLPs and boosted trees on tabular data", 2024:
    factors of biases (0.1) and of a scale for each feature (6).

    Examples
    --------
    >>> from lamina import Dense, Sequential
    >>> network = Sequential([Dense(4, trainable=False), Dense(1)], input_width=2)
    >>> [(parameter.name, parameter.trainable) for parameter in network.parameters][::2]
    [('dense_1.weight', False), ('dense_2.weight', True)]
    >>> network = Sequential([Dense(4, learning_rate_factor={"bias": 0.1})], input_width=2)
    >>> [parameter.learning_rate_factor for parameter in network.parameters]
    [1.0, 0.1]
    """

    trainable: bool = field(default=True, kw_only=True)
    # A dict has no hash; the other fields suffice.
    learning_rate_factor: float | Mapping[str, float] = field(default=1.0, kw_only=True, hash=False)

    #: The names of the layer's parameters.
    parameter_names: ClassVar[tuple[str, ...]]

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.rules = {**_RULES, **cls.rules}

    rules: ClassVar[Mapping[str, Rule]] = {**_RULES, **Layer.rules}

    def __post_init__(self) -> None:
        super().__post_init__()
        factor = self.learning_rate_factor
        if not isinstance(factor, Mapping):
            return
        known = self._own_parameters
        for name in factor:
            if name not in known:
                what, listed = (
                    "a parameter that has a learning_rate_factor",
                    "" if known else "those of the layer, which has none",
                )
                raise InvalidSettingError(phrase_unknown(what, name, known, listed=listed, owner=self.label))
        object.__setattr__(self, "learning_rate_factor", dict(factor))  # a copy, which its giver does not change

    @property
    def _own_parameters(self) -> tuple[str, ...]:
        """The names of the parameters that the layer has with its settings."""
        return self.parameter_names

    def factor_of(self, parameter: str) -> float:
        """The learning-rate factor of a parameter; 1 if the dict of factors does not name it."""
        factor = self.learning_rate_factor
        return float(factor.get(parameter, 1.0) if isinstance(factor, Mapping) else factor)
