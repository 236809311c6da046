"""Symbols: what flows between layers while a graph is being drawn."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, final

from lamina.errors import ShapeError, phrase
from lamina.validation import Rule, check_parameters, integer, one_of, value

if TYPE_CHECKING:
    from lamina.layers.layer import Layer

__all__ = ["LAYER_NAME", "Input", "Symbol"]

LAYER_NAME = one_of(value(None), Rule("a non-empty text without '.'", lambda v: isinstance(v, str) and v != "" and "." not in v))


@dataclass(frozen=True, eq=False, repr=False)
class Symbol:
    """The output of ``layer`` called on ``inputs``: an array of shape (n, width) that does not exist yet.

    Symbols come from calling layers; two symbols are never equal.

    Attributes
    ----------
    layer : Layer or None
        None for an input.
    inputs : tuple of Symbol
    width : int or None
        None as long as an input's width is unknown.

    Examples
    --------
    >>> from lamina.layers import Dense, Input
    >>> Dense(3, name="scores")(Input(5))
    <Symbol scores: width 3>
    """

    layer: Layer | None
    inputs: tuple[Symbol, ...]
    width: int | None

    @property
    def label(self) -> str:
        """The layer's own name, or its class while it has none."""
        return "" if self.layer is None else self.layer.label

    def __repr__(self) -> str:
        return f"<Symbol {self.label}: width {'unknown' if self.width is None else self.width}>"


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
        When the width is no integer of at least 1, or the name is empty or holds a ".".

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
