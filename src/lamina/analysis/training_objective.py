"""The loss that training minimizes, and its gradient, for any loss and engine."""

from __future__ import annotations

import numpy as np

from lamina.analysis.subject import Subject
from lamina.engine import make_executor
from lamina.engine.executor import Executor
from lamina.engine.plan import Batches, StepValues, TrainingPlan
from lamina.errors import NonFiniteError
from lamina.losses.as_functions import as_functions
from lamina.optimizers import GradientDescent
from lamina.training.steppers.custom_loss import CustomSteps

__all__ = ["TrainingObjective"]


class TrainingObjective:
    """Loss and gradient (with penalties) of batches of rows, in float64, as training steps compute them.

    Parameters
    ----------
    subject : Subject
        With losses.
    data : Batches
    engine : str, default="auto"
    seed : int, default=0
        Seed of the dropout masks.
    """

    def __init__(self, subject: Subject, data: Batches, engine: str = "auto", seed: int = 0) -> None:
        self._data = data
        self._executor = make_executor(subject.program, dtype="float64", engine=engine, n_threads=1)
        self._executor.configure(TrainingPlan(GradientDescent().rule(), penalty_per_row=subject.penalty_per_row, seed=seed))
        self._executor.restore(state=subject.state)
        self._steps: Executor | CustomSteps = self._executor
        if custom := as_functions(subject.losses or (), subject.program.members):
            self._steps = CustomSteps(self._executor, custom, penalty_per_row=subject.penalty_per_row)

    def __call__(self, parameters: np.ndarray, rows: np.ndarray, step: int = 0) -> tuple[float, np.ndarray]:
        """Loss and flat gradient at ``parameters``, over ``rows`` as one batch, with the dropout masks of ``step``.

        Raises
        ------
        NonFiniteError
            If the loss or the gradient is not finite.
        """
        self._executor.restore(parameters=parameters)
        loss, gradient = self._steps.loss_and_gradient(self._data, order=rows, step=step)
        if not (np.isfinite(loss) and np.isfinite(gradient).all()):
            raise NonFiniteError(
                f"At these weights {self._place(rows, step)} is not finite. Scale the data, or start from smaller weights."
            )
        return float(loss), gradient

    def _place(self, rows: np.ndarray, step: int) -> str:
        """The quantity that is not finite, and its layer, found by a training step with learning rate 0."""
        failure = self._steps.train(self._data, rows, len(rows), step, StepValues(np.zeros(1))).failure
        return "the loss or its gradient" if failure is None else f"the {failure.quantity} of layer {failure.layer!r}"
