"""Turns a network into the engine's program, and draws the initial values of its parameters."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from lamina.engine.program import Op, Parameter, Program
from lamina.errors import OutOfMemoryError, phrase, shown
from lamina.initializers import RowInitializer
from lamina.layers import OpDraft, ParameterDraft
from lamina.network.node import InputNode, Node

__all__ = ["Blueprint", "Drawing", "draw_blueprint"]


class Blueprint(NamedTuple):
    """A program without heads, the draft of each parameter and state, and the activation that follows each parameter."""

    program: Program
    drafts: tuple[ParameterDraft, ...]
    functions: tuple[str, ...]
    state_drafts: tuple[ParameterDraft, ...]

    @property
    def adapts(self) -> bool:
        """Whether any parameter is fitted to training rows."""
        return any(isinstance(draft.initializer, RowInitializer) for draft in self.drafts)

    def first_values(self, rng: np.random.Generator | np.random.RandomState, dtype: DTypeLike) -> tuple[np.ndarray, np.ndarray]:
        """Flat parameter and state vectors of initial values; parameters are drawn one by one in the program's order.

        Raises
        ------
        OutOfMemoryError
            When the arrays do not fit into the machine's memory; nothing has been drawn then.
        """
        check_memory((*self.program.parameters, *self.program.state))
        parameters = [_drawn(draft, function, rng, dtype) for draft, function in zip(self.drafts, self.functions, strict=True)]
        state = [_drawn(draft, "", rng, dtype) for draft in self.state_drafts]
        nothing = np.empty(0, dtype=dtype)
        return np.concatenate([nothing, *parameters]), np.concatenate([nothing, *state])


def check_memory(arrays: Sequence[Parameter]) -> None:
    """Raise an error if the arrays do not fit into memory together; it names the first that does not fit.

    Linux would often allocate them all the same, and kill the process when it writes to them.

    Raises
    ------
    OutOfMemoryError
    """
    total = 0
    for array in arrays:
        size_bytes = 8 * math.prod(array.shape)  # they are drawn in float64
        total += size_bytes
        if total > _memory_bytes():
            beside = "" if total == size_bytes else f" on top of {_gib(total - size_bytes)} for the arrays before it"
            rule = f"must fit into the {_gib(int(_memory_bytes()))} of memory of this machine"
            came = f"{_gib(size_bytes)}{beside}"
            name = f"the array {array.name!r} of shape {shown(array.shape)}"
            raise OutOfMemoryError(phrase(name, rule, came, repair="Use fewer units.", owner=array.layer))


def _gib(size_bytes: int) -> str:
    """A size as text; the largest that a network can ask for do not fit into a float."""
    return f"{size_bytes / 2**30:.3g} GiB" if size_bytes < 2**100 else f"2**{size_bytes.bit_length() - 31} GiB"


def _memory_bytes() -> float:
    """The machine's memory; if unknown, the whole address space."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return float(sys.maxsize)


def _drawn(
    draft: ParameterDraft, function: str, rng: np.random.Generator | np.random.RandomState, dtype: DTypeLike
) -> np.ndarray:
    initializer = draft.initializer.for_activation(function)
    # A RandomState has the same uniform() and normal(), which is all that initializers call.
    draw = partial(initializer, rng, fan_in=draft.fan_in, fan_out=draft.fan_out, dtype=dtype)  # type: ignore[arg-type]
    if len(draft.shape) < 3:
        return draw(shape=draft.shape).ravel()
    return np.concatenate([draw(shape=draft.shape[1:]).ravel() for _ in range(draft.shape[0])])  # of each group its own matrix


@dataclass(slots=True)
class Drawing:
    """The lists that grow as nodes are placed one by one."""

    members: int = 1
    widths: list[int] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    parameters: list[Parameter] = field(default_factory=list)
    drafts: list[ParameterDraft] = field(default_factory=list)
    state: list[Parameter] = field(default_factory=list)
    state_drafts: list[ParameterDraft] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)

    def buffer(self, width: int) -> int:
        self.widths.append(width)
        return len(self.widths) - 1

    def width_of(self, buffer: int) -> int:
        """The width of a buffer to the layer that reads it."""
        return self.widths[buffer]

    def place(self, node: Node, op: OpDraft, inputs: tuple[int, ...]) -> int:
        """Append the op and return its output buffer."""
        parameters = tuple(self._index(node, draft, self.parameters, self.drafts) for draft in op.parameters)
        state = tuple(self._index(node, draft, self.state, self.state_drafts) for draft in op.state)
        output = self.buffer(op.width)
        self.ops.append(Op(op.kind, node.name, inputs, output, parameters, state, op.settings, op.function, op.copies, op.code))
        return output

    def _index(self, node: Node, draft: ParameterDraft, placed: list[Parameter], drafts: list[ParameterDraft]) -> int:
        """Where the parameter stands among those that are placed in a flat vector; it is appended at the layer's first use."""
        name = f"{node.layer_name}.{draft.name}"
        if name not in self.places:
            offset = placed[-1].slice.stop if placed else 0
            penalties = (draft.l1, draft.l2, draft.decay, draft.max_norm)
            pace = (node.is_trainable, node.learning_rate_factor(draft.name))
            placed.append(Parameter(name, node.layer_name, offset, draft.shape, *penalties, *pace, draft.by_row))
            drafts.append(draft)
            self.places[name] = len(placed) - 1
        return self.places[name]


def draw_blueprint(
    inputs: Sequence[InputNode], nodes: Sequence[Node], outputs: Sequence[str], drawing: Drawing | None = None
) -> Blueprint:
    """The blueprint of a network whose widths are known and whose nodes are in order; ``drawing`` is empty."""
    drawing = drawing or Drawing()
    buffers = {item.name: drawing.buffer(item.width or 0) for item in inputs}
    for node in nodes:
        given = sources = tuple(buffers[name] for name in node.inputs)
        for op in node.layer.ops([drawing.width_of(source) for source in given]):
            sources = (drawing.place(node, op, (*given, *sources) if op.reads_inputs else sources),)
        (buffers[node.name],) = sources
    program = Program(
        tuple(drawing.widths),
        tuple(buffers[item.name] for item in inputs),
        tuple(buffers[name] for name in outputs),
        tuple(drawing.ops),
        tuple(drawing.parameters),
        tuple(drawing.state),
        members=drawing.members,
    )
    return Blueprint(program, tuple(drawing.drafts), _functions(program), tuple(drawing.state_drafts))


def _functions(program: Program) -> tuple[str, ...]:
    """For each parameter, the activation that follows the first op that uses it ("identity" when none does)."""
    readers: dict[int, Op] = {}
    for op in reversed(program.ops):
        readers |= dict.fromkeys(op.inputs, op)  # the first reader wins, being written last
    following = {index: _following(op, readers) for op in reversed(program.ops) for index in op.parameters}
    return tuple(following[index] for index in range(len(program.parameters)))


def _following(op: Op, readers: dict[int, Op]) -> str:
    """The activation of the op's units, even if other ops (normalization, dropout) act on them first."""
    reader = readers.get(op.output)
    while reader is not None and reader.acts_on_units and not reader.is_activation:
        reader = readers.get(reader.output)
    if reader is None or not reader.is_activation:
        return "identity"
    return reader.function or reader.kind
