"""Base of all layers (settings, output width, ops), and the symbols that calling a layer returns."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self

from lamina.errors import ShapeError, phrase
from lamina.layers.drafts import Incoming, OpDraft
from lamina.settings import Settings
from lamina.validation import Rule, one_of, value

__all__ = ["LAYER_NAME", "Layer", "Symbol"]

LAYER_NAME = one_of(value(None), Rule("a non-empty text without '.'", lambda v: isinstance(v, str) and v != "" and "." not in v))


@dataclass(frozen=True, eq=False, repr=False)
class Symbol:
    """The output of ``layer`` called on ``inputs``: an array of shape (n, width) that does not exist yet.

    Calling a layer returns a symbol; two symbols are never equal.

    Attributes
    ----------
    layer : Layer or None
        None for an input.
    inputs : tuple of Symbol
    width : int or None
        None if an input's width is unknown.

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
        """The layer's name, or the name of its class if it has none."""
        return "" if self.layer is None else self.layer.label

    def __repr__(self) -> str:
        return f"<Symbol {self.label}: width {'unknown' if self.width is None else self.width}>"


@dataclass(frozen=True)
class Layer(Settings, ABC):
    """Base of all layers: an immutable description without weights or neighbors.

    A layer emits a *chain* of ops: the first reads the layer's inputs, and each of the others reads the output of the one before
    (and the layer's inputs, where its draft says so). Calling a layer on symbols returns the symbol of its output; called
    several times, it is one layer, whose uses share weights.

    Parameters
    ----------
    name : str, optional
        Non-empty, without ".". By default a network names its layers "dense_1", "dense_2", …

    Examples
    --------
    >>> from lamina.layers import Dense, Input
    >>> Dense(3, name="scores")(Input(5))
    <Symbol scores: width 3>
    """

    name: str | None = field(default=None, kw_only=True)

    min_inputs: ClassVar[int] = 1
    max_inputs: ClassVar[int | None] = 1
    #: Whether the layer makes new units (weighted sums of others), and so adds 1 to the network's depth (see ``depth``).
    makes_units: ClassVar[bool] = False
    #: Whether the layer reads codes of categories, which only an input of the network holds.
    reads_codes: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.rules = {"name": LAYER_NAME, **cls.rules}

    rules: ClassVar[Mapping[str, Rule]] = {"name": LAYER_NAME}

    @abstractmethod
    def ops(self, widths: Sequence[int]) -> tuple[OpDraft, ...]:
        """The chain of ops for inputs of the given widths, which :meth:`output_width` has checked."""

    def output_width(self, incoming: Sequence[Incoming], *, owner: str | None = None) -> int:
        """Width of the output; if the inputs do not fit, a ShapeError names the layer (``owner``), the senders and the widths."""
        owner = owner or self.label
        self.check_count(incoming, owner)
        self.check_widths(incoming, owner)
        fixed = self.fixed_width
        return self.ops([source.width for source in incoming])[-1].width if fixed is None else fixed

    def check_count(self, incoming: Sequence[object], owner: str) -> None:
        """Raise a ShapeError if there are too few or too many inputs."""
        count, most = len(incoming), self.max_inputs
        if count < self.min_inputs or (most is not None and count > most):
            exactly = "one input" if most == 1 else f"{most} inputs"
            rule = f"must have {exactly if most == self.min_inputs else f'at least {self.min_inputs} inputs'}"
            repair = "Join several with Add, Multiply or Concat first." if most == 1 else ""
            raise ShapeError(phrase("the layer", rule, count, repair=repair, owner=owner))

    def check_widths(self, incoming: Sequence[Incoming], owner: str) -> None:
        """Raise a ShapeError if the widths do not fit together; a layer that does not override this accepts any."""

    @property
    def fixed_width(self) -> int | None:
        """Width of the output if it does not depend on the inputs; otherwise None."""
        return None

    @property
    def label(self) -> str:
        """The layer's name, or the name of its class if it has none."""
        return self.name or type(self).__name__

    def named(self, name: str) -> Self:
        """A copy of this layer under another name; neither the name nor the settings are checked."""
        twin = copy.copy(self)
        object.__setattr__(twin, "name", name)
        return twin

    def describe(self) -> str:
        """A short text with the main settings, for the summary's table."""
        return type(self).__name__

    def __call__(self, *symbols: Symbol | Sequence[Symbol]) -> Symbol:
        """The symbol of this layer's output for the given inputs, passed one by one or as one list."""
        inputs = _flatten(symbols)
        for symbol in inputs:
            if not isinstance(symbol, Symbol):
                raise TypeError(
                    phrase("an input", "must be a symbol", symbol, repair="Start from Input(width).", owner=self.label)
                )
        self.check_count(inputs, self.label)
        known = [Incoming(symbol.label, symbol.width) for symbol in inputs if symbol.width is not None]
        width = self.output_width(known) if len(known) == len(inputs) else self.fixed_width
        return Symbol(self, inputs, width)


def _flatten(symbols: Sequence[Symbol | Sequence[Symbol]]) -> tuple[Symbol, ...]:
    """Accepts both ``layer(a, b)`` and ``layer([a, b])``."""
    if len(symbols) == 1 and isinstance(symbols[0], list | tuple):
        return tuple(symbols[0])
    return tuple(symbols)  # type: ignore[arg-type]
