"""Training with L-BFGS, which minimizes the loss of the whole training set."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from lamina.descent.quasi_newton import QuasiNewton
from lamina.engine.executor import Executor
from lamina.engine.plan import Batches, Failure, StepValues
from lamina.optimizers import LBFGS

__all__ = ["FullBatch"]


class _AskedToStopError(Exception):
    """Ends a line search when training is asked to stop."""


class FullBatch:
    """A descent with L-BFGS on all rows; the executor holds the last iterate, except during a line search.

    It works in float64 whatever the executor's dtype; each point is rounded to that dtype before it is evaluated.

    Parameters
    ----------
    executor : Executor
        A configured executor; dropout masks are those of step 0 throughout, so that the objective does not change.
    data : Batches
    optimizer : LBFGS
    stored : dict, optional
        A result of :meth:`state`, to continue from there.
    """

    def __init__(self, executor: Executor, data: Batches, optimizer: LBFGS, stored: dict | None = None) -> None:
        self._executor = executor
        self._data = data
        self._rows = np.arange(data.num_rows, dtype=np.int64)
        self._optimizer = optimizer
        heads = len(executor.program.heads)
        self._by_head = np.empty(heads) if heads > 1 else None  # at the last weights tried, where an iteration ends
        self._is_asked_to_stop: Callable[[], bool] = lambda: False
        if stored is None:
            self._descent = QuasiNewton(self._objective, executor.snapshot().parameters.astype(np.float64), optimizer)
        else:
            self._descent = QuasiNewton.resumed(self._objective, stored, optimizer)

    def state(self) -> dict:
        """The state for a checkpoint."""
        return self._descent.state()

    @property
    def gradient_norm(self) -> float:
        """The Euclidean norm of the gradient at the current iterate."""
        return float(np.linalg.norm(self._descent.gradient))

    def failure(self, step: int) -> Failure | None:
        """Where a number is not finite at the current iterate, if anywhere; ``step`` counts from 0."""
        if self._descent.is_finite:
            return None
        # A step with learning rate 0 locates the failure and changes nothing.
        values = StepValues(np.zeros(1))
        found = self._executor.train(self._data, self._rows, len(self._rows), step, values).failure
        return found or Failure(step, self._executor.program.ops[-1].layer, "gradient")

    def run(
        self, max_iterations: int, on_iteration: Callable[[float, Sequence[float]], bool], is_asked_to_stop: Callable[[], bool]
    ) -> tuple[str, str]:
        """Iterate until ``max_iterations`` are done in total, including those before a resume.

        Parameters
        ----------
        max_iterations : int
            >= 1.
        on_iteration : callable
            Called after each iteration with the loss and the losses of the outputs (empty for one output), while the executor
            holds the iterate's weights; returns whether to continue.
        is_asked_to_stop : callable
            Called before each evaluation of the loss; if true, even a line search stops.

        Returns
        -------
        code, text : str
            Why it ended; the code is "callback" if it was asked to stop.
        """
        self._is_asked_to_stop = is_asked_to_stop
        descent, optimizer = self._descent, self._optimizer
        while True:
            if descent.num_iterations >= max_iterations:
                return "max_epochs", f"All {max_iterations} iterations asked for were run."
            if descent.num_iterations and descent.num_evaluations > optimizer.max_evaluations:
                return "max_epochs", f"All {optimizer.max_evaluations} evaluations of the loss were used up."
            if descent.largest_slope <= optimizer.gradient_tol:
                return "gradient_zero", f"The gradient was almost zero: no element exceeded {optimizer.gradient_tol:g}."
            if descent.num_iterations and descent.has_converged(optimizer.loss_tol):
                return "converged", optimizer.finding("loss")
            try:
                if not self._advance():
                    return "no_improvement", "The line search found no lower loss."
            except _AskedToStopError:
                return "callback", "A callback ended the training."
            if not on_iteration(descent.value, () if self._by_head is None else self._by_head.tolist()):
                return "callback", "A callback ended the training."

    def _advance(self) -> bool:
        """Move to the next iterate and return whether there was one; the executor always ends up with the current iterate."""
        executor = self._executor
        try:
            advanced = self._descent.advance()
        finally:
            executor.restore(parameters=self._descent.point)
        if advanced and executor.program.num_state:
            # Running means and variances are updated once per iteration; line searches do not change them.
            executor.forward(self._data.inputs, self._rows, 0)
        return advanced

    def _objective(self, w: np.ndarray) -> tuple[float, np.ndarray]:
        if self._is_asked_to_stop():
            raise _AskedToStopError
        with np.errstate(over="ignore"):  # numbers too large for the executor's dtype become infinite
            self._executor.restore(parameters=w)
        loss, gradient = self._executor.loss_and_gradient(self._data, order=self._rows, head_losses=self._by_head)
        gradient = np.asarray(gradient, dtype=np.float64)
        return (loss if np.isfinite(gradient).all() else math.inf), gradient
