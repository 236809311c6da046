"""The mean of custom losses over the rows of a pass, and its gradient with respect to each output."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamina.engine.executor import Executor, Probe
from lamina.engine.plan import Batches
from lamina.engine.probe import probe
from lamina.engine.program import Head
from lamina.losses import CustomLoss

__all__ = ["MeanCustomLoss", "probe_with"]


class MeanCustomLoss:
    """What :meth:`~lamina.engine.executor.Executor.observe` calls for a backward pass where losses are functions of the user's.

    Parameters
    ----------
    heads : sequence of Head
    losses : sequence of CustomLoss
        One per output.
    data : Batches
        All rows of the pass.

    Attributes
    ----------
    value : float
        ``sum_h weight_h * sum_i w_i L_h / sum_i w_i``, known after the call.
    """

    def __init__(self, heads: Sequence[Head], losses: Sequence[CustomLoss], data: Batches) -> None:
        self._heads, self._losses, self._targets = heads, losses, data.targets
        weights = np.ones(data.num_rows) if data.sample_weight is None else np.asarray(data.sample_weight, dtype=np.float64)
        total = float(weights.sum())
        self._shares = weights / total if total > 0 else weights
        self.value = np.nan

    def __call__(self, outputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        self.value, d_outputs = 0.0, []
        for head, loss, logits, target in zip(self._heads, self._losses, outputs, self._targets, strict=True):
            values, gradient = loss.value_and_gradient(logits, target)
            self.value += head.weight * float(self._shares @ values)
            d_outputs.append(head.weight * self._shares[:, None] * gradient)
        return d_outputs


def probe_with(executor: Executor, losses: Sequence[CustomLoss], data: Batches) -> tuple[float, Probe]:
    """As :meth:`~lamina.engine.executor.Executor.probe`, with the mean of custom losses."""
    program, own = executor.program, MeanCustomLoss(executor.program.heads, losses, data)
    no_dropout = [0.0] * len(program.mask_rates)
    seen = executor.observe(data, dropout_rates=no_dropout, d_outputs=own)
    weight_sum = float(data.num_rows if data.sample_weight is None else data.sample_weight.sum())
    return own.value, probe(program, executor.snapshot().parameters, seen, weight_sum)
