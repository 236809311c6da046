"""Runs a program op by op, for first weights that depend on what the layers before make of some rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from lamina.engine.program import Op, Program
from lamina.engine.reference.passes import Mode, run_forward

__all__ = ["run_op"]


def run_op(
    program: Program, op: Op, parameters: Sequence[np.ndarray], state: Sequence[np.ndarray], buffers: Mapping[int, np.ndarray]
) -> np.ndarray:
    """The output of one op, run as a program by itself, in training mode without dropout."""
    read = tuple(dict.fromkeys(op.inputs))
    alone = replace(program, inputs=read, ops=(op,))
    rates = [0.0] * op.draws_masks
    tape = run_forward(alone, [buffers[b] for b in read], parameters, state, Mode(True, dropout_rates=rates), np)
    output: np.ndarray = tape.buffers[op.output]
    return output
