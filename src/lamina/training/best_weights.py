"""Weights kept aside: those of the best epoch so far, and which of several are the best once they are measured."""

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
        """Copy the executor's present weights into these."""
        executor.copy_into(self.parameters, self.state)

    def put(self, executor: Executor) -> None:
        """Copy these into the executor."""
        executor.restore(self.parameters, self.state)

    def equals(self, executor: Executor) -> bool:
        """Whether the executor has them."""
        present = Weights.of(executor)
        return np.array_equal(self.parameters, present.parameters) and np.array_equal(self.state, present.state)

    def to_dict(self) -> dict[str, np.ndarray]:
        """What a checkpoint stores; the keywords of the constructor."""
        return {"parameters": self.parameters, "state": self.state}

    @property
    def are_finite(self) -> bool:
        return bool(np.isfinite(self.parameters).all() and np.isfinite(self.state).all())


class BestWeights:
    """The weights of the epoch whose watched number was the lowest, and of the one that was the lowest before it.

    The number of an epoch need not be that of the weights at its end: a training loss is measured before each update. Where that
    matters, :func:`put_best` measures the :attr:`candidates`. Keeping a better epoch is a copy in memory and nothing else.

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
        """What was kept, the best first."""
        return [weights for weights in (self._best, self._before) if weights is not None][: self._num_kept]

    def offer(self, value: float, executor: Executor) -> bool:
        """Keep the executor's weights if ``value`` is lower than the best so far; NaN never is."""
        if not value < self.value:
            return False
        self.value = value
        self.keep(executor)
        return True

    def keep(self, executor: Executor) -> None:
        """Keep the executor's weights, whatever they are worth."""
        best, before = self._room(executor)
        before.take(executor)
        self._best, self._before = before, best
        self._num_kept = min(self._num_kept + 1, 2)

    def offer_epochs(self, executor: Executor, train: Callable[[BestEpoch], TrainingResult]) -> TrainingResult:
        """Let ``train`` keep the weights of the best of its epochs."""
        best, before = self._room(executor)
        epoch = BestEpoch(self.value, best.parameters, best.state, before.parameters, before.state)
        result = train(epoch)
        self.value = epoch.loss
        self._best, self._before = Weights(epoch.parameters, epoch.state), Weights(epoch.parameters_before, epoch.state_before)
        self._num_kept = min(self._num_kept + epoch.num_better, 2)
        return result

    def restore(self, executor: Executor) -> None:
        """Write the weights that were kept back into the executor; nothing happens if there are none."""
        for weights in self.candidates[:1]:
            weights.put(executor)

    def state(self) -> dict[str, Any]:
        """What a checkpoint stores."""
        return {"value": self.value, "weights": [weights.to_dict() for weights in self.candidates]}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take back what :meth:`state` gave."""
        self.value = state["value"]
        kept = [Weights(**weights) for weights in state["weights"]]
        self._num_kept = len(kept)
        self._best, self._before = [*kept, None, None][:2]

    def _room(self, executor: Executor) -> tuple[Weights, Weights]:
        """Memory for two of the executor's weights, allocated once."""
        size = executor.program.num_parameters
        if self._best is None or len(self._best.parameters) != size:
            self._best = Weights.of(executor)
        if self._before is None or len(self._before.parameters) != size:
            self._before = Weights.of(executor)
        return self._best, self._before


def put_best(candidates: Iterable[Weights], executor: Executor, measure: Callable[[], float]) -> float:
    """Give the executor those weights whose number is the lowest.

    Parameters
    ----------
    candidates : iterable of Weights
        Of equals the first counts.
    executor : Executor
        If none has a finite number it has the first candidate's weights that are finite themselves, if there are such.
    measure : callable
        The number of the executor's present weights.

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
