"""Turns the symbols that a user connected into named nodes."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

from lamina.errors import InvalidSettingError, phrase
from lamina.layers import Input, Layer, Symbol
from lamina.network.node import InputNode, Node

__all__ = ["nodes_of"]


def nodes_of(inputs: Sequence[Symbol], outputs: Sequence[Symbol]) -> tuple[list[InputNode], list[Node], list[str]]:
    """Inputs, layers (each after those that it reads) and the names of the outputs.

    Raises
    ------
    InvalidSettingError
        When something listed is not a symbol, an input is not listed, or two names clash.
    """
    _check_listed(inputs, outputs)
    symbols = _in_order(outputs)
    _check_sources(symbols, inputs)
    bearers = {symbol: _bearer(symbol) for symbol in [*inputs, *symbols]}
    names = _names(bearers)
    items: dict[Symbol, InputNode | Node] = {symbol: InputNode(names[symbol], symbol.width) for symbol in inputs}
    uses: dict[Hashable, list[Layer]] = {}
    for symbol in symbols:
        if symbol.layer is None:
            continue
        earlier = uses.setdefault(bearers[symbol], [])
        earlier.append(earlier[0] if earlier else symbol.layer.named(names[symbol]))
        items[symbol] = Node(earlier[0], tuple(items[source].name for source in symbol.inputs), use=len(earlier))
    input_nodes = [item for item in items.values() if isinstance(item, InputNode)]
    return input_nodes, [item for item in items.values() if isinstance(item, Node)], [items[symbol].name for symbol in outputs]


def _check_listed(inputs: Sequence[Symbol], outputs: Sequence[Symbol]) -> None:
    for what, kind, listed in (("an input", Input, inputs), ("an output", Symbol, outputs)):
        if not listed:
            raise InvalidSettingError(phrase(f"{what}s".removeprefix("an "), "must not be empty", list(listed), owner="Graph"))
        for symbol in listed:
            if not isinstance(symbol, kind):
                rule = f"must be {'an Input' if kind is Input else 'a symbol (what calling a layer gives)'}"
                raise InvalidSettingError(phrase(what, rule, symbol, owner="Graph"))
        if len(set(listed)) < len(listed):
            raise InvalidSettingError(
                phrase(f"{what}s".removeprefix("an "), "must not be listed twice", list(listed), owner="Graph")
            )
    for symbol in outputs:
        if symbol.layer is None:
            raise InvalidSettingError(
                phrase("an output", "must come from a layer", symbol, repair="Put a layer between.", owner="Graph")
            )


def _in_order(outputs: Sequence[Symbol]) -> list[Symbol]:
    """All symbols that the outputs need, each after those it reads: depth first, without recursion (networks may be deep)."""
    done: dict[Symbol, None] = {}
    stack = list(reversed(outputs))
    while stack:
        symbol = stack[-1]
        waiting = [source for source in symbol.inputs if source not in done]
        if waiting and symbol not in done:
            stack.extend(reversed(waiting))
        else:
            done[stack.pop()] = None
    return list(done)


def _check_sources(symbols: Iterable[Symbol], inputs: Sequence[Symbol]) -> None:
    """Every input that is used must be listed, and every listed input must be used."""
    used = [symbol for symbol in symbols if symbol.layer is None]
    for symbol in used:
        if symbol not in inputs:
            repair = "Add it to the inputs."
            raise InvalidSettingError(
                phrase("an input that the outputs need", "must be listed", symbol, repair=repair, owner="Graph")
            )
    for symbol in inputs:
        if symbol not in used:
            repair = "Leave it out, or connect it."
            raise InvalidSettingError(phrase("an input", "must lead to an output", symbol, repair=repair, owner="Graph"))


def _bearer(symbol: Symbol) -> Hashable:
    """What the name of the symbol stands for: an input, or the layer object, which may be used several times.

    Without weights and a name of its own, each use is a layer by itself.
    """
    layer = symbol.layer
    return symbol if layer is None or (layer.name is None and not _has_weights(symbol)) else id(layer)


def _has_weights(symbol: Symbol) -> bool:
    assert symbol.layer is not None
    return any(op.parameters or op.state for op in symbol.layer.ops([source.width or 1 for source in symbol.inputs]))


def _names(bearers: Mapping[Symbol, Hashable]) -> dict[Symbol, str]:
    """The names that the user gave, and ``dense_1``, ``dense_2``, … for the rest, skipping names that are taken."""
    names = {bearer: name for symbol, bearer in bearers.items() if (name := _given_name(symbol)) is not None}
    taken = set[str]()
    for name in names.values():
        if name in taken:
            repair = "Rename one of the two."
            raise InvalidSettingError(phrase("a name", "must be used once", name, repair=repair, owner="Graph"))
        taken.add(name)
    counts = dict[str, int]()
    for symbol, bearer in bearers.items():
        if bearer not in names:
            names[bearer] = _next_free("input" if symbol.layer is None else symbol.layer.kind, counts, taken)
    return {symbol: names[bearer] for symbol, bearer in bearers.items()}


def _given_name(symbol: Symbol) -> str | None:
    holder: Symbol | Layer | None = symbol.layer or symbol
    return getattr(holder, "name", None)


def _next_free(kind: str, counts: dict[str, int], taken: set[str]) -> str:
    while True:
        counts[kind] = counts.get(kind, 0) + 1
        name = f"{kind}_{counts[kind]}"
        if name not in taken:
            taken.add(name)
            return name
