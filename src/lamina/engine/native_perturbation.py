"""Perturbed weights in the compiled engine (csrc/executor/perturbation.hpp): a trial of one weight reuses the forward pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lamina.engine import _native
from lamina.engine.blas import SingleThreadedBlas
from lamina.engine.native import NativeExecutor
from lamina.engine.native_data import as_order
from lamina.engine.perturbation import BatchObjective, PerturbationRule
from lamina.engine.plan import Batches, Failure, StepValues, TrainingResult

__all__ = ["perturb"]


def perturb(
    executor: NativeExecutor,
    data: Batches,
    order: np.ndarray,
    batch_size: int,
    first_step: int,
    values: StepValues,
    rule: PerturbationRule,
    objective: BatchObjective | None = None,
) -> TrainingResult:
    """See :func:`lamina.engine.perturbation.perturb`."""
    order = as_order(order, data.num_rows)
    num_steps = -(-len(order) // batch_size)
    losses, objectives = np.empty(num_steps), np.empty(num_steps)
    # A head that has no loss in the engine has no target there either.
    has_losses = objective is None or all(head.kind != "external" for head in executor.program.heads)
    batches = executor._reader.batches(data) if has_losses else executor._reader.inputs(data.inputs)
    rates = np.ascontiguousarray(values.learning_rates, dtype=np.float64)
    settings = (rule.kind == "all", rule.trials, rule.scale, rule.antithetic, rule.accept_ties)
    function = None if objective is None else _by_batch(objective, order, batch_size)
    widths = [executor.program.widths[b] for b in executor.program.outputs]
    with SingleThreadedBlas():
        done, num_clipped, num_kept, failure = _native.perturb(
            executor._engine, batches, order, batch_size, first_step, rates, *settings, function, widths, losses, objectives
        )
    where = None if failure is None else Failure(*failure)
    return TrainingResult(losses[:done], None, num_clipped, where, objectives[:done], num_kept if rule.kind == "one" else None)


def _by_batch(objective: BatchObjective, order: np.ndarray, batch_size: int) -> Callable[[int, list[np.ndarray]], float]:
    """The objective as the engine calls it: with the number of the batch, and views of its own memory, hence the copies."""

    def function(k: int, outputs: Sequence[np.ndarray]) -> float:
        return float(objective([np.array(output) for output in outputs], order[k * batch_size : (k + 1) * batch_size]))

    return function
