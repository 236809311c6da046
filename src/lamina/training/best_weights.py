"""Copies of the best weights so far, and the choice of the best among several copies."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Self

import numpy as np

from lamina.engine.executor import Executor
from lamina.engine.plan import BestEpoch, TrainingResult

__all__ = ["BestWeights", "Weights", "put_best"]


class Weights(NamedTuple):
    """Copies of an executor's parameters and state.

    Attributes
    ----------
    parameters, state : ndarray
    """

    parameters: np.ndarray
    state: np.ndarray

    @classmethod
    def of(cls, executor: Executor) -> Self:
        program, dtype = executor.program, executor.dtype
        weights = cls(np.empty(program.num_parameters, dtype), np.empty(program.num_state, dtype))
        weights.take(executor)
        return weights

    def take(self, executor: Executor) -> None:
        """Copy the executor's current weights into these."""
        executor.copy_into(self.parameters, self.state)

    def put(self, executor: Executor) -> None:
        """Copy these into the executor."""
        executor.restore(self.parameters, self.state)

    def equals(self, executor: Executor) -> bool:
        """Whether the executor has the same weights."""
        present = Weights.of(executor)
        return np.array_equal(self.parameters, present.parameters) and np.array_equal(self.state, present.state)

    def to_dict(self) -> dict[str, np.ndarray]:
        """The arrays for a checkpoint, under the constructor's argument names."""
        return {"parameters": self.parameters, "state": self.state}

    @property
    def are_finite(self) -> bool:
        return bool(np.isfinite(self.parameters).all() and np.isfinite(self.state).all())


class BestWeights:
    """The weights of the epoch with the lowest monitored number, and of the previous best epoch.

    An epoch's number need not be that of the weights at its end: the training loss is measured before each update. Where that
    matters, :func:`put_best` measures the :attr:`candidates`. Keeping the weights of a better epoch costs only a copy in memory.

    Examples
    --------
    >>> best = BestWeights()
    >>> best.value
    inf
    """

    def __init__(self) -> None:
        self.value = math.inf
        self._best: Weights | None = None
        self._before: Weights | None = None
        self._num_kept = 0

    @property
    def candidates(self) -> list[Weights]:
        """The weights that were kept, the best first."""
        return [weights for weights in (self._best, self._before) if weights is not None][: self._num_kept]

    def offer(self, value: float, executor: Executor) -> bool:
        """Keep the executor's weights and return True if ``value`` is lower than the best so far; NaN never is."""
        if not value < self.value:
            return False
        self.value = value
        self.keep(executor)
        return True

    def keep(self, executor: Executor) -> None:
        """Keep the executor's weights unconditionally."""
        best, before = self._room(executor)
        before.take(executor)
        self._best, self._before = before, best
        self._num_kept = min(self._num_kept + 1, 2)

    def offer_epochs(self, executor: Executor, train: Callable[[BestEpoch], TrainingResult]) -> TrainingResult:
        """Call ``train`` with a :class:`BestEpoch`, in which it keeps the weights of its best epoch."""
        best, before = self._room(executor)
        epoch = BestEpoch(self.value, best.parameters, best.state, before.parameters, before.state)
        result = train(epoch)
        self.value = epoch.loss
        self._best, self._before = Weights(epoch.parameters, epoch.state), Weights(epoch.parameters_before, epoch.state_before)
        self._num_kept = min(self._num_kept + epoch.num_better, 2)
        return result

    def restore(self, executor: Executor) -> None:
        """Write the best weights back into the executor; do nothing if none were kept."""
        for weights in self.candidates[:1]:
            weights.put(executor)

    def state(self) -> dict[str, Any]:
        """The state for a checkpoint."""
        return {"value": self.value, "weights": [weights.to_dict() for weights in self.candidates]}

    def load_state(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state` returned."""
        self.value = state["value"]
        kept = [Weights(**weights) for weights in state["weights"]]
        self._num_kept = len(kept)
        self._best, self._before = [*kept, None, None][:2]

    def _room(self, executor: Executor) -> tuple[Weights, Weights]:
        """Memory for two copies of the executor's weights, allocated once."""
        size = executor.program.num_parameters
        if self._best is None or len(self._best.parameters) != size:
            self._best = Weights.of(executor)
        if self._before is None or len(self._before.parameters) != size:
            self._before = Weights.of(executor)
        return self._best, self._before


def put_best(candidates: Iterable[Weights], executor: Executor, measure: Callable[[], float]) -> float:
    """Put the weights with the lowest number into the executor.

    Parameters
    ----------
    candidates : iterable of Weights
        The first one wins a tie.
    executor : Executor
        If no number is finite, it gets the first candidate whose weights are finite, if there is one.
    measure : callable
        Returns the number of the executor's current weights.

    Returns
    -------
    float
        The lowest number; infinite if no candidate has finite weights and a finite number.
    """
    best, lowest = None, math.inf
    for weights in candidates:
        weights.put(executor)
        if not weights.are_finite:
            continue
        value = measure()
        if best is None or value < lowest:
            best, lowest = weights, value if value < lowest else lowest
    if best is not None:
        best.put(executor)
    return lowest
