"""The outputs of a network, written down by running the reference engine's formulas on arrays without numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lamina.engine.program import Op, Parameter, Program
from lamina.engine.reference.passes import Mode, run_forward
from lamina.errors import InvalidSettingError, phrase
from lamina.export import arrays
from lamina.export.arrays import Array, constant
from lamina.export.computation import belongs

__all__ = ["outputs_of"]

_INFERENCE = Mode(training=False)


def outputs_of(
    program: Program, parameters: np.ndarray, state: np.ndarray, inputs: Sequence[Array], layers: dict[Array, str]
) -> list[Array]:
    """The logits of every output, of all members side by side.

    Parameters
    ----------
    program : Program
    parameters, state : ndarray
        The flat vectors.
    inputs : sequence of Array
        One per input, (rows, width), of the vectors' dtype.
    layers : dict of Array to str
        Takes the layer of every step.

    Raises
    ------
    InvalidSettingError
        If a layer computes what has no formula, such as a function of Python's own.
    """
    tensors, running = _named(parameters, program.parameters), _named(state, program.state)
    buffers = dict(zip(program.inputs, inputs, strict=True))
    for op in program.ops:
        # The pass of one op alone, so that it is known which op's formula cannot be written down.
        alone = replace(program, ops=(op,), inputs=op.inputs)
        given = [buffers[buffer] for buffer in op.inputs]
        if op.kind == "python":  # whose functions may do anything
            raise _not_exportable(op, "a function of Python's")
        try:
            tape = run_forward(alone, given, tensors, running, _INFERENCE, arrays)
        except (AttributeError, KeyError, NotImplementedError, TypeError, ValueError) as error:
            raise _not_exportable(op, str(error)) from error
        buffers[op.output] = tape.buffers[op.output]
        belongs(layers, [buffers[op.output]], op.layer)
    return [buffers[buffer] for buffer in program.outputs]


def _named(vector: np.ndarray, parts: Sequence[Parameter]) -> list[Array]:
    return [constant(vector[part.slice].reshape(part.shape), name=part.name) for part in parts]


def _not_exportable(op: Op, reason: str) -> InvalidSettingError:
    what = f"{op.kind} {op.function}".strip()
    rule = "must be made of Lamina's own formulas to be exported"
    repair = f"({reason}) Replace it by layers of lamina.layers and activations by name, or export the network without it."
    return InvalidSettingError(phrase(f"layer {op.layer!r}", rule, what, repair=repair))
