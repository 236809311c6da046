"""The two passes through a program: forward over the ops in their order, backward over them in reverse (Rumelhart et al. 1986).

The forward pass records everything that the backward pass needs on a *tape*. The gradient of a buffer with several readers
is the sum of their contributions, and so is that of a parameter that several ops share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lamina.engine.formulas.array import Array, Namespace
from lamina.engine.program import Parameter, Program
from lamina.engine.randomness import keep_mask
from lamina.engine.reference.ops import OPS, Call

__all__ = ["Mode", "Tape", "flatten", "run_backward", "run_forward", "unflatten"]


@dataclass(frozen=True, slots=True)
class Mode:
    """How a pass runs.

    ``dropout_rates``: one per op that draws masks, in program order, or None for the ops' own. ``first_row``: the number of
    rows of the batch before the given ones, for these masks. ``step`` and the rates are plain numbers, or scalars on the arrays'
    device, which ``keep_mask`` then takes. ``mixed``: dense ops multiply in bfloat16, but
    not with the inputs ``sparse``, whose rows came so, even where the array library has only dense ones.
    """

    training: bool
    seed: int = 0
    step: Array | int = 0
    dropout_rates: Sequence[Array | float] | None = None
    first_row: int = 0
    keep_mask: Callable[..., Array] = keep_mask
    mixed: bool = False
    sparse: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Tape:
    """The record of a forward pass: every buffer's array, and every op's :class:`Call`."""

    buffers: Mapping[int, Array]
    calls: Sequence[Call]


def unflatten(vector: Array, parts: Sequence[Parameter], xp: Namespace) -> list[Array]:
    """The tensors whose flat slices tile ``vector``."""
    return [xp.reshape(vector[part.slice], part.shape) for part in parts]


def flatten(tensors: Mapping[int, Array], parts: Sequence[Parameter], like: Array, xp: Namespace) -> Array:
    """A flat vector from tensors by the index of their part; a part without a tensor is 0."""
    if not parts:
        return xp.zeros_like(like)
    places = sorted(range(len(parts)), key=lambda i: (parts[i].offset, parts[i].size))
    zeros = xp.zeros_like(like)
    return xp.concat([xp.reshape(tensors[i], (-1,)) if i in tensors else zeros[parts[i].slice] for i in places])


def run_forward(
    program: Program, inputs: Sequence[Array], parameters: Sequence[Array], state: Sequence[Array], mode: Mode, xp: Namespace
) -> Tape:
    """Fill every buffer from the program's ``inputs``."""
    buffers: dict[int, Array] = dict(zip(program.inputs, inputs, strict=True))
    calls: list[Call] = []
    state = list(state)
    num_masks = 0
    for index, op in enumerate(program.ops):
        rate: Array | float = 0.0
        if op.draws_masks:
            rate = float(op.settings[0]) if mode.dropout_rates is None else mode.dropout_rates[num_masks]
            num_masks += 1
        call = Call(
            op=op,
            index=index,
            inputs=tuple(_regrouped(buffers[i], op.copies, xp) for i in op.inputs),
            parameters=tuple(parameters[p] for p in op.parameters),
            state=tuple(state[s] for s in op.state),
            training=mode.training and not program.stands_still(op),
            seed=mode.seed,
            step=mode.step,
            rate=rate,
            first_row=mode.first_row,
            keep_mask=mode.keep_mask,
            mixed=mode.mixed and op.inputs[0] not in mode.sparse,
            trains=tuple(program.parameters[p].trainable for p in op.parameters),
            xp=xp,
        )
        out = OPS[op.kind].forward(call)
        buffers[op.output] = out if op.copies == 1 else xp.reshape(out, (out.shape[0] // op.copies, out.shape[1] * op.copies))
        for place, observed in zip(op.state, call.new_state, strict=False):
            state[place] = observed  # an op that shares it goes on from there
        calls.append(call)
    return Tape(buffers, calls)


def run_backward(
    program: Program, tape: Tape, d_buffers: Sequence[tuple[int, Array]], kept: dict[int, Array] | None = None
) -> dict[int, Array]:
    """Gradients of the trainable parameters, by index, from gradients of buffers; those that no gradient reaches are omitted.

    ``d_buffers`` are pairs (buffer, gradient), from the heads or from the caller. ``kept``, if given, receives the gradient of
    every buffer that an op writes, for analysis; training computes only those that its parameters need, and frees them one by
    one.
    """
    wanted = program.needs_gradient() if kept is None else {op.output for op in program.ops}
    d_buffer: dict[int, Array] = {}
    for buffer, gradient in d_buffers:
        _accumulate(d_buffer, buffer, gradient)
    d_parameter: dict[int, Array] = {}
    for call in reversed(tape.calls):
        if call.op.output not in d_buffer or call.op.output not in wanted:
            continue  # the loss does not depend on this op, or no trainable parameter lies here or before
        call.needs_d_x = not wanted.isdisjoint(call.op.inputs)
        d_out = d_buffer.pop(call.op.output)
        if kept is not None:
            kept[call.op.output] = d_out
        d_inputs, d_parameters = OPS[call.op.kind].backward(call, _regrouped(d_out, call.op.copies, call.xp))
        for buffer, gradient in zip(call.op.inputs, d_inputs, strict=True):
            if gradient is not None:
                whole = gradient if call.op.copies == 1 else call.xp.reshape(gradient, tape.buffers[buffer].shape)
                _accumulate(d_buffer, buffer, whole)
        for parameter, gradient in zip(call.op.parameters, d_parameters, strict=True):
            if program.parameters[parameter].trainable and gradient is not None:
                _accumulate(d_parameter, parameter, gradient)
    return d_parameter


def _regrouped(x: Array, copies: int, xp: Namespace) -> Array:
    """(n, width) as (n * copies, width / copies), which is the same memory."""
    return x if copies == 1 else xp.reshape(x, (x.shape[0] * copies, x.shape[1] // copies))


def _accumulate(sums: dict[int, Array], key: int, term: Array) -> None:
    """Add without writing into ``term``, which may be in use elsewhere."""
    sums[key] = sums[key] + term if key in sums else term
