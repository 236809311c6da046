"""``coefs_`` and ``intercepts_``: lists of live views into the weights of a model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NoReturn, SupportsIndex

import numpy as np

from lamina.errors import DataError, InvalidSettingError, ShapeError, phrase
from lamina.network.named_arrays import as_numbers, checked_values

if TYPE_CHECKING:
    from lamina.engine.program import Parameter, Program

__all__ = ["LayerArrays", "dense_biases", "dense_weights", "write_into"]


class LayerArrays(list[np.ndarray]):
    """A list with one array per layer. Writing into an array, or assigning to an item, changes the model.

    The arrays cannot be replaced, added, removed or reordered: they are slices of the model's parameter vector. List methods that
    would do so raise an error, since they would change only this list and not the model.
    """

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise InvalidSettingError(
            "coefs_ and intercepts_ must keep their arrays, which belong to the fitted network. "
            "Write into them: coefs_[0][:] = …, coefs_[0] = …, or coefs_ = […]."
        )

    append = extend = insert = pop = remove = clear = sort = reverse = _refuse
    __delitem__ = __iadd__ = __imul__ = _refuse

    def __setitem__(self, index: SupportsIndex | slice, new: object) -> None:
        if isinstance(index, slice):
            views, arrays = self[index], list(new)  # type: ignore[call-overload]
        else:
            views, arrays = [self[index]], [new]
        write_into(views, arrays, "coefs_ or intercepts_")

    def __reduce__(self) -> tuple[type[list], tuple[list[np.ndarray]]]:
        """Pickles and copies are plain lists, which do not belong to a model."""
        return list, ([array.copy() for array in self],)


def write_into(views: Sequence[np.ndarray], arrays: Iterable[object], name: str) -> None:
    """Copy ``arrays`` into ``views``, all of them or none.

    Raises
    ------
    ShapeError
        If there is not one array per view, or the shapes differ.
    DataError
        If an array holds something other than finite numbers.
    """
    if not isinstance(arrays, Iterable):
        raise DataError(phrase(name, "must be a list of arrays of numbers", arrays))
    new = [as_numbers(name, array) for array in arrays]
    expected, came = [view.shape for view in views], [array.shape for array in new]
    if expected != came:
        raise ShapeError(
            f"{name} must have the shapes {expected}, got {came}. To train a network of another shape, fit a new model."
        )
    checked = [checked_values(name, array, view) for view, array in zip(views, new, strict=True)]
    for view, array in zip(views, checked, strict=True):
        view[...] = array


def dense_weights(program: Program) -> list[Parameter]:
    """The weights of the dense layers, in the order of the network; of a layer that is used several times, once."""
    used = dict.fromkeys(op.parameters[0] for op in program.ops if op.makes_sums)
    return [program.parameters[index] for index in used]


def dense_biases(program: Program) -> list[Parameter]:
    """The biases of the dense layers that have one, in the order of the network; of a layer that is used several times, once."""
    dense = {op.layer for op in program.ops if op.makes_sums}
    # the biases of an ensemble's members follow their own factors
    have_biases = [op for op in program.ops if op.layer in dense and (op.makes_sums or op.kind == "scale")]
    used = dict.fromkeys(op.parameters[1] for op in have_biases if len(op.parameters) > 1)
    return [program.parameters[index] for index in used]
