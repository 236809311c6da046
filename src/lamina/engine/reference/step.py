"""A training step in two halves, on a program's flat vectors: from rows to their gradient, and from a gradient to new weights.

Both the executor and the perturbation of weights use it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina.engine.executor import Gradient, Update
from lamina.engine.formulas.array import Array, Namespace, array_namespace
from lamina.engine.formulas.clipping import clip, norm
from lamina.engine.formulas.penalty import max_norm, penalty, penalty_gradient
from lamina.engine.formulas.shrinkage import STEP_SIZES, shrink, with_l1
from lamina.engine.formulas.update import RULES, decay
from lamina.engine.plan import Batches, Failure, InputArray, TrainingPlan, UpdateRule
from lamina.engine.program import Program
from lamina.engine.reference.failure import all_finite, find_activation, find_gradient, find_loss, find_statistics, find_update
from lamina.engine.reference.objective import head_gradients, head_losses
from lamina.engine.reference.passes import Mode, Tape, flatten, run_backward, run_forward, unflatten
from lamina.engine.reference.rows import gather

__all__ = ["Step", "row_weights", "total_weight"]

_UNTRAINED = TrainingPlan(UpdateRule("gradient_descent", (), 0))


@dataclass(slots=True)
class _Begun:
    """An unfinished step: the state before it, and its last forward pass."""

    state_before: Array
    tape: Tape | None = None


class Step:
    """The flat vectors of a program, and the parts of a training step that work on them.

    Parameters
    ----------
    program, dtype, xp, device
        As in :class:`~lamina.engine.reference.executor.ReferenceExecutor`.

    Attributes
    ----------
    parameters : array of shape (num_parameters,)
    state : array of shape (num_state,)
    slots : array of shape (num_slots, num_parameters)
    plan : TrainingPlan
    number : dict
        dtype and device of all arrays, as keywords.
    """

    def __init__(self, program: Program, dtype: np.dtype, xp: Namespace, device: object) -> None:
        self.program = program
        self._dtype = dtype
        self.xp = xp = array_namespace(xp.zeros(1))
        self.number = {"dtype": getattr(xp, dtype.name), "device": device}
        self.parameters = xp.zeros(program.num_parameters, **self.number)
        self.state = xp.zeros(program.num_state, **self.number)
        self.slots = xp.zeros((0, program.num_parameters), **self.number)
        self.plan = _UNTRAINED
        self._begun: _Begun | None = None
        self._l1 = self._spread([p.l1 for p in program.parameters])
        self._l2 = self._spread([p.l2 for p in program.parameters])
        self._decays = self._spread([float(p.decay) for p in program.parameters])
        self._has_l1 = any(p.l1 for p in program.parameters)
        self._penalized = self._has_l1 or any(p.l2 for p in program.parameters)
        factors = [p.learning_rate_factor for p in program.parameters]
        self._factors = self._spread(factors) if set(factors) - {1.0} else None
        self._trains = self._spread([float(p.trainable) for p in program.parameters]) > 0
        self._by_row = [p for p in program.parameters if p.by_row and p.trainable]
        names = dict.fromkeys(p.layer for p in program.parameters)
        self._layers = [[p.slice for p in program.parameters if p.layer == name] for name in names]
        # Rows of a CSR input stay sparse if only dense layers read them
        self._sparse = {
            b
            for b in program.inputs
            if all(op.kind == "dense" and op.copies == 1 for op in program.ops if b in op.inputs)
            and b not in (*program.outputs, *(h.logits for h in program.heads))
        }

    def configure(self, plan: TrainingPlan) -> None:
        """Set the training plan; slots are reset to 0 if their number changed."""
        self.close()
        self.plan = plan
        if self.slots.shape[0] != plan.rule.num_slots:
            self.slots = self.xp.zeros((plan.rule.num_slots, self.program.num_parameters), **self.number)

    def reprogrammed(self, program: Program) -> Step:
        """A step of another program on the same vectors, under the same plan."""
        twin = Step(program, self._dtype, self.xp, self.number["device"])
        twin.parameters, twin.state, twin.slots, twin.plan = self.parameters, self.state, self.slots, self.plan
        return twin

    def copy(self, vector: Array) -> Array:
        return self.xp.asarray(vector, copy=True)

    @property
    def learning_rate_factors(self) -> np.ndarray:
        """The factor of each number, float64 (num_parameters,)."""
        return np.ones(self.program.num_parameters) if self._factors is None else np.asarray(self._factors, dtype=np.float64)

    @property
    def trainable_places(self) -> np.ndarray:
        """The places of the numbers that training changes."""
        return np.flatnonzero(np.asarray(self._trains))

    def trainable_only(self, vector: Array) -> Array:
        """The vector, with 0 for what stands still."""
        return self.xp.where(self._trains, vector, self.xp.zeros_like(vector))

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
        heads, weights, own = self.program.heads, row_weights(data, rows), total_weight(data, rows)
        total = own if whole is None else float(whole)
        targets = self.targets(data, rows)
        means = [loss / total if total > 0 else 0.0 for loss in head_losses(self.program, tape.buffers, targets, weights)]
        vector = self.backward(tape, head_gradients(self.program, tape.buffers, targets, weights, total), kept)
        losses = np.array([head.weight * each for head, each in zip(heads, means, strict=True)])
        return Gradient(losses, own, vector, np.array(means) if len(heads) > 1 else None)

    def forward(self, inputs: Sequence[InputArray], rows: np.ndarray, mode: Mode, *, keep_sparse: bool = True) -> Tape:
        """A forward pass over ``rows``."""
        places = zip(self.program.inputs, inputs, strict=True)
        batch = [gather(source, rows, self.parameters, keep_sparse=keep_sparse and b in self._sparse) for b, source in places]
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

    def keep_state(self, tape: Tape) -> None:
        """Write what the ops observed (running mean and variance) into the state vector."""
        for call in tape.calls:
            for index, observed in zip(call.op.state, call.new_state, strict=bool(call.new_state)):
                self.state[self.program.state[index].slice] = self.xp.reshape(observed, (-1,))

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
        given = gradient._replace(vector=self.trainable_only(gradient.vector))
        acts = self._acts(given.vector)
        begun, (loss, vector) = self._begun, self.with_penalties(given, l1_slope=False, acts=acts)
        is_clipped = False
        failure = self._find_failure(begun.tape, gradient, loss, vector, step)
        if failure is None:
            factor = self._penalty_factor(gradient.weight_sum)
            is_clipped, failure = self.update(vector, step, learning_rate, weight_decay, factor, acts)
        if failure is not None:
            self.state[...] = begun.state_before
        self.close()
        return Update(loss, norm(vector) if self.plan.record_norms else None, is_clipped, failure)

    def _acts(self, gradient: Array) -> Array:
        """Where a step with this gradient of the losses acts: on what is trained; of a matrix by row, on its rows with one."""
        acts = self._trains
        if not self._by_row:
            return acts
        acts = self.copy(acts)
        for p in self._by_row:
            rows = self.xp.reshape(gradient[p.slice], p.shape)
            touched = self.xp.any(rows != 0, axis=1, keepdims=True)
            acts[p.slice] = self.xp.reshape(self.xp.broadcast_to(touched, p.shape), (-1,))
        return acts

    def with_penalties(self, gradient: Gradient, *, l1_slope: bool, acts: Array | None = None) -> tuple[float, Array]:
        """Loss and flat gradient of a batch, penalties included; the slope of L1 only if asked for, as a step shrinks instead.

        ``acts``: where the penalties act; everywhere if None.
        """
        loss, vector = sum(gradient.losses.tolist()), gradient.vector
        if self._penalized:
            loss += self.penalty(gradient.weight_sum, acts)
            factor = self._penalty_factor(gradient.weight_sum)
            l1, l2 = self._l1 if l1_slope else 0.0, self._where(acts, self._l2)
            vector = vector + factor * penalty_gradient(self.parameters, l1, l2)
        return loss, vector

    def penalty(self, weight_sum: float, acts: Array | None = None) -> float:
        """The penalty term in the loss of a batch; ``acts`` as in :meth:`with_penalties`."""
        l1, l2 = self._where(acts, self._l1), self._where(acts, self._l2)
        return self._penalty_factor(weight_sum) * penalty(self.parameters, l1, l2)

    def _where(self, acts: Array | None, strengths: Array) -> Array:
        return strengths if acts is None else self.xp.where(acts, strengths, self.xp.zeros_like(strengths))

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
        acts = self._trains if acts is None else acts
        rate = learning_rate if self._factors is None else learning_rate * self._factors
        rule, l1 = self.plan.rule, l1_factor * self._l1 if self._has_l1 and l1_factor else None
        numbers = rule.coefficients if l1 is None else with_l1(rule.kind, rule.coefficients, l1)
        gradient, is_clipped = clip(gradient, self.plan.clipping, self._layers, acts)
        w = decay(self.parameters, self._decays, rate, weight_decay) if weight_decay else self.parameters
        slots = tuple(self.slots[i, :] for i in range(rule.num_slots))
        w, slots = RULES[rule.kind](w, gradient, slots, step + 1, rate, *numbers)
        w = self.xp.where(acts, w, self.parameters)
        slots = tuple(self.xp.where(acts, slot, self.slots[i, :]) for i, slot in enumerate(slots))
        self.parameters[...] = w
        for i, slot in enumerate(slots):
            self.slots[i, ...] = slot
        failure = find_update(self.program, w, slots, step)
        if failure is None:
            if l1 is not None:
                shrunk = shrink(w, l1 * STEP_SIZES[rule.kind](slots, step + 1, rate, *numbers))
                self.parameters[...] = self.xp.where(l1 > 0, shrunk, w)
            self.apply_max_norms()
        return is_clipped, failure

    def apply_max_norms(self) -> None:
        """Bound the norms of the weights into each unit."""
        for p in self.program.parameters:
            if p.max_norm > 0:
                weight = self.xp.reshape(self.parameters[p.slice], p.shape)
                self.parameters[p.slice] = self.xp.reshape(max_norm(weight, p.max_norm), (-1,))

    def _penalty_factor(self, weight_sum: float) -> float:
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

    def _spread(self, numbers: Sequence[float]) -> Array:
        """One number per parameter tensor, repeated over its slice of the flat vector."""
        vector = np.zeros(self.program.num_parameters)
        for part, number in zip(self.program.parameters, numbers, strict=True):
            vector[part.slice] = number
        return self.xp.asarray(vector, **self.number)


def row_weights(data: Batches, rows: np.ndarray) -> np.ndarray | None:
    """The sample weights of ``rows``, float64; None if none are given, which means 1."""
    return None if data.sample_weight is None else np.asarray(data.sample_weight, dtype=np.float64)[rows]


def total_weight(data: Batches, rows: np.ndarray) -> float:
    """The sum of the sample weights of ``rows``."""
    weights = row_weights(data, rows)
    return float(len(rows)) if weights is None else float(np.sum(weights))
