"""What a network is measured by: losses and metrics of its outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np

from lamina.engine.executor import Executor
from lamina.engine.plan import Batches, InputArray, StepValues, TrainingResult
from lamina.errors import InvalidSettingError, phrase
from lamina.losses import CustomLoss, Loss
from lamina.training.custom_steps import CustomSteps

__all__ = ["Metric", "Objective", "Steps"]

Metric: TypeAlias = Callable[[Any, Any], float]


class Steps(Protocol):
    """What takes training steps and evaluates losses: an executor, or :class:`CustomSteps` on top of one."""

    def train(self, data: Batches, order: np.ndarray, batch_size: int, first_step: int, values: StepValues) -> TrainingResult:
        """See :class:`lamina.engine.executor.Executor`."""

    def evaluate(self, data: Batches) -> np.ndarray:
        """See :class:`lamina.engine.executor.Executor`."""


class Objective:
    """Losses and metrics of an executor's outputs.

    Parameters
    ----------
    executor : Executor
    losses : sequence of Loss
        One an output.
    output_names : sequence of str
    metrics : dict of str to callable
        Functions of the targets as the user gave them and the predictions (lists of them with several outputs).
    penalty_per_row : bool

    Attributes
    ----------
    steps : Steps
        The executor itself, or the detour through Python that a loss of the user's needs.
    """

    def __init__(
        self,
        executor: Executor,
        losses: Sequence[Loss],
        output_names: Sequence[str],
        metrics: Mapping[str, Metric],
        penalty_per_row: bool = False,
    ) -> None:
        self._executor = executor
        self._losses = losses
        self._output_names = output_names
        self._metrics = metrics
        self.steps: Steps = executor
        custom = [loss for loss in losses if isinstance(loss, CustomLoss)]
        if custom:
            if len(custom) < len(losses):
                names = [loss.name for loss in losses]
                repair = "Write the others as functions too."
                raise InvalidSettingError(phrase("losses", "must be functions for all outputs or for none", names, repair=repair))
            self.steps = CustomSteps(executor, custom, penalty_per_row)

    @property
    def is_custom(self) -> bool:
        """Whether the loss is a function of the user's."""
        return self.steps is not self._executor

    def predictions(self, inputs: Sequence[InputArray]) -> Any:
        """What the outputs mean: one array, or a list of them for several outputs."""
        logits = self._executor.predict(inputs)
        return _single([loss.predict(z) for loss, z in zip(self._losses, logits, strict=True)])

    def measure(self, data: Batches, y: Any) -> dict[str, float]:
        """The loss (all outputs together), each output's own if there are several, and the metrics."""
        losses = self.steps.evaluate(data)
        weights = [head.weight for head in self._executor.program.heads]
        measured = {"loss": float(np.dot(weights, losses))}
        if len(losses) > 1:
            measured |= {f"{name}_loss": float(loss) for name, loss in zip(self._output_names, losses, strict=True)}
        if self._metrics:
            predictions = self.predictions(data.inputs)
            measured |= {name: float(metric(y, predictions)) for name, metric in self._metrics.items()}
        return measured


def _single(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else parts
