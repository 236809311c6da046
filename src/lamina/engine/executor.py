"""The contract that every executor keeps, and what goes in and out of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias, TypeGuard

import numpy as np

from lamina.engine.plan import Batches, BestEpoch, Epochs, Failure, InputArray, StepValues, TrainingPlan, TrainingResult
from lamina.engine.program import Program
from lamina.errors import ShapeError, phrase

if TYPE_CHECKING:
    from lamina.engine.perturbation import BatchObjective, PerturbationRule

__all__ = [
    "EpochsExecutor",
    "Executor",
    "Gradient",
    "Observation",
    "OutputGradients",
    "Snapshot",
    "Update",
    "check_shape",
    "runs_epochs",
]

#: From outputs, one array (n, width) each, to the gradient of some loss with respect to each of them.
OutputGradients: TypeAlias = Callable[[Sequence[np.ndarray]], Sequence[np.ndarray]]


class Snapshot(NamedTuple):
    """All that an executor remembers between steps, in arrays that are the caller's.

    ``parameters`` (num_parameters,), ``state`` (num_state,) and ``slots`` (num_slots, num_parameters), of the executor's dtype.
    """

    parameters: np.ndarray
    state: np.ndarray
    slots: np.ndarray


class Gradient(NamedTuple):
    """What the first half of a step found on the rows of a batch, or of a part of one; without penalties.

    ``losses`` (heads,) float64: ``weight_h * sum_i w_i L_h / W``; W is the batch's sum of sample weights, ``weight_sum`` that of
    the rows at hand. ``vector`` (num_parameters,), of the executor's dtype, is the gradient of the sum of ``losses``.
    ``head_losses`` (heads,): the losses without the heads' weights, or None with a single head.

    Of parts that together are a batch, each divided by its W, all of these add up to the batch's.
    """

    losses: np.ndarray
    weight_sum: float
    vector: np.ndarray
    head_losses: np.ndarray | None = None


class Update(NamedTuple):
    """What the second half of a step did: the step's entries in :class:`~lamina.engine.plan.TrainingResult`.

    ``loss``: of heads and penalties, before the update. ``gradient_norm``: before clipping; None unless the plan records it.
    ``is_clipped``: whether clipping changed the gradient. ``failure``: why the step does not count; None when all was finite.
    """

    loss: float
    gradient_norm: float | None
    is_clipped: bool
    failure: Failure | None


class Observation(NamedTuple):
    """What two passes over some rows left behind.

    ``values``: by buffer, (n, width). ``d_values``: the gradient with respect to each buffer that an op writes and the loss
    depends on, of the same shape. ``gradient``: of the losses, without penalties; None where there was no backward pass. Losses
    that the caller computed are NaN in it.
    """

    values: dict[int, np.ndarray]
    d_values: dict[int, np.ndarray]
    gradient: Gradient | None


class Executor(Protocol):
    """Runs a :class:`Program`. Given equal inputs, all executors give equal numbers (to rounding): same masks, same order.

    It remembers parameters, state and the optimizer's slots, which all start at 0. Steps count from 0 over the whole life of a
    run; the update rules' t is ``step + 1``. ``rows`` and ``order`` are row numbers of the data, int64.

    A step of training is one call of :meth:`train`, or of its halves: :meth:`gradient`, once or more, and then :meth:`update`.
    For a loss that the caller computes the first half is :meth:`forward` and :meth:`backward`. Both ways give the same bits.
    Between the calls of a step only :meth:`predict` and :meth:`evaluate` may be used; all that was begun is over with the next
    :meth:`train`, :meth:`restore` or :meth:`configure`.
    """

    program: Program
    dtype: np.dtype

    def configure(self, plan: TrainingPlan) -> None:
        """Set how to train; slots are made anew, at 0, if their number changed."""

    # What is remembered

    def snapshot(self) -> Snapshot:
        """Copies of all that is remembered; ``restore(*snapshot)`` brings it back."""

    def copy_into(
        self, parameters: np.ndarray | None = None, state: np.ndarray | None = None, slots: np.ndarray | None = None
    ) -> None:
        """Copy what is remembered into arrays of the caller's that have its shapes; what is None is left out."""

    def restore(
        self, parameters: np.ndarray | None = None, state: np.ndarray | None = None, slots: np.ndarray | None = None
    ) -> None:
        """Remember these in place of what was; what is None stays as it is.

        Raises
        ------
        ShapeError
            If an array has another shape than the executor's; nothing has changed then.
        """

    def views(self) -> tuple[np.ndarray, np.ndarray]:
        """Parameters and state that a user may read and write at any time: what is written there, the next call computes with.

        An executor whose numbers lie elsewhere keeps such arrays equal to them at the end of its calls, once they were asked for.
        """

    # Steps

    def train(self, data: Batches, order: np.ndarray, batch_size: int, first_step: int, values: StepValues) -> TrainingResult:
        """Train on the rows ``order``, ``batch_size`` at a time (the last batch may be shorter), one step a batch."""

    def gradient(
        self, data: Batches, rows: np.ndarray, step: int, first_row: int = 0, weight_sum: float | None = None
    ) -> Gradient:
        """First half of a step: the losses of ``rows`` and their gradient, in training mode; running statistics are updated.

        Where ``rows`` are a part of a batch, ``first_row`` is how many rows of it come before them (dropout has the masks of the
        batch), and ``weight_sum`` is the batch's sum of sample weights. Dropout rates are the ops' own.
        """

    def update(self, gradient: Gradient, step: int, learning_rate: float, weight_decay: float = 0.0) -> Update:
        """Second half of a step: add the penalties to a batch's gradient, clip it, move the weights.

        After a failure the state is what it was before the first half began. See :class:`~lamina.engine.plan.Failure` for
        weights and slots.
        """

    def forward(self, inputs: Sequence[InputArray], rows: np.ndarray, step: int, first_row: int = 0) -> list[np.ndarray]:
        """Outputs (n, width) of one batch in training mode; running statistics are updated."""

    def backward(self, d_outputs: Sequence[np.ndarray], step: int) -> np.ndarray:
        """The flat gradient, without penalties, that follows from gradients of the outputs of the last :meth:`forward`."""

    def perturb(
        self,
        data: Batches,
        order: np.ndarray,
        batch_size: int,
        first_step: int,
        values: StepValues,
        rule: PerturbationRule,
        objective: BatchObjective | None = None,
    ) -> TrainingResult:
        """Train as :meth:`train` does, but by perturbed weights: :mod:`lamina.engine.perturbation`.

        Of ``values`` only the learning rates are used; seed, clipping and the penalty's division are the plan's. ``objective``
        (outputs, rows) -> float is lowered in place of the losses: of the outputs of a batch (one array an output, its own to
        keep) and the numbers of its rows. It may use the executor to predict, and must not train with it.

        The losses are those before each step's change (for antithetic pairs, the mean of the pair's), ``objectives`` likewise.
        """

    # What changes nothing

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
        """What training lowers, penalty included, and its flat gradient, over the rows ``order`` (default: all) as one batch.

        With several heads, their own losses are written into ``head_losses`` (heads,) if it is given; see
        :class:`~lamina.engine.plan.TrainingResult`.
        """

    def observe(
        self,
        data: Batches,
        rows: np.ndarray | None = None,
        *,
        training: bool = True,
        step: int = 0,
        dropout_rates: Sequence[float] | None = None,
        d_outputs: OutputGradients | None = None,
    ) -> Observation:
        """Every buffer of both passes over ``rows`` (default: all) as one batch, and the gradient with respect to it.

        The backward pass starts from the losses, or from what ``d_outputs`` says of the outputs; where there are neither targets
        nor ``d_outputs`` there is none. ``dropout_rates``, one a dropout op in program order, take the place of the ops' own.
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


def runs_epochs(steps: object) -> TypeGuard[EpochsExecutor]:
    """Whether it is an :class:`EpochsExecutor`; to ask ``isinstance`` of a protocol would take longer than many an epoch."""
    return hasattr(steps, "train_epochs")


def check_shape(name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    """Refuse an array of another shape.

    >>> check_shape("state", np.zeros(2), (3,))
    Traceback (most recent call last):
        ...
    lamina.errors.ShapeError: state must be an array of shape (3,), got (2,).
    """
    if getattr(array, "shape", None) != shape:
        raise ShapeError(phrase(name, f"must be an array of shape {shape}", getattr(array, "shape", array)))
