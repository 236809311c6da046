"""The loss that training lowers, and its gradient, as a training step itself computes them: whatever the loss, on any engine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lamina.analysis.subject import Subject
from lamina.engine import make_executor
from lamina.engine.plan import Batches, StepValues, TrainingPlan
from lamina.errors import NonFiniteError
from lamina.optimizers import GradientDescent
from lamina.training.steppers.choice import stepper_for

__all__ = ["TrainingObjective"]


class TrainingObjective:
    """Loss and gradient (penalties included) of batches of rows, in float64.

    One step of plain gradient descent with rate 1 is taken, and taken back: the way of the weights is the gradient. So
    what is measured is what training does, also with a loss of the user's.

    Parameters
    ----------
    subject : Subject
        With losses.
    data : Batches
    engine : str, default="auto"
    seed : int, default=0
        Of the masks of dropout.
    """

    def __init__(self, subject: Subject, data: Batches, engine: str = "auto", seed: int = 0) -> None:
        # Without max-norm, which would bend the step.
        parameters = tuple(replace(parameter, max_norm=0.0) for parameter in subject.program.parameters)
        program = replace(subject.program, parameters=parameters)
        self._data = data
        self._executor = make_executor(program, dtype="float64", engine=engine, n_threads=1)
        plan, optimizer = TrainingPlan(GradientDescent().rule(), seed=seed), GradientDescent()
        self._executor.configure(plan)
        self._executor.state[:] = subject.state
        self._stepper = stepper_for(self._executor, subject.losses or (), optimizer, plan.penalty_per_row)

    def __call__(self, parameters: np.ndarray, rows: np.ndarray, step: int = 0) -> tuple[float, np.ndarray]:
        """Loss and flat gradient at ``parameters``, over ``rows`` as one batch, with the masks of ``step``.

        Raises
        ------
        NonFiniteError
            If one of the two is not finite.
        """
        self._executor.parameters[:] = parameters
        state = self._executor.state.copy()
        result = self._stepper.train(self._data, rows, len(rows), step, StepValues(np.ones(1)))
        self._executor.state[:] = state
        if result.failure is not None:
            where = f"the {result.failure.quantity} of layer {result.failure.layer!r}"
            raise NonFiniteError(f"At these weights {where} is not finite. Scale the data, or start from smaller weights.")
        return float(result.losses[0]), parameters - self._executor.parameters
