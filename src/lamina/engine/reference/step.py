"""A training step in two halves, on a program's flat vectors: from rows to their gradient, and from a gradient to new weights.

Both the executor and the perturbation of weights use it. What it computes stands in formulas that look at no number
(:class:`~lamina.engine.reference.movement.Movement`); here it is looked at after each part whether all is finite.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from lamina.engine.executor import Gradient, Update
from lamina.engine.formulas.array import Array, array_namespace, in_numpy, wide
from lamina.engine.formulas.clipping import norm
from lamina.engine.plan import Batches, Failure, InputArray, TrainingPlan, UpdateRule
from lamina.engine.program import Program
from lamina.engine.reference.failure import all_finite, find_activation, find_gradient, find_loss, find_statistics, find_update
from lamina.engine.reference.movement import Movement, Pace
from lamina.engine.reference.objective import head_gradients, head_losses, head_scales
from lamina.engine.reference.passes import Mode, Tape, flatten, run_backward, run_forward, unflatten
from lamina.engine.reference.rows import gather, row_weights, stay_sparse, total_weight
from lamina.engine.reference.setting import Setting

__all__ = ["Half", "Step"]

_UNTRAINED = TrainingPlan(UpdateRule("gradient_descent", (), 0))


class Half(NamedTuple):
    """The first half of a step, all on the device: scalars, the mean loss of each head, and the flat gradient of them."""

    means: list[Array]
    vector: Array


@dataclass(slots=True)
class _Begun:
    """An unfinished step: the state before it, and its last forward pass."""

    state_before: Array
    tape: Tape | None = None


class Step:
    """The flat vectors of a program, and the parts of a training step that work on them.

    Parameters
    ----------
    program : Program
    dtype : dtype
    setting : Setting

    Attributes
    ----------
    parameters : array of shape (num_parameters,)
    state : array of shape (num_state,)
    slots : array of shape (num_slots, num_parameters)
    plan : TrainingPlan
    movement : Movement
    number : dict
        dtype and device of all arrays, as keywords.
    wide : dtype
        Of sums: float64 if the device has it.
    """

    def __init__(self, program: Program, dtype: np.dtype, setting: Setting) -> None:
        self.program = program
        self._dtype = dtype
        self.xp = xp = array_namespace(setting.xp.zeros(1))
        self.setting = setting
        self.number = {"dtype": getattr(xp, dtype.name), "device": setting.device}
        self.parameters = xp.zeros(program.num_parameters, **self.number)
        self.state = xp.zeros(program.num_state, **self.number)
        self.slots = xp.zeros((0, program.num_parameters), **self.number)
        self.wide = wide(self.parameters[:0]).dtype
        self.plan = _UNTRAINED
        self.movement = Movement(program, xp, self.number)
        self._begun: _Begun | None = None

    def configure(self, plan: TrainingPlan) -> None:
        """Set the training plan; slots are reset to 0 if their number changed."""
        self.close()
        self.plan = plan
        if self.slots.shape[0] != plan.rule.num_slots:
            self.slots = self.xp.zeros((plan.rule.num_slots, self.program.num_parameters), **self.number)

    def reprogrammed(self, program: Program) -> Step:
        """A step of another program on the same vectors, under the same plan."""
        twin = Step(program, self._dtype, self.setting)
        twin.parameters, twin.state, twin.slots, twin.plan = self.parameters, self.state, self.slots, self.plan
        return twin

    def copy(self, vector: Array) -> Array:
        return self.xp.asarray(vector, copy=True)

    @property
    def learning_rate_factors(self) -> np.ndarray:
        """The factor of each number, float64 (num_parameters,)."""
        factors = self.movement.factors
        return np.ones(self.program.num_parameters) if factors is None else in_numpy(factors).astype(np.float64)

    @property
    def trainable_places(self) -> np.ndarray:
        """The places of the numbers that training changes."""
        return np.flatnonzero(in_numpy(self.movement.trains))

    def mode(
        self,
        *,
        training: bool = True,
        step: Array | int = 0,
        rates: Sequence[Array | float] | None = None,
        first_row: int = 0,
    ) -> Mode:
        """How a pass runs: with the masks of a step, the ``rates`` of its dropout in place of the ops' own, and the plan's
        precision where it trains."""
        return Mode(training, self.plan.seed, step, rates, first_row, self.setting.keep_mask, self.plan.mixed and training)

    def scalars(self, numbers: Sequence[float] | np.ndarray | None) -> list[Array | float] | None:
        """Plain numbers as the formulas get them."""
        return None if numbers is None else [self.setting.scalar(float(number)) for number in numbers]

    # First half

    def open(self) -> None:
        """Keep a copy of the state before the step, unless the step is already open."""
        if self._begun is None:
            self._begun = _Begun(self.copy(self.state))

    def close(self) -> None:
        """End the step."""
        self._begun = None

    def differentiate(
        self, data: Batches, rows: np.ndarray, mode: Mode, whole: float | None = None, kept: dict[int, Array] | None = None
    ) -> tuple[Gradient, Tape]:
        """Losses of ``rows`` and their gradient, divided by ``whole``, the weight of their batch (default: their own).

        ``kept`` as in :func:`run_backward`.
        """
        tape = self.forward(data.inputs, rows, mode)
        return self.gradient(tape, data, rows, whole, kept), tape

    def gradient(self, tape: Tape, data: Batches, rows: np.ndarray, whole: float | None, kept: dict | None = None) -> Gradient:
        """The part of :meth:`differentiate` after the forward pass; ``kept`` as in :func:`run_backward`."""
        heads, own = self.program.heads, total_weight(data, rows)
        total, scalar = own if whole is None else float(whole), self.setting.scalar
        scales = [scalar(scale) for scale in head_scales(self.program, total)]
        half = self.half(tape, self.targets(data, rows), self.weights(data, rows), scalar(total), scales, kept)
        means = [float(mean) if total > 0 else 0.0 for mean in half.means]
        losses = np.array([head.weight * each for head, each in zip(heads, means, strict=True)])
        return Gradient(losses, own, half.vector, np.array(means) if len(heads) > 1 else None)

    def half(
        self,
        tape: Tape,
        targets: Sequence[Array],
        weights: Array | None,
        total: Array | float,
        scales: Sequence[Array | float],
        kept: dict[int, Array] | None = None,
    ) -> Half:
        """Mean losses and their gradient of a forward pass; ``scales`` as from :func:`head_scales`, of ``total``."""
        sums = head_losses(self.program, tape.buffers, targets, weights)
        vector = self.backward(tape, head_gradients(self.program, tape.buffers, targets, weights, scales), kept)
        return Half([each / total for each in sums], vector)

    def forward(self, inputs: Sequence[InputArray], rows: np.ndarray, mode: Mode, *, keep_sparse: bool = True) -> Tape:
        """A forward pass over ``rows``."""
        stay = stay_sparse(self.program, inputs) if keep_sparse else frozenset()
        places = zip(self.program.inputs, inputs, strict=True)
        batch = [gather(source, rows, self.parameters, keep_sparse=b in stay) for b, source in places]
        return self.run(batch, replace(mode, sparse=stay))

    def run(self, batch: Sequence[Array], mode: Mode) -> Tape:
        """A forward pass over rows that are on the device."""
        parameters = unflatten(self.parameters, self.program.parameters, self.xp)
        state = unflatten(self.state, self.program.state, self.xp)
        return run_forward(self.program, batch, parameters, state, mode, self.xp)

    def backward(self, tape: Tape, d_logits: Sequence[tuple[int, Array]], kept: dict[int, Array] | None = None) -> Array:
        """The flat gradient, without penalties, from gradients of buffers."""
        found = run_backward(self.program, tape, d_logits, kept)
        return flatten(found, self.program.parameters, self.parameters, self.xp)

    def targets(self, data: Batches, rows: np.ndarray) -> list[Array]:
        """The targets of ``rows``, one array per head."""
        return [gather(target, rows, self.parameters) for target in data.targets]

    def weights(self, data: Batches, rows: np.ndarray) -> Array | None:
        """The sample weights of ``rows`` on the device, in float64 if that has it."""
        weights = row_weights(data, rows)
        return None if weights is None else self.xp.asarray(weights, dtype=self.wide, device=self.setting.device)

    def keep_state(self, tape: Tape) -> None:
        """Write what the ops observed (running mean and variance) into the state vector."""
        for place, observed in self.observed(tape):
            self.state[place] = observed

    def observed(self, tape: Tape) -> list[tuple[slice, Array]]:
        """What the ops observed, flat, with its places in the state vector."""
        pairs = [pair for call in tape.calls for pair in zip(call.op.state, call.new_state, strict=bool(call.new_state))]
        return [(self.program.state[index].slice, self.xp.reshape(observed, (-1,))) for index, observed in pairs]

    def hold(self, tape: Tape) -> None:
        """Open the step with a pass and keep its running statistics; :meth:`finish` searches the pass for non-finite numbers."""
        self.open()
        assert self._begun is not None
        self._begun.tape = tape
        self.keep_state(tape)

    @property
    def held(self) -> Tape | None:
        """The last pass given to :meth:`hold`."""
        return None if self._begun is None else self._begun.tape

    # Second half

    def finish(self, gradient: Gradient, step: int, learning_rate: float, weight_decay: float) -> Update:
        """Penalties, clipping, update, shrinkage; if a number is not finite, restores the state from before the step."""
        self.open()
        assert self._begun is not None
        given = gradient._replace(vector=self.movement.trainable_only(gradient.vector))
        acts = self.movement.acts(given.vector)
        begun, (loss, vector) = self._begun, self.with_penalties(given, l1_slope=False, acts=acts)
        is_clipped = False
        failure = self._find_failure(begun.tape, gradient, loss, vector, step)
        if failure is None:
            factor = self.penalty_factor(gradient.weight_sum)
            is_clipped, failure = self.update(vector, step, learning_rate, weight_decay, factor, acts)
        if failure is not None:
            self.state[...] = begun.state_before
        self.close()
        return Update(loss, norm(vector) if self.plan.record_norms else None, is_clipped, failure)

    def with_penalties(self, gradient: Gradient, *, l1_slope: bool, acts: Array | None = None) -> tuple[float, Array]:
        """Loss and flat gradient of a batch, penalties included; the slope of L1 only if asked for, as a step shrinks instead.

        ``acts``: where the penalties act; everywhere if None.
        """
        factor = self.setting.scalar(self.penalty_factor(gradient.weight_sum))
        loss = sum(gradient.losses.tolist()) + float(self.movement.penalty(self.parameters, factor, acts))
        return loss, self.movement.penalized(self.parameters, gradient.vector, factor, l1_slope=l1_slope, acts=acts)

    def penalty(self, weight_sum: float) -> float:
        """The penalty term in the loss of a batch."""
        return float(self.movement.penalty(self.parameters, self.setting.scalar(self.penalty_factor(weight_sum))))

    def update(
        self,
        gradient: Array,
        step: int,
        learning_rate: float,
        weight_decay: float,
        l1_factor: float = 0.0,
        acts: Array | None = None,
    ) -> tuple[bool, Failure | None]:
        """Clipping, weight decay, rule, shrinkage, max-norm; whether clipping changed the gradient, and a failure of the update.

        ``l1_factor`` multiplies the strengths of L1; 0 if the gradient has its slope. ``acts``: what the step changes; all that
        is trained if None.
        """
        acts, pace = self.movement.everywhere if acts is None else acts, self.pace(step, learning_rate, weight_decay, l1_factor)
        moved = self.movement.moved(self.parameters, self.slots, gradient, self.plan, pace, acts)
        is_clipped = moved.gradient is not gradient and bool(self.xp.any(moved.gradient != gradient))
        self.parameters[...] = moved.parameters
        for i, slot in enumerate(moved.slots):
            self.slots[i, ...] = slot
        failure = find_update(self.program, moved.parameters, moved.slots, step)
        if failure is None:
            self.parameters[...] = self.movement.settled(moved.parameters, moved.slots, self.plan, pace)
        return is_clipped, failure

    def pace(self, step: int, learning_rate: float, weight_decay: float, l1_factor: float) -> Pace:
        """The numbers of an update, as the formulas get them."""
        scalar = self.setting.scalar
        decay, l1 = (scalar(number) if number else None for number in (weight_decay, l1_factor))
        return Pace(step + 1 if scalar is float else scalar(step + 1), scalar(learning_rate), decay, l1)

    def apply_max_norms(self) -> None:
        """Bound the norms of the weights into each unit."""
        self.parameters[...] = self.movement.within_norms(self.parameters)

    def penalty_factor(self, weight_sum: float) -> float:
        """What multiplies the penalties of a batch whose weights have this sum."""
        if not self.plan.penalty_per_row:
            return 1.0
        return 1.0 / weight_sum if weight_sum > 0 else 0.0

    def _find_failure(self, tape: Tape | None, gradient: Gradient, loss: float, vector: Array, step: int) -> Failure | None:
        found = None
        if math.isfinite(loss) and all_finite(vector):
            return None if tape is None else find_statistics(tape, step)
        if tape is not None:
            found = find_activation(tape, step)
        if math.isfinite(loss):
            return found or find_gradient(self.program, vector, step)
        return found or find_loss(self.program, gradient.losses.tolist(), step)
