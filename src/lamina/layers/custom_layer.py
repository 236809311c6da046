"""A layer of the user's own: two Python functions of arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, final

import numpy as np

from lamina import validation
from lamina.engine.own_functions import OwnFunctions
from lamina.errors import InvalidSettingError, phrase, phrase_unknown
from lamina.initializers import Initializer, get_initializer
from lamina.layers.drafts import OpDraft, ParameterDraft
from lamina.layers.layer import LAYER_NAME
from lamina.layers.own_code import name_of, refuse_to_write
from lamina.layers.trainable_layer import TrainableLayer, names_freezing
from lamina.validation import Rule, integer, mapping_of, one_of, sequence_of, value

__all__ = ["CustomLayer"]

_SHAPE = sequence_of(one_of(value(None), integer(1)), at_least=1)


@final
@names_freezing
@dataclass(frozen=True)
class CustomLayer(TrainableLayer):
    """y = forward(x, …): a layer of your own, as two Python functions of arrays.

    It runs on the reference engine, which ``engine="auto"`` chooses for the whole network then, or on ``engine="torch"``, which
    gives the functions tensors: every step goes through Python and takes many times as long as in the native engine. The first
    fit compares ``backward`` with differences of ``forward``.

    Parameters
    ----------
    forward : callable
        ``forward(*inputs, *parameters)``: arrays (n, width), one per input, then one per parameter. Returns the output,
        (n, ``width``). It must treat each row alike, always return the same for the same arrays, and not write into them.
    backward : callable
        ``backward(d_out, *inputs, *parameters)``: the gradient of the loss with respect to the output, then the arguments of
        ``forward``. Returns the gradients with respect to the inputs and the parameters, in this order: a tuple of arrays of the
        same shapes, or one array if there is only one. Those of parameters are sums over rows.
    width : int, optional
        Columns of the output; by default as many as the first input has.
    num_inputs : int, default=1
    parameters : dict of str to tuple of int, optional
        What the layer learns, without penalty and decay: names and shapes, in the order of the arguments. None in a shape is the
        width of the first input.
    initializers : dict of str to str, Initializer or dict, optional
        Initial values by name; by default zeros for vectors, and "glorot_uniform" otherwise.
    trainable : bool, default=True
        Whether training changes its parameters; see :class:`TrainableLayer`.
    learning_rate_factor : float or dict of str to float, default=1.0
        Multiplies the learning rate; see :class:`TrainableLayer`.
    name : str, optional
        Default "custom_layer_1", "custom_layer_2", …

    Raises
    ------
    InvalidSettingError
        When a setting is of another kind, or an initializer has the name of no parameter. ``to_dict`` of a network with such a
        layer, and saving it as a model, raise it too, as functions are no data; the message names the layer. Pickles work where
        the functions are defined in a module, checkpoints in any case.

    Examples
    --------
    A bell curve around a center that each column learns:

    >>> import numpy as np
    >>> from lamina import Dense, Sequential, Trainer
    >>> from lamina.layers import CustomLayer
    >>> def forward(x, center):
    ...     return np.exp(-((x - center) ** 2))
    >>> def backward(d_out, x, center):
    ...     d_x = d_out * forward(x, center) * -2 * (x - center)
    ...     return d_x, -d_x.sum(axis=0)
    >>> bells = CustomLayer(forward, backward, parameters={"center": (None,)}, initializers={"center": "normal"}, name="bells")
    >>> trainer = Trainer(Sequential([Dense(8), bells, Dense(1)]), "squared_error", "adam")
    >>> X = np.linspace(-2, 2, 50)[:, np.newaxis]
    >>> history = trainer.fit(X, np.sin(X), max_epochs=100)
    >>> bool(history[-1, "loss"] < history[0, "loss"] / 10)
    True
    """

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    width: int | None = field(default=None, kw_only=True)
    num_inputs: int = field(default=1, kw_only=True)
    # Dicts have no hash; the other fields suffice.
    parameters: Mapping[str, Sequence[int | None]] = field(default_factory=dict, kw_only=True, hash=False)
    initializers: Mapping[str, str | Initializer | Mapping[str, Any]] = field(default_factory=dict, kw_only=True, hash=False)

    kind: ClassVar[str] = "custom_layer"
    parameter_names: ClassVar[tuple[str, ...]] = ()
    rules: ClassVar[Mapping[str, Rule]] = {
        "forward": validation.function("the inputs and parameters"),
        "backward": validation.function("d_out, the inputs and parameters"),
        "width": one_of(value(None), integer(1)),
        "num_inputs": integer(1),
        "parameters": mapping_of(_SHAPE),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.parameters:
            if not LAYER_NAME.accepts(name):
                raise InvalidSettingError(phrase("a parameter's name", f"must be {LAYER_NAME.text}", name, owner=self.label))
        for name in self.initializers:
            if name not in self.parameters:
                raise InvalidSettingError(
                    phrase_unknown("a parameter that has an initializer", name, self.parameters, owner=self.label)
                )
        chosen = {name: get_initializer(each) for name, each in self.initializers.items()}
        object.__setattr__(self, "initializers", chosen)
        object.__setattr__(self, "parameters", {name: tuple(shape) for name, shape in self.parameters.items()})

    @property
    def _own_parameters(self) -> tuple[str, ...]:
        return tuple(self.parameters)

    @property
    def min_inputs(self) -> int:  # type: ignore[override]  # of the object here, not of the class
        return self.num_inputs

    @property
    def max_inputs(self) -> int:  # type: ignore[override]  # of the object here, not of the class
        return self.num_inputs

    @property
    def fixed_width(self) -> int | None:
        return self.width

    def ops(self, widths: Sequence[int]) -> tuple[OpDraft, ...]:
        drafts = tuple(self._draft(name, shape, widths[0]) for name, shape in self.parameters.items())
        code = OwnFunctions(self.forward, self.backward)
        width = self.width or widths[0]
        return (OpDraft("python", width, drafts, settings=(float(width),), code=code),)

    def _draft(self, name: str, shape: Sequence[int | None], width: int) -> ParameterDraft:
        sizes = tuple(int(size or width) for size in shape)
        initializer = self.initializers.get(name, "zeros" if len(sizes) == 1 else "glorot_uniform")
        return ParameterDraft(name, sizes, get_initializer(initializer), int(np.prod(sizes[:-1])), sizes[-1])

    def describe(self) -> str:
        return f"CustomLayer({name_of(self.forward)}), in Python"

    def to_dict(self) -> dict[str, Any]:
        """Always raises an error: functions cannot be written as data."""
        raise refuse_to_write(self.label)
