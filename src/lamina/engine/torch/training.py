"""A call of several steps: those that are alike run on the device without a break, the others one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from lamina.engine.executor import Watch
from lamina.engine.plan import StepValues, TrainingResult
from lamina.engine.reference import ReferenceExecutor
from lamina.engine.reference.objective import check_losses
from lamina.engine.reference.rows import stay_sparse
from lamina.engine.reference.watching import Watching
from lamina.engine.torch.device_rows import DeviceRows
from lamina.engine.torch.numbers import Columns
from lamina.engine.torch.steps import DeviceSteps

__all__ = ["DeviceTraining"]

_MOST_KINDS = 8  # of steps whose memory is kept


class DeviceTraining:
    """Trains on a device.

    Parameters
    ----------
    torch : module
    plain : ReferenceExecutor
        On tensors. It takes the steps that are watched, and those that are not finite, about which it says more.
    """

    def __init__(self, torch: Any, plain: ReferenceExecutor) -> None:
        self._torch, self._plain = torch, plain
        self._kinds: dict[tuple[int, Columns, bool, frozenset[int]], DeviceSteps] = {}

    def forget(self) -> None:
        """Give up the memory of steps, after a change of the plan or the program."""
        self._kinds.clear()

    def train(
        self,
        rows: DeviceRows,
        order: np.ndarray,
        batch_size: int,
        first_step: int,
        values: StepValues,
        watches: Sequence[Watch] = (),
    ) -> TrainingResult:
        """See :meth:`lamina.engine.executor.Executor.train`."""
        self._plain.learner.close()
        check_losses(self._plain.program)
        if not len(order):
            return self._plain.train(rows.batches, order, batch_size, first_step, values, watches)
        watching = Watching(self._plain, watches)
        num_steps, num_whole = -(-len(order) // batch_size), len(order) // batch_size
        watched = {k for k in range(num_steps) if watching.is_due(first_step + k)} if watches else set()
        parts: list[TrainingResult] = []

        def take(first: int, end: int, *, plainly: bool) -> bool:
            """Take some steps; whether all of them were finite."""
            given = order[first * batch_size : end * batch_size], first_step + first, values.part(slice(first, end))
            part = self._plainly(rows, *given, watching) if plainly else self._at_once(rows, end - first, *given)
            parts.append(part)
            return len(part.losses) == end - first

        done, goes_on = 0, True
        while done < num_steps and goes_on:
            end = _end_of_stretch(done, watched, (num_whole, num_steps))
            if not take(done, end, plainly=done in watched):
                end = done + len(parts[-1].losses) + 1
                goes_on = parts[-1].failure is None and take(end - 1, end, plainly=True)
            done = end
        return _joined(parts)

    def _at_once(self, rows: DeviceRows, count: int, order: np.ndarray, first_step: int, values: StepValues) -> TrainingResult:
        """Steps with equally many rows, as far as they are finite."""
        learner, batch_size = self._plain.learner, len(order) // count
        columns, is_weighted = Columns.of(learner, values), rows.batches.sample_weight is not None
        kind = (batch_size, columns, is_weighted, stay_sparse(learner.program, rows.batches.inputs))
        steps = self._kinds.pop(kind, None) or DeviceSteps(self._torch, learner, *kind)
        self._kinds[kind] = steps  # the last one used is the last to go
        while len(self._kinds) > _MOST_KINDS:
            del self._kinds[next(iter(self._kinds))]
        found = steps.run(rows, order, first_step, values)
        norms = found.norms.astype(np.float64) if learner.plan.record_norms else None
        told = found.head_losses.astype(np.float64) if columns.num_heads > 1 else None
        return TrainingResult(found.losses.astype(np.float64), norms, int(found.clipped.sum()), None, head_losses=told)

    def _plainly(
        self, rows: DeviceRows, order: np.ndarray, first_step: int, values: StepValues, watching: Watching
    ) -> TrainingResult:
        """A step by the reference engine."""
        return self._plain.train_watched(rows.batches, order, len(order), first_step, values, watching)


def _end_of_stretch(first: int, watched: set[int], ends: Iterable[int]) -> int:
    """Where the steps end that are taken at once from ``first`` on: before a watched one, and where batches become shorter."""
    return first + 1 if first in watched else min(k for k in (*watched, *ends) if k > first)


def _joined(results: Sequence[TrainingResult]) -> TrainingResult:
    """The result of steps that follow each other."""

    def column(name: str) -> np.ndarray | None:
        parts = [getattr(result, name) for result in results]
        return None if parts[0] is None else np.concatenate(parts)

    losses = np.concatenate([result.losses for result in results])
    num_clipped = sum(result.num_clipped for result in results)
    return TrainingResult(losses, column("gradient_norms"), num_clipped, results[-1].failure, head_losses=column("head_losses"))
