"""Dense: a fully connected layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, final

from lamina.activations import Activation as ActivationFunction
from lamina.errors import InvalidSettingError, phrase
from lamina.initializers import Initializer, get_initializer
from lamina.layers.drafts import OpDraft, ParameterDraft
from lamina.layers.function import activation_draft, function_label, function_to_plain, to_function
from lamina.layers.trainable_layer import TrainableLayer, names_freezing
from lamina.validation import Rule, boolean, integer, number, one_of, value

if TYPE_CHECKING:
    from lamina.regularizers import Regularizer

__all__ = ["Dense"]


def _optional_function(activation: Any) -> ActivationFunction | None:
    return None if activation is None else to_function(activation)


def _regularizer(regularizer: Any) -> Regularizer:
    from lamina.regularizers import get_regularizer  # most layers have none

    return get_regularizer(regularizer)


def _optional_regularizer(regularizer: Any) -> Regularizer | None:
    return None if regularizer is None else _regularizer(regularizer)


@final
@names_freezing
@dataclass(frozen=True)
class Dense(TrainableLayer):
    """y = f(x W + b): each unit takes a weighted sum of all inputs (Rosenblatt 1958; Rumelhart, Hinton & Williams 1986).

    Parameters
    ----------
    units : int
        Number of units, at least 1. ``weight`` has shape (in_features, units), ``bias`` (units,).
    activation : str, Activation or None, default=None
        f; None is the identity.
    weight_init, bias_init : str, Initializer or dict, default="auto", "zeros"
        Initial values; see ``lamina.initializers``. "auto" chooses by the activation that follows.
    l1, l2 : float, default=0.0
        Penalty ``l1 * sum |w| + 1/2 * l2 * sum w^2`` on the weights but not on the biases; at least 0. ``l1`` makes weights
        exactly zero; see :class:`lamina.regularizers.L1`. The lecture's ``lambda sum w^2`` has no factor 1/2: ``l2=lambda`` is
        half of it. ``lamina.regularizers.from_lecture`` converts all its penalties.
    regularizer : str, Regularizer, dict or None, default=None
        Another way to give ``l1`` and ``l2``; see ``lamina.regularizers``.
    max_norm : float or None, default=None
        Upper bound, above 0, on the norm of the weights into one unit (Srivastava et al. 2014, section 5.1).
    use_bias : bool, default=True
        Whether to add a bias ``b``.
    decay : bool, default=True
        Whether decoupled weight decay acts on the weights.
    trainable : bool, default=True
        Whether training changes its parameters; see :class:`TrainableLayer`.
    learning_rate_factor : float or dict of str to float, default=1.0
        Multiplies the learning rate; see :class:`TrainableLayer`.
    name : str, optional
        Default "dense_1", "dense_2", …

    Raises
    ------
    InvalidSettingError
        When a setting is out of range or unknown, ``regularizer`` is given together with ``l1`` or ``l2``, or an initializer for
        biases is given for the weights or one for weights for the biases.

    Examples
    --------
    >>> from lamina import Dense, Input
    >>> Dense(64, activation="relu", l2=1e-4)(Input(20)).width
    64
    """

    units: int
    activation: str | ActivationFunction | None = None
    _: KW_ONLY
    weight_init: str | Initializer | Mapping[str, Any] = "auto"
    bias_init: str | Initializer | Mapping[str, Any] = "zeros"
    l1: float = 0.0
    l2: float = 0.0
    regularizer: str | Regularizer | Mapping[str, Any] | None = None
    max_norm: float | None = None
    use_bias: bool = True
    decay: bool = True

    kind: ClassVar[str] = "dense"
    parameter_names: ClassVar[tuple[str, ...]] = ("weight", "bias")
    makes_units: ClassVar[bool] = True
    rules: ClassVar[Mapping[str, Rule]] = {
        "units": integer(1),
        "l1": number(0),
        "l2": number(0),
        "max_norm": one_of(value(None), number(0, closed="neither")),
        "use_bias": boolean(),
        "decay": boolean(),
    }
    converters: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        "units": int,
        "activation": _optional_function,
        "weight_init": get_initializer,
        "bias_init": get_initializer,
        "regularizer": _optional_regularizer,
    }
    writers: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"activation": function_to_plain}

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.regularizer is not None and (self.l1 or self.l2):
            repair = "Put both strengths into the regularizer: Elastic(strength, l1_ratio)."
            raise InvalidSettingError(
                phrase(
                    "regularizer", "must not be given together with l1 or l2", self.regularizer, repair=repair, owner=self.label
                )
            )

        for name in self.parameter_names:
            initializer = get_initializer(getattr(self, f"{name}_init"))
            if initializer.draws_only not in (None, name):
                rule = f"must not be an initializer for a {initializer.draws_only}"
                raise InvalidSettingError(phrase(f"{name}_init", rule, initializer, owner=self.label))

    @property
    def _own_parameters(self) -> tuple[str, ...]:
        return self.parameter_names if self.use_bias else ("weight",)

    def ops(self, widths: Sequence[int]) -> tuple[OpDraft, ...]:
        (fan_in,) = widths
        dense = OpDraft("dense", self.units, self._parameters(fan_in))
        if self.activation is None or self._function.name == "identity":
            return (dense,)
        return dense, activation_draft(self._function, self.units)

    def _parameters(self, fan_in: int) -> tuple[ParameterDraft, ...]:
        fans = (fan_in, self.units)
        l1, l2 = (self.l1, self.l2) if self.regularizer is None else _regularizer(self.regularizer).pair
        weight = ParameterDraft(
            "weight",
            fans,
            get_initializer(self.weight_init),
            *fans,
            l1=l1,
            l2=l2,
            decay=self.decay,
            max_norm=self.max_norm or 0.0,
        )
        if not self.use_bias:
            return (weight,)
        return weight, ParameterDraft("bias", (self.units,), get_initializer(self.bias_init), *fans)

    @property
    def fixed_width(self) -> int:
        return self.units

    @property
    def _function(self) -> ActivationFunction:
        return to_function(self.activation)

    def describe(self) -> str:
        function = "" if self.activation is None else f", {function_label(self._function)}"
        return f"Dense({self.units}{function})"
