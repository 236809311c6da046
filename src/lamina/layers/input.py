"""Input: where data enters a graph."""

from __future__ import annotations

from numbers import Integral
from typing import final

from lamina.errors import ShapeError, phrase
from lamina.layers.layer import LAYER_NAME, Symbol
from lamina.validation import check_parameters, integer, one_of, value

__all__ = ["Input"]


@final
class Input(Symbol):
    """A place where data enters: an array of shape (n, width).

    Parameters
    ----------
    width : int or tuple of one int, optional
        Number of features, at least 1. Without it, the network's ``build`` sets it later.
    name : str, optional
        Default "input_1", "input_2", … in the network's order.

    Raises
    ------
    InvalidSettingError
        When the width is not an integer of at least 1, or the name is empty or contains a ".".
    ShapeError
        When ``width`` is a tuple that does not have exactly one entry.

    Examples
    --------
    >>> Input(20, name="x")
    <Input x: width 20>
    """

    name: str | None

    def __init__(self, width: int | tuple[int, ...] | None = None, *, name: str | None = None) -> None:
        if isinstance(width, tuple | list):
            if len(width) != 1:
                raise ShapeError(phrase("shape", "must have one entry, the number of features", width, owner="Input"))
            (width,) = width
        rules = {"width": one_of(value(None), integer(1)), "name": LAYER_NAME}
        check_parameters({"width": width, "name": name}, rules, owner="Input")
        super().__init__(None, (), int(width) if isinstance(width, Integral) else None)
        object.__setattr__(self, "name", name)

    @property
    def label(self) -> str:
        return self.name or "Input"

    def __repr__(self) -> str:
        return f"<Input {self.label}: width {'unknown' if self.width is None else self.width}>"
