"""The interface of all executors, and the types that their methods take and return."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias, TypeGuard

import numpy as np

from lamina.engine.own_functions import OwnFunctions
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
    "Probe",
    "Snapshot",
    "StepProbes",
    "Update",
    "Watch",
    "check_shape",
    "runs_epochs",
]

#: Takes the outputs, one array (n, width) each, and returns the gradient of a loss with respect to each of them.
OutputGradients: TypeAlias = Callable[[Sequence[np.ndarray]], Sequence[np.ndarray]]


class Snapshot(NamedTuple):
    """Everything that an executor keeps between steps, as copies that belong to the caller.

    ``parameters`` (num_parameters,), ``state`` (num_state,) and ``slots`` (num_slots, num_parameters), of the executor's dtype.
    """

    parameters: np.ndarray
    state: np.ndarray
    slots: np.ndarray


class Gradient(NamedTuple):
    """The result of the first half of a step, on the rows of a batch or a part of it; without penalties.

    ``losses`` (heads,) float64: ``weight_h * sum_i w_i L_h / W``; W is the sum of sample weights of the batch, ``weight_sum``
    that of the given rows. ``vector`` (num_parameters,), of the executor's dtype, is the gradient of the sum of ``losses``.
    ``head_losses`` (heads,): the losses without the heads' weights, or None with a single head.

    For parts that together form a batch, all divided by the batch's W, each of these adds up to the batch's value.
    """

    losses: np.ndarray
    weight_sum: float
    vector: np.ndarray
    head_losses: np.ndarray | None = None


class Update(NamedTuple):
    """The result of the second half of a step: its entries in :class:`~lamina.engine.plan.TrainingResult`.

    ``loss``: of heads and penalties, before the update. ``gradient_norm``: before clipping; None unless the plan records it.
    ``is_clipped``: whether clipping changed the gradient. ``failure``: why the step does not count; None if all was finite.
    """

    loss: float
    gradient_norm: float | None
    is_clipped: bool
    failure: Failure | None


class Observation(NamedTuple):
    """The buffers of a forward and a backward pass, and their gradients.

    ``values``: by buffer, (n, width). ``d_values``: the gradient with respect to each buffer that an op writes and the loss
    depends on, of the same shape. ``gradient``: of the losses, without penalties; None without a backward pass. Losses that the
    caller computed are NaN in it.
    """

    values: dict[int, np.ndarray]
    d_values: dict[int, np.ndarray]
    gradient: Gradient | None


class Probe(NamedTuple):
    """What a probe finds, one entry a layer; float64. See :mod:`lamina.engine.probe`.

    ``mean``, ``std``, ``zero`` (the share that is exactly 0): of the outputs, over rows and units. ``sum_mean``, ``sum_std`` and
    ``histogram`` (layers, bins), shares in the bins of :data:`lamina.engine.probe.EDGES`: of the weighted sums, after
    normalization. ``flat``: the share of sums at which the activation is flat; ``dead``: the share of units at which it is in
    every row.

    ``gradient_rms``, ``gradient_zero``: of the gradient of each row's own (weighted) loss with respect to the sums.
    ``weight_norm``: Euclidean, of the weights (without biases) of the layer that makes the units; ``weight_gradient_norm``,
    ``weight_gradient_rms``, ``weight_gradient_zero``: of the gradient of the mean loss, without penalties, with respect to them;
    NaN for weights that stand still.
    ``distinct``: the number of its units that differ. ``non_finite``: the number of outputs, and of gradients with respect to the
    sums, that are NaN or infinite.
    """

    mean: np.ndarray
    std: np.ndarray
    zero: np.ndarray
    sum_mean: np.ndarray
    sum_std: np.ndarray
    flat: np.ndarray
    dead: np.ndarray
    gradient_rms: np.ndarray
    gradient_zero: np.ndarray
    weight_norm: np.ndarray
    weight_gradient_norm: np.ndarray
    weight_gradient_rms: np.ndarray
    weight_gradient_zero: np.ndarray
    distinct: np.ndarray
    non_finite: np.ndarray
    histogram: np.ndarray


class StepProbes(NamedTuple):
    """What steps showed of the rows that they trained on: a row for each step.

    ``num_rows`` and ``weight_sums`` (s,) float64: the number of rows, and the sum of their sample weights. ``losses`` (s,): the
    mean loss, without penalties. ``found``, arrays (s, layers) and (s, layers, bins), as in a probe, with numbers of the weights
    only in steps whose change is measured. ``flat_units`` (s, units) bool, layer after layer: whether the activation is flat in
    every row.
    """

    num_rows: np.ndarray
    weight_sums: np.ndarray
    losses: np.ndarray
    found: Probe
    flat_units: np.ndarray

    def part(self, which: slice) -> StepProbes:
        """Those of some steps."""
        found = Probe(*(column[which] for column in self.found))
        return StepProbes(self.num_rows[which], self.weight_sums[which], self.losses[which], found, self.flat_units[which])

    def followed_by(self, other: StepProbes) -> StepProbes:
        """With those of further steps."""
        return StepProbes(
            np.append(self.num_rows, other.num_rows),
            np.append(self.weight_sums, other.weight_sums),
            np.append(self.losses, other.losses),
            Probe(*(np.append(ours, theirs, axis=0) for ours, theirs in zip(self.found, other.found, strict=True))),
            np.append(self.flat_units, other.flat_units, axis=0),
        )


@dataclass(slots=True)
class Watch:
    """What a call of several steps measures on its way, and then what it found.

    All three are numbers of steps of the call, int64, ascending: ``rows`` are probed before each of the steps ``probes``; how far
    each of the steps ``updates`` moves the weights is measured; the rows that the steps ``own`` train on are looked at between
    the two halves of these steps.

    ``losses`` (p,) and ``found``, arrays (p, layers) and (p, layers, bins), are what :meth:`Executor.probe` returns, ``seen`` is
    the same of ``own``, with the masks of dropout, and without gradients where no weights lie before a layer; ``changes``
    (u, layers) what :meth:`Executor.weight_change` returns, as far as the steps came to pass: a step that fails is probed and
    looked at, but has no change. All four are written by the call.
    """

    rows: Batches
    probes: np.ndarray
    updates: np.ndarray
    own: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    losses: np.ndarray = field(init=False)
    found: Probe = field(init=False)
    seen: StepProbes = field(init=False)
    changes: np.ndarray = field(init=False)


class Executor(Protocol):
    """Runs a :class:`Program`. For equal inputs, all executors give equal numbers (up to rounding): same masks, same order.

    An executor keeps parameters, state and the optimizer's slots, which all start at 0. Steps count from 0 over the whole run;
    the update rules' t is ``step + 1``. ``rows`` and ``order`` are row numbers of the data, int64.

    A step of training is one call of :meth:`train`, or of its two halves: one or more calls of :meth:`gradient`, then
    :meth:`update`. For a loss that the caller computes, the first half is :meth:`forward` and :meth:`backward`. Both ways give
    the same bits. Between the calls of one step, only :meth:`predict` and :meth:`evaluate` may be called; :meth:`train`,
    :meth:`restore`, :meth:`configure` and :meth:`reprogram` discard an unfinished step.
    """

    program: Program
    dtype: np.dtype

    def configure(self, plan: TrainingPlan) -> None:
        """Set the training plan; slots are reset to 0 if their number changed."""

    def reprogram(self, program: Program) -> None:
        """Go on with a program that differs only in how its parameters are trained, such as which stand still.

        All that is stored stays, and live arrays stay live; an unfinished step is discarded.
        """

    # Stored values

    def snapshot(self) -> Snapshot:
        """Copies of parameters, state and slots; ``restore(*snapshot)`` brings them back."""

    def copy_into(
        self, parameters: np.ndarray | None = None, state: np.ndarray | None = None, slots: np.ndarray | None = None
    ) -> None:
        """Copy parameters, state and slots into existing arrays of the same shapes; None skips one."""

    def restore(
        self, parameters: np.ndarray | None = None, state: np.ndarray | None = None, slots: np.ndarray | None = None
    ) -> None:
        """Set parameters, state and slots to copies of these arrays; None leaves one unchanged.

        Raises
        ------
        ShapeError
            If the shape of an array differs from the executor's; nothing has changed then.
        """

    def views(self) -> tuple[np.ndarray, np.ndarray]:
        """Live arrays of parameters and state, to read and write at any time; the next call uses what was written.

        An executor that stores its numbers elsewhere must synchronize such arrays at the end of each call, once they were
        requested.
        """

    # Steps

    def train(
        self,
        data: Batches,
        order: np.ndarray,
        batch_size: int,
        first_step: int,
        values: StepValues,
        watches: Sequence[Watch] = (),
    ) -> TrainingResult:
        """Train on the rows ``order``, ``batch_size`` at a time (the last batch may be shorter), one step per batch.

        What ``watches`` ask for is measured on the way, and changes nothing.
        """

    def gradient(
        self,
        data: Batches,
        rows: np.ndarray,
        step: int,
        first_row: int = 0,
        weight_sum: float | None = None,
        *,
        dropout_rates: Sequence[float] | np.ndarray | None = None,
        out: np.ndarray | None = None,
    ) -> Gradient:
        """First half of a step: the losses of ``rows`` and their gradient, in training mode; running statistics are updated.

        The result's ``vector`` is ``out`` where that is given: contiguous, (num_parameters,), of the executor's dtype.

        If ``rows`` are a part of a batch, ``first_row`` is the number of rows of the batch before them (dropout uses the masks of
        the batch), and ``weight_sum`` is the batch's sum of sample weights. ``dropout_rates``, one per op that draws masks, in
        program order, replace the ops' own.
        """

    def update(self, gradient: Gradient, step: int, learning_rate: float, weight_decay: float = 0.0) -> Update:
        """Second half of a step: add the gradient of L2 to a batch's, clip it, update the weights, shrink them by L1.

        Of matrices that learn by row, rows whose gradient is all 0 stand still; see :class:`~lamina.engine.program.Parameter`.
        After a failure the state is restored to what it was before the first half. See :class:`~lamina.engine.plan.Failure` for
        weights and slots.
        """

    def forward(
        self,
        inputs: Sequence[InputArray],
        rows: np.ndarray,
        step: int,
        first_row: int = 0,
        *,
        dropout_rates: Sequence[float] | np.ndarray | None = None,
    ) -> list[np.ndarray]:
        """Outputs (n, width) of one batch in training mode; running statistics are updated. See :meth:`gradient`."""

    def backward(self, d_outputs: Sequence[np.ndarray], step: int) -> np.ndarray:
        """The flat gradient, without penalties, from gradients of the outputs of the last :meth:`forward`."""

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
        """Train like :meth:`train`, but by perturbing weights; see :mod:`lamina.engine.perturbation`.

        Of ``values`` only the learning rates are used; seed, clipping and the division of the penalty come from the plan.
        ``objective(outputs, rows) -> float`` is minimized in place of the losses; it gets the outputs of a batch (one array per
        output, which it may keep) and the numbers of its rows. It may use the executor to predict, but must not train with it.

        Losses are measured before each step's change (for antithetic pairs, the mean of the pair), and so are ``objectives``.
        """

    # Without side effects

    def predict(
        self, inputs: Sequence[InputArray], links: Sequence[str] | None = None, *, mixed: bool = False
    ) -> list[np.ndarray]:
        """Outputs for all rows in inference mode: no dropout, running statistics.

        ``links`` are activations without settings, one per output, applied to the logits; None returns the logits. Of an
        ensemble, these are the logits of all members, (n, members * width), and with ``links`` the mean over members, (n, width).

        ``mixed``: products are those of mixed precision (:mod:`lamina.engine.precision`), whatever the plan says of training.

        Raises
        ------
        InvalidSettingError
            If ``mixed`` and the dtype is not float32.
        """

    def evaluate(self, data: Batches) -> np.ndarray:
        """The weighted mean loss of every head (no penalty, head weight not applied) in inference mode, float64 (heads,).

        NaN where logits are not finite, even if the loss of such logits is finite.
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
        """The training objective, penalty included, and its flat gradient, over the rows ``order`` (default: all) as one batch.

        With several heads, their losses are written into ``head_losses`` (heads,) if it is given; see
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

        The backward pass starts from the losses, or from the gradients that ``d_outputs`` returns for the outputs; without
        targets and ``d_outputs`` there is no backward pass. ``dropout_rates``, one per op that draws masks, in program order,
        replace the ops' own.
        """

    def probe(self, data: Batches) -> tuple[float, Probe]:
        """The loss of all rows as one batch, and how each layer fares; see :mod:`lamina.engine.probe`.

        Both passes are those of training mode, without dropout and penalties. Without targets there is no backward pass, and the
        loss is NaN.
        """

    def own_functions(self, code: OwnFunctions) -> OwnFunctions:
        """What an op of the user's own computes here, as functions of NumPy arrays."""

    def weight_change(self, before: np.ndarray) -> np.ndarray:
        """As :func:`lamina.engine.probe.weight_norms`, of the change since the parameters were ``before``."""


class EpochsExecutor(Executor, Protocol):
    """An executor that runs several short epochs in one call, without returning to Python in between."""

    def train_epochs(
        self,
        data: Batches,
        epochs: Epochs,
        batch_size: int,
        first_step: int,
        values: StepValues,
        best: BestEpoch,
        watches: Sequence[Watch] = (),
    ) -> TrainingResult:
        """Equivalent to one call of ``train`` per epoch, with its :func:`~lamina.engine.permutation` under the plan's seed.

        ``values`` has an entry for each step of all epochs. A completed epoch with a lower mean loss than ``best`` leaves its
        weights there.
        """


def runs_epochs(steps: object) -> TypeGuard[EpochsExecutor]:
    """Whether it is an :class:`EpochsExecutor`; ``isinstance`` with a protocol would take longer than a short epoch."""
    return hasattr(steps, "train_epochs")


def check_shape(name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    """Raise a ShapeError if the array has another shape.

    >>> check_shape("state", np.zeros(2), (3,))
    Traceback (most recent call last):
        ...
    lamina.errors.ShapeError: state must be an array of shape (3,), got (2,).
    """
    if getattr(array, "shape", None) != shape:
        raise ShapeError(phrase(name, f"must be an array of shape {shape}", getattr(array, "shape", array)))
