"""The weights of the best epoch so far, kept aside."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from lamina.engine.executor import Executor
from lamina.engine.plan import BestEpoch, TrainingResult

__all__ = ["BestWeights"]


class BestWeights:
    """A copy of the parameters and the state of the epoch whose watched number was the lowest.

    The copies are allocated once; keeping a better epoch is a copy in memory and nothing else.

    Examples
    --------
    >>> best = BestWeights()
    >>> best.value
    inf
    """

    def __init__(self) -> None:
        self.value = math.inf
        self._parameters: np.ndarray | None = None
        self._state: np.ndarray | None = None

    @property
    def kept(self) -> bool:
        """Whether there are weights to go back to."""
        return self._parameters is not None

    def offer(self, value: float, executor: Executor) -> bool:
        """Keep the executor's weights if ``value`` is lower than the best so far; NaN never is."""
        if not value < self.value:
            return False
        self.value = value
        self.keep(executor)
        return True

    def keep(self, executor: Executor) -> None:
        """Keep the executor's weights, whatever they are worth."""
        if self._parameters is None or self._state is None or self._parameters.shape != executor.parameters.shape:
            self._parameters, self._state = executor.parameters.copy(), executor.state.copy()
        else:
            np.copyto(self._parameters, executor.parameters)
            np.copyto(self._state, executor.state)

    def offer_epochs(self, train: Callable[[BestEpoch], TrainingResult]) -> TrainingResult:
        """Let ``train`` keep the weights of the best of its epochs; there must be weights to write over."""
        if self._parameters is None or self._state is None:
            raise RuntimeError("offer_epochs: keep must be called first.")
        best = BestEpoch(self.value, self._parameters, self._state)
        result = train(best)
        self.value = best.loss
        return result

    def restore(self, executor: Executor) -> None:
        """Write the weights that were kept back into the executor; nothing happens if there are none."""
        if self._parameters is not None and self._state is not None:
            executor.parameters[:] = self._parameters
            executor.state[:] = self._state

    def state(self) -> dict[str, Any]:
        """What a checkpoint stores."""
        return {"value": self.value, "parameters": self._parameters, "state": self._state}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take back what :meth:`state` gave."""
        self.value, self._parameters, self._state = state["value"], state["parameters"], state["state"]
