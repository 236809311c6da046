"""A model's arrays by name: live views of flat vectors, for reading and writing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NoReturn, SupportsIndex, TypeAlias

import numpy as np

from lamina.errors import DataError, InvalidSettingError, ShapeError, UnknownNameError, phrase, phrase_unknown
from lamina.network.loading import LoadReport, load_into

__all__ = ["NamedArrays", "Values", "as_numbers", "checked_values"]

Values: TypeAlias = "Mapping[str, Any] | Iterable[tuple[str, Any]]"


class NamedArrays(Mapping[str, np.ndarray]):
    """Arrays by name, each a view of one of the model's flat vectors: writing to an array changes the model.

    ``arrays[name]`` is a live view, so ``arrays[name][:] = …`` and ``arrays[name] *= 2`` work as in NumPy. Assigning to a name
    writes too, after a check: the shape must be the view's, and the numbers must be finite in its dtype. :meth:`update` writes
    several arrays, all of them or none. Names are fixed: nothing can be added or removed.

    Parameters
    ----------
    views : mapping of str to ndarray
    what : str, default="weights"
        What the arrays are called in errors and in the repr.
    not_negative : collection of str, default=()
        Names of arrays that must not hold negative numbers, such as variances.

    Raises
    ------
    UnknownNameError
        For an unknown name, with a suggestion of the nearest one; it is a KeyError too.
    ShapeError
        When values of another shape are written.
    DataError
        When values are not numbers, not finite, or negative where they must not be.
    InvalidSettingError
        When an array is deleted.

    Examples
    --------
    >>> from lamina import Dense, Sequential
    >>> network = Sequential([Dense(3)], input_width=2)
    >>> vector, _ = network.initialize(seed=0)
    >>> weights = network.unflatten(vector)
    >>> weights
    <weights: 2 arrays, 9 numbers, float32
      dense_1.weight  (2, 3)
      dense_1.bias    (3,)>
    >>> weights["dense_1.bias"] = [1, 2, 3]
    >>> vector[6:].tolist()
    [1.0, 2.0, 3.0]
    >>> weights["dense_1.bais"] = [1, 2, 3]
    Traceback (most recent call last):
    lamina.errors.UnknownNameError: the name of one of the weights must be one of dense_1.bias, ... Did you mean 'dense_1.bias'?
    """

    __slots__ = ("_not_negative", "_views", "_what")

    def __init__(self, views: Mapping[str, np.ndarray], what: str = "weights", not_negative: Collection[str] = ()) -> None:
        self._views = dict(views)
        self._what = what
        self._not_negative = frozenset(not_negative)

    def __getitem__(self, name: str) -> np.ndarray:
        view = self._views.get(name) if isinstance(name, str) else None
        if view is None:
            raise UnknownNameError(phrase_unknown(f"the name of one of the {self._what}", name, self._views))
        return view

    def __setitem__(self, name: str, values: Any) -> None:
        self.update({name: values})

    def __delitem__(self, name: str) -> NoReturn:
        repair = "To remove its effect, set it to 0."
        raise InvalidSettingError(phrase(self._what, "must keep all their arrays", f"del {name!r}", repair=repair))

    def __iter__(self) -> Iterator[str]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)

    def update(self, values: Values) -> None:
        """Write several arrays, given as a mapping or as pairs; if one does not fit, nothing is written.

        Raises
        ------
        InvalidSettingError
            When ``values`` is neither, or the arrays are read-only, as those of a finished model are.
        """
        if not all(view.flags.writeable for view in self.values()):
            repair = "To change them, make a trainer: model.trainer(…)."
            raise InvalidSettingError(f"{self._what} belong to a finished model and are read-only. {repair}")
        try:
            given = dict(values)
        except (TypeError, ValueError) as error:
            rule = "must be updated from a mapping of names to arrays, or from (name, array) pairs"
            raise InvalidSettingError(phrase(self._what, rule, type(values).__name__)) from error
        checked = {name: self._checked(name, array) for name, array in given.items()}
        for name, array in checked.items():
            self[name][...] = array

    def replace(self, values: object) -> None:
        """Write all arrays; if one is missing or does not fit, nothing is written.

        Raises
        ------
        InvalidSettingError
            When ``values`` is not a mapping with exactly these names.
        """
        if not isinstance(values, Mapping):
            repair = "For a flat vector use trainer.executor.restore(vector)."
            raise InvalidSettingError(
                phrase(self._what, "must be a mapping of names to arrays", type(values).__name__, repair=repair)
            )
        missing = [name for name in self if name not in values]
        if missing:
            repair = f"To write only some of them, use {self._what}.update(…)."
            raise InvalidSettingError(phrase(self._what, f"must hold {missing[0]!r} as well", list(values), repair=repair))
        self.update(values)

    def load(self, values: Mapping[str, Any], *, corners: bool = False) -> LoadReport:
        """Write those of the arrays whose names and shapes fit, and say what became of each.

        This is what a wider or deeper network takes over of a smaller one. Where an array is larger than what is given,
        ``corners`` writes that into its first rows and columns and leaves the others as they are, as first drawn, say.

        Parameters
        ----------
        values : mapping of str to array
            For example another trainer's ``weights``.
        corners : bool, default=False

        Returns
        -------
        LoadReport
            Prints as a list of names; see :class:`lamina.network.LoadReport`.

        Raises
        ------
        InvalidSettingError
            When ``values`` is no mapping, or the arrays are read-only.
        DataError
            When values are not numbers, not finite, or negative where they must not be; nothing is written then.

        Examples
        --------
        >>> from lamina import Dense, Sequential, Trainer
        >>> small, wide = (Trainer(Sequential([Dense(units), Dense(1)], 2), "squared_error") for units in (3, 8))
        >>> print(wide.weights.load(small.weights))
        written: dense_2.bias
        left, as shapes differ: dense_1.weight (given (2, 3), here (2, 8)), dense_1.bias (given (3,), here (8,)), ...
        """
        return load_into(self, values, corners=corners)

    def _checked(self, name: str, values: Any) -> np.ndarray:
        array = checked_values(name, values, self[name])
        if name in self._not_negative and (array < 0).any():
            raise DataError(phrase(name, "must not be negative; its minimum", float(array.min())))
        return array

    def copy(self) -> dict[str, np.ndarray]:
        """A dict of copies that later training does not change: ``kept = trainer.weights.copy()``."""
        return {name: view.copy() for name, view in self.items()}

    def __ior__(self, values: Values) -> NamedArrays:
        self.update(values)
        return self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return self.keys() == other.keys() and all(np.array_equal(view, other[name]) for name, view in self.items())

    __hash__ = None  # type: ignore[assignment]

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[type[dict], tuple[dict[str, np.ndarray]]]:
        """Pickles and copies are plain dicts of arrays, detached from the model."""
        return dict, (self.copy(),)

    def __repr__(self) -> str:
        width = max(map(len, self), default=0)
        lines = [f"{name.ljust(width)}  {view.shape}" for name, view in self.items()]
        numbers = f"{sum(view.size for view in self.values()):,} numbers"
        dtypes = sorted({str(view.dtype) for view in self.values()})
        count = ", ".join([f"{len(self)} array{'' if len(self) == 1 else 's'}", numbers, *dtypes])
        return "\n  ".join([f"<{self._what}: {count}", *lines]) + ">"


def checked_values(name: str, values: Any, like: np.ndarray) -> np.ndarray:
    """``values`` as an array of the shape and dtype of ``like``.

    Raises
    ------
    DataError
        If they are not real numbers, or not finite in that dtype.
    ShapeError
        If they have another shape.
    """
    array = as_numbers(name, values)
    if array.shape != like.shape:
        turned = array.ndim == 2 and array.shape == like.shape[::-1]
        repair = "Transpose it: weights are (in, out)." if turned else ""
        repair = f"Use [{name!r}][:] = … to set all elements to one number." if array.ndim == 0 else repair
        raise ShapeError(phrase(name, f"must have shape {like.shape}", array.shape, repair=repair))
    with np.errstate(over="ignore"):
        converted = array.astype(like.dtype)
    wrong = int(np.count_nonzero(~np.isfinite(converted)))
    if wrong:
        count = f"{wrong} that {'is' if wrong == 1 else 'are'} NaN or infinite in {like.dtype}"
        raise DataError(f"{name} must hold finite numbers, got {count}.")
    return converted


def as_numbers(name: str, values: Any) -> np.ndarray:
    """``values`` as an array of booleans, integers or floats.

    Raises
    ------
    DataError
        If they are not numbers.
    """
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:  # ragged lists, tensors that require a gradient, …
        raise DataError(phrase(name, "must be an array of numbers", type(values).__name__, repair=str(error))) from error
    if array.dtype.kind not in "biuf":
        came = array.dtype.name if hasattr(values, "dtype") or isinstance(values, list | tuple) else type(values).__name__
        raise DataError(phrase(name, "must be an array of real numbers", came))
    return array
