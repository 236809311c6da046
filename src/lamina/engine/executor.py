"""The contract that every executor keeps, and the choice among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeGuard

import numpy as np

from lamina.engine.plan import Batches, BestEpoch, Epochs, Failure, InputArray, StepValues, TrainingPlan, TrainingResult
from lamina.engine.program import Program
from lamina.errors import ShapeError, phrase

__all__ = ["EpochsExecutor", "Executor", "live_array", "runs_epochs"]


class Executor(Protocol):
    """Runs a :class:`Program`. Given equal inputs, all executors give equal numbers (to rounding): same masks, same order.

    ``parameters`` (num_parameters,), ``state`` (num_state,) and ``slots`` (num_slots, num_parameters) are live NumPy views:
    writing into them, or assigning an array of their shape, changes the model. Steps count from 0 over the whole life of a run;
    the update rules' t is ``step + 1``.
    """

    program: Program
    dtype: np.dtype
    parameters: np.ndarray
    state: np.ndarray
    slots: np.ndarray

    def configure(self, plan: TrainingPlan) -> None:
        """Set how to train; allocates (zeroed) slots if their number changed."""

    def train(self, data: Batches, order: np.ndarray, batch_size: int, first_step: int, values: StepValues) -> TrainingResult:
        """Train on the rows ``order`` (int64), ``batch_size`` at a time (the last batch may be shorter), one step a batch."""

    def predict(self, inputs: Sequence[InputArray], links: Sequence[str] | None = None) -> list[np.ndarray]:
        """Outputs for all rows in inference mode: no dropout, running statistics.

        ``links`` are activations without numbers of their own, one an output, applied to the logits; None: the logits.
        """

    def evaluate(self, data: Batches) -> np.ndarray:
        """The weighted mean loss of every head (no penalty, head weight not applied) in inference mode, float64 (heads,).

        NaN where logits are not finite, whatever the loss makes of them.
        """

    def loss_and_gradient(
        self,
        data: Batches,
        *,
        order: np.ndarray | None = None,
        training: bool = True,
        step: int = 0,
        head_losses: np.ndarray | None = None,
    ) -> tuple[float, np.ndarray]:
        """Total loss and flat gradient, penalty included, of the rows ``order`` (default: all) as one batch; changes nothing.

        With several heads, their own losses are written into ``head_losses`` (heads,) if it is given; see
        :class:`~lamina.engine.plan.TrainingResult`.
        """

    def forward(self, inputs: Sequence[InputArray], order: np.ndarray, step: int) -> list[np.ndarray]:
        """First half of a step: outputs of one batch in training mode (masks of ``step``; running statistics are updated)."""

    def backward_and_update(
        self, d_outputs: Sequence[np.ndarray], step: int, learning_rate: float, weight_decay: float = 0.0, rows: float = 1.0
    ) -> Failure | None:
        """Second half of a step whose loss the caller computed: back-propagate its gradient, add penalties, clip, update.

        ``rows`` is the batch's sum of sample weights (used when the plan divides the penalty by it).
        """


class EpochsExecutor(Executor, Protocol):
    """An executor that saves the way back to Python between short epochs."""

    def train_epochs(
        self, data: Batches, epochs: Epochs, batch_size: int, first_step: int, values: StepValues, best: BestEpoch
    ) -> TrainingResult:
        """As many calls of ``train``, each with the :func:`~lamina.engine.permutation` of its epoch under the plan's seed.

        ``values`` has an entry for each step of all epochs, and no dropout rates. Epochs that were done and have a lower mean
        loss than ``best`` leave their weights in it.
        """


def live_array(attribute: str) -> Any:
    """A property that shows the array under ``attribute``; assigned to, it writes into that array, where the engine reads."""

    def read(executor: object) -> Any:
        return getattr(executor, attribute)

    def write(executor: object, values: Any) -> None:
        array = read(executor)
        if getattr(values, "shape", None) != array.shape:
            name = attribute.lstrip("_")
            raise ShapeError(phrase(name, f"must be an array of shape {tuple(array.shape)}", getattr(values, "shape", values)))
        array[...] = values

    return property(read, write)


def runs_epochs(steps: object) -> TypeGuard[EpochsExecutor]:
    """Whether it is an :class:`EpochsExecutor`; to ask ``isinstance`` of a protocol would take longer than many an epoch."""
    return hasattr(steps, "train_epochs")
