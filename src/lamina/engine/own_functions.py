"""An op of the user's own: two Python functions of arrays, whose results are checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.engine.foreign_arrays import library_errors_as_ours, library_of
from lamina.errors import InvalidSettingError, ShapeError, phrase

__all__ = ["OwnFunctions"]


@dataclass(frozen=True)
class OwnFunctions:
    """What an op of kind "python" computes, forward and backward; arrays are NumPy's, or torch's on its engine.

    Parameters
    ----------
    forward : callable
        ``forward(*inputs, *parameters)`` returns the output (n, width).
    backward : callable
        ``backward(d_out, *inputs, *parameters)`` returns the gradient of each input and parameter in this order: a tuple, or an
        array if there is only one.
    """

    forward: Callable[..., Any]
    backward: Callable[..., Any]

    def on(self, give: Callable[[np.ndarray], Any], take: Callable[[Any], Any]) -> OwnFunctions:
        """The same functions of NumPy arrays, computed on others: ``give`` makes these, ``take`` brings results back."""

        def on_others(function: Callable[..., Any]) -> Callable[..., Any]:
            def called(*arrays: np.ndarray) -> Any:
                returned = function(*map(give, arrays))
                return tuple(map(take, returned)) if isinstance(returned, tuple | list) else take(returned)

            return called

        return OwnFunctions(on_others(self.forward), on_others(self.backward))

    def output(self, inputs: Sequence[Any], parameters: Sequence[Any], width: int, layer: str) -> Any:
        """The output, of the dtype of the first input.

        Raises
        ------
        InvalidSettingError
            If the function returns no array of numbers, or is written for arrays of another library.
        ShapeError
            If it has another shape than (n, ``width``).
        """
        with library_errors_as_ours("forward", given=inputs[0], owner=layer, repair=_repair(inputs[0])):
            returned = self.forward(*map(_read_only, (*inputs, *parameters)))
        return _checked(returned, inputs[0], (inputs[0].shape[0], width), "what forward returns", layer)

    def gradients(self, d_out: Any, inputs: Sequence[Any], parameters: Sequence[Any], layer: str) -> tuple[Any, ...]:
        """The gradients of the inputs and parameters, each of its array's shape.

        Raises
        ------
        InvalidSettingError
            If the function returns something else than arrays of numbers, or is written for arrays of another library.
        ShapeError
            If their number or a shape differs.
        """
        wanted = (*inputs, *parameters)
        with library_errors_as_ours("backward", given=d_out, owner=layer, repair=_repair(d_out)):
            returned = self.backward(*map(_read_only, (d_out, *wanted)))
        parts = tuple(returned) if isinstance(returned, tuple | list) else (returned,)
        if len(parts) != len(wanted):
            rule = f"must be {len(wanted)} gradients, of each input and each parameter"
            raise ShapeError(phrase("what backward returns", rule, len(parts), owner=layer))
        pairs = enumerate(zip(parts, wanted, strict=True))
        return tuple(_checked(part, x, tuple(x.shape), f"gradient {i} of backward", layer) for i, (part, x) in pairs)


def _repair(given: Any) -> str:
    """What to do about functions for the arrays of the library that those given are not of."""
    if library_of(given) == "NumPy":
        return "Train with engine='torch', which gives tensors, or write it with operators and NumPy."
    return "Write it with operators and torch, or train with another engine than 'torch'."


def _read_only(array: Any) -> Any:
    """The array, in which the user's function cannot write by mistake; other libraries than NumPy have no such arrays."""
    if not isinstance(array, np.ndarray):
        return array
    view = array.view()
    view.flags.writeable = False
    return view


def _checked(returned: Any, like: Any, shape: tuple[int, ...], what: str, layer: str) -> Any:
    from array_api_compat import array_namespace, is_array_api_obj  # most runs need neither

    xp = array_namespace(like)
    try:
        if not is_array_api_obj(returned):
            raise TypeError("no array")
        array = xp.astype(xp.asarray(returned, device=like.device), like.dtype)
    except Exception as error:
        raise InvalidSettingError(phrase(what, "must be an array of numbers", type(returned).__name__, owner=layer)) from error
    array = array.detach() if hasattr(array, "detach") else array  # torch may have computed it for a gradient of its own
    if tuple(array.shape) != shape:
        raise ShapeError(phrase(what, f"must have shape {shape}", tuple(array.shape), owner=layer))
    return array
