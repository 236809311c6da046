"""The reference executor: a program trained in the plainest way, on any library of the array API standard."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina.engine.executor import live_array
from lamina.engine.formulas.activation import activation_forward
from lamina.engine.formulas.array import Array, Namespace, array_namespace
from lamina.engine.formulas.clipping import clip, norm
from lamina.engine.formulas.penalty import max_norm, penalty, penalty_gradient
from lamina.engine.formulas.update import RULES, decay
from lamina.engine.plan import Batches, Failure, InputArray, StepValues, TrainingPlan, TrainingResult, UpdateRule
from lamina.engine.program import Program
from lamina.engine.reference.failure import all_finite, find_activation, find_gradient, find_loss, find_statistics, find_update
from lamina.engine.reference.objective import by_head, head_gradients, head_losses
from lamina.engine.reference.passes import Mode, Tape, flatten, run_backward, run_forward, unflatten
from lamina.engine.reference.rows import chunks, gather

__all__ = ["ReferenceExecutor"]

_CHUNK_ROWS = 4096  # of a prediction: bounds its memory
_UNTRAINED = TrainingPlan(UpdateRule("gradient_descent", (), 0))
# An overflow is no warning here: it shows as a number that is not finite, which is looked for and reported as a Failure.
_quietly = np.errstate(all="ignore")


@dataclass(frozen=True, slots=True)
class _Differentiated:
    """A batch after forward, loss and backward pass. ``loss`` and ``gradient`` (flat) include the penalty."""

    tape: Tape
    head_losses: list[float]
    loss: float
    gradient: Array


class ReferenceExecutor:
    """Runs a program by the formulas of this package; keeps the contract of :class:`lamina.engine.executor.Executor`.

    Parameters
    ----------
    program : Program
    dtype : {"float32", "float64"}, default "float32"
    xp : module, default numpy
        The array library: NumPy, array_api_strict, torch. ``parameters``, ``state``, ``slots`` and all results are its arrays;
        the caller's inputs and targets may be NumPy's (or CSR) all the same.
    device : object, default None
        Where the arrays live, in the words of ``xp``; None is its default.

    Attributes
    ----------
    parameters : array of shape (num_parameters,)
    state : array of shape (num_state,)
    slots : array of shape (num_slots, num_parameters)
        All three start at 0 and are live: what is written into them changes the model.

    Notes
    -----
    A step is forward, loss, backward, penalty gradient, clipping (value, layer, whole), weight decay, update rule, max-norm. If
    its loss, gradient or running statistics are not finite, nothing of it is kept; new weights or slots that are not finite have
    replaced the old ones, see :class:`~lamina.engine.plan.Failure`. A batch whose sample weights sum to 0
    has data loss 0 and data gradient 0 (and no penalty, where the plan divides it by that sum); the step is taken all the same.

    Examples
    --------
    >>> from lamina.engine.program import Head, Op, Parameter
    >>> program = Program(
    ...     widths=(1, 1), inputs=(0,), outputs=(1,), ops=(Op("dense", "line", (0,), 1, (0, 1)),),
    ...     parameters=(Parameter("weight", "line", 0, (1, 1)), Parameter("bias", "line", 1, (1,))),
    ...     heads=(Head("squared_error", 1, 1),),
    ... )
    >>> executor = ReferenceExecutor(program, "float64")
    >>> executor.configure(TrainingPlan(UpdateRule("gradient_descent", (), 0)))
    >>> x = np.array([[0.0], [1.0]])
    >>> rates = StepValues(np.full(500, 0.5))
    >>> result = executor.train(Batches([x], [3.0 * x + 1.0]), np.tile([0, 1], 500), 2, 0, rates)
    >>> executor.parameters.round(6)
    array([3., 1.])
    """

    program: Program
    dtype: np.dtype
    parameters: Array = live_array("_parameters")
    state: Array = live_array("_state")
    slots: Array = live_array("_slots")

    def __init__(self, program: Program, dtype: str | np.dtype = "float32", xp: Namespace = np, device: object = None) -> None:
        self.program = program
        self.dtype = np.dtype(dtype)
        self._xp = xp = array_namespace(xp.zeros(1))
        self._number = {"dtype": getattr(xp, self.dtype.name), "device": device}
        self._parameters = xp.zeros(program.num_parameters, **self._number)
        self._state = xp.zeros(program.num_state, **self._number)
        self._slots = xp.zeros((0, program.num_parameters), **self._number)
        self._plan = _UNTRAINED
        self._tape: Tape | None = None
        self._state_before = self.state
        self._l1 = self._spread([p.l1 for p in program.parameters])
        self._l2 = self._spread([p.l2 for p in program.parameters])
        self._decays = self._spread([float(p.decay) for p in program.parameters])
        self._penalized = any(p.l1 or p.l2 for p in program.parameters)
        names = dict.fromkeys(p.layer for p in program.parameters)
        self._layers = [[p.slice for p in program.parameters if p.layer == name] for name in names]
        # Rows of a CSR input stay sparse where dense layers alone read them
        self._sparse = {
            b
            for b in program.inputs
            if all(op.kind == "dense" for op in program.ops if b in op.inputs)
            and b not in (*program.outputs, *(h.logits for h in program.heads))
        }

    def configure(self, plan: TrainingPlan) -> None:
        """Set how to train; slots are made anew, at 0, if their number changed."""
        self._plan = plan
        if self.slots.shape[0] != plan.rule.num_slots:
            self._slots = self._xp.zeros((plan.rule.num_slots, self.program.num_parameters), **self._number)

    @_quietly
    def train(self, data: Batches, order: np.ndarray, batch_size: int, first_step: int, values: StepValues) -> TrainingResult:
        """Train on the rows ``order``, ``batch_size`` at a time; stops before the first step that is not finite."""
        losses: list[float] = []
        norms: list[float] = []
        of_heads: list[list[float]] = []
        num_clipped = 0
        failure = None
        for k in range(-(-len(order) // batch_size)):
            step = first_step + k
            rates = None if values.dropout_rates is None else values.dropout_rates[k]
            rows = order[k * batch_size : (k + 1) * batch_size]
            batch = self._differentiate(data, rows, Mode(True, self._plan.seed, step, rates))
            failure = self._find_failure(batch, step)
            if failure is not None:
                break
            weight_decay = 0.0 if values.weight_decays is None else float(values.weight_decays[k])
            clipped, failure = self._update(batch.gradient, step, float(values.learning_rates[k]), weight_decay)
            if failure is not None:
                break
            num_clipped += clipped
            self._keep_state(batch.tape)
            losses.append(batch.loss)
            of_heads.append(batch.head_losses)
            if self._plan.record_norms:
                norms.append(norm(batch.gradient))
        recorded = np.array(norms) if self._plan.record_norms else None
        told = by_head(of_heads, self.program)
        return TrainingResult(np.array(losses), recorded, num_clipped, failure, head_losses=told)

    @_quietly
    def predict(self, inputs: Sequence[InputArray], links: Sequence[str] | None = None) -> list[Array]:
        """Outputs for all rows in inference mode: logits, or what the activations ``links`` make of them."""
        parts = []
        ends = list(zip(self.program.outputs, links or ["identity"] * len(self.program.outputs), strict=True))
        for rows in chunks(inputs[0].shape[0], _CHUNK_ROWS):
            tape = self._forward(inputs, rows, Mode(training=False))
            parts.append([activation_forward(tape.buffers[b], link) for b, link in ends])
        return [self._xp.concat(list(output), axis=0) for output in zip(*parts, strict=True)]

    @_quietly
    def evaluate(self, data: Batches) -> np.ndarray:
        """The weighted mean loss of every head in inference mode, float64 (heads,); 0 if the weights sum to 0.

        NaN where logits are not finite.
        """
        sums = np.zeros(len(self.program.heads))
        for rows in chunks(data.num_rows, _CHUNK_ROWS):
            tape = self._forward(data.inputs, rows, Mode(training=False))
            sums += head_losses(self.program.heads, tape.buffers, self._targets(data, rows), _weights(data, rows))
            # A hinge loss of infinite logits is 0, and would pass for a good one.
            sums[[not all_finite(tape.buffers[head.logits]) for head in self.program.heads]] = np.nan
        total = _total_weight(data, np.arange(data.num_rows))
        return sums / total if total > 0 else np.zeros_like(sums)

    @_quietly
    def loss_and_gradient(
        self,
        data: Batches,
        *,
        order: np.ndarray | None = None,
        training: bool = True,
        step: int = 0,
        head_losses: np.ndarray | None = None,
    ) -> tuple[float, Array]:
        """Total loss and flat gradient, penalty included, over ``order`` as one batch; nothing changes."""
        rows = np.arange(data.num_rows, dtype=np.int64) if order is None else order
        batch = self._differentiate(data, rows, Mode(training, self._plan.seed, step))
        if head_losses is not None and len(batch.head_losses) > 1:
            head_losses[:] = batch.head_losses
        return batch.loss, batch.gradient

    @_quietly
    def forward(self, inputs: Sequence[InputArray], order: np.ndarray, step: int) -> list[Array]:
        """Outputs of one batch in training mode; running statistics are updated."""
        self._tape = self._forward(inputs, order, Mode(True, self._plan.seed, step))
        self._state_before = self.state + 0
        self._keep_state(self._tape)
        return [self._tape.buffers[b] for b in self.program.outputs]

    @_quietly
    def backward_and_update(
        self, d_outputs: Sequence[Array], step: int, learning_rate: float, weight_decay: float = 0.0, rows: float = 1.0
    ) -> Failure | None:
        """Back-propagate the outputs' gradients through the batch of the last :meth:`forward`, then update."""
        if self._tape is None:
            raise RuntimeError("backward_and_update: forward must be called first, once a step.")
        tape, self._tape = self._tape, None
        d_logits = [self._xp.asarray(d, **self._number) for d in d_outputs]
        gradient = self._backward(tape, list(zip(self.program.outputs, d_logits, strict=True)), rows)
        failure: Failure | None
        if not all_finite(gradient):
            failure = find_activation(tape, step) or find_gradient(self.program, gradient, step)
        else:
            failure = find_statistics(tape, step) or self._update(gradient, step, learning_rate, weight_decay)[1]
        if failure is not None:
            self.state[...] = self._state_before
        return failure

    def _differentiate(self, data: Batches, rows: np.ndarray, mode: Mode) -> _Differentiated:
        """Forward, loss, backward and penalty over one batch."""
        heads, weights, total = self.program.heads, _weights(data, rows), _total_weight(data, rows)
        tape = self._forward(data.inputs, rows, mode)
        targets = self._targets(data, rows)
        losses = [loss / total if total > 0 else 0.0 for loss in head_losses(heads, tape.buffers, targets, weights)]
        gradient = self._backward(tape, head_gradients(heads, tape.buffers, targets, weights, total), total)
        loss = sum(head.weight * each for head, each in zip(heads, losses, strict=True))
        if self._penalized:
            loss += self._penalty_factor(total) * penalty(self.parameters, self._l1, self._l2)
        return _Differentiated(tape, losses, loss, gradient)

    def _forward(self, inputs: Sequence[InputArray], rows: np.ndarray, mode: Mode) -> Tape:
        places = zip(self.program.inputs, inputs, strict=True)
        batch = [gather(source, rows, self.parameters, keep_sparse=b in self._sparse) for b, source in places]
        parameters = unflatten(self.parameters, self.program.parameters, self._xp)
        state = unflatten(self.state, self.program.state, self._xp)
        return run_forward(self.program, batch, parameters, state, mode, self._xp)

    def _backward(self, tape: Tape, d_logits: Sequence[tuple[int, Array]], total_weight: float) -> Array:
        """The flat gradient, penalty included."""
        gradient = flatten(run_backward(tape, d_logits), self.program.parameters, self.parameters, self._xp)
        if self._penalized:
            gradient = gradient + self._penalty_factor(total_weight) * penalty_gradient(self.parameters, self._l1, self._l2)
        return gradient

    def _penalty_factor(self, total_weight: float) -> float:
        if not self._plan.penalty_per_row:
            return 1.0
        return 1.0 / total_weight if total_weight > 0 else 0.0

    def _find_failure(self, batch: _Differentiated, step: int) -> Failure | None:
        if math.isfinite(batch.loss):
            if all_finite(batch.gradient):
                return find_statistics(batch.tape, step)
            return find_activation(batch.tape, step) or find_gradient(self.program, batch.gradient, step)
        return find_activation(batch.tape, step) or find_loss(self.program, batch.head_losses, step)

    def _update(self, gradient: Array, step: int, learning_rate: float, weight_decay: float) -> tuple[bool, Failure | None]:
        """Clipping, weight decay, rule, max-norm. Whether clipping changed the gradient, and what the rule made infinite."""
        rule = self._plan.rule
        gradient, was_clipped = clip(gradient, self._plan.clipping, self._layers)
        w = decay(self.parameters, self._decays, learning_rate, weight_decay) if weight_decay else self.parameters
        slots = tuple(self.slots[i, :] for i in range(rule.num_slots))
        w, slots = RULES[rule.kind](w, gradient, slots, step + 1, learning_rate, *rule.coefficients)
        self.parameters[...] = w
        for i, slot in enumerate(slots):
            self.slots[i, ...] = slot
        failure = find_update(self.program, w, slots, step)
        if failure is None:
            self._apply_max_norms()
        return was_clipped, failure

    def _apply_max_norms(self) -> None:
        for p in self.program.parameters:
            if p.max_norm > 0:
                weight = self._xp.reshape(self.parameters[p.slice], p.shape)
                self.parameters[p.slice] = self._xp.reshape(max_norm(weight, p.max_norm), (-1,))

    def _keep_state(self, tape: Tape) -> None:
        """Write what the ops observed (running mean and variance) into the state vector."""
        for call in tape.calls:
            for index, observed in zip(call.op.state, call.new_state, strict=bool(call.new_state)):
                self.state[self.program.state[index].slice] = self._xp.reshape(observed, (-1,))

    def _targets(self, data: Batches, rows: np.ndarray) -> list[Array]:
        return [gather(target, rows, self.parameters) for target in data.targets]

    def _spread(self, numbers: Sequence[float]) -> Array:
        """A number a parameter tensor, repeated over its slice of the flat vector."""
        vector = np.zeros(self.program.num_parameters)
        for part, number in zip(self.program.parameters, numbers, strict=True):
            vector[part.slice] = number
        return self._xp.asarray(vector, **self._number)


def _weights(data: Batches, rows: np.ndarray) -> np.ndarray | None:
    return None if data.sample_weight is None else np.asarray(data.sample_weight, dtype=np.float64)[rows]


def _total_weight(data: Batches, rows: np.ndarray) -> float:
    weights = _weights(data, rows)
    return float(len(rows)) if weights is None else float(np.sum(weights))
