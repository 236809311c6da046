"""The reference executor: trains a program as plainly as possible, on any library that follows the array API standard."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lamina.engine.executor import Gradient, Observation, OutputGradients, Probe, Snapshot, Update, Watch, check_shape
from lamina.engine.formulas.activation import activation_forward
from lamina.engine.formulas.array import Array, Namespace, in_numpy
from lamina.engine.own_functions import OwnFunctions
from lamina.engine.plan import Batches, InputArray, StepValues, TrainingPlan, TrainingResult
from lamina.engine.precision import check_mixed
from lamina.engine.probe import probe, weight_norms
from lamina.engine.program import Program
from lamina.engine.reference.failure import all_finite
from lamina.engine.reference.objective import by_head, head_losses
from lamina.engine.reference.passes import Mode
from lamina.engine.reference.rows import chunks, total_weight
from lamina.engine.reference.setting import Setting
from lamina.engine.reference.step import Step
from lamina.engine.reference.watching import Watching

if TYPE_CHECKING:
    from lamina.engine.perturbation import BatchObjective, PerturbationRule

__all__ = ["ReferenceExecutor", "observation_in_numpy"]

_CHUNK_ROWS = 4096  # of a prediction: bounds its memory
# Overflow needs no warning here: it shows up as a non-finite number, which is reported as a Failure.
_quietly = np.errstate(all="ignore")


class ReferenceExecutor:
    """Runs a program by the formulas in ``lamina.engine.formulas``; see :class:`lamina.engine.executor.Executor`.

    Parameters
    ----------
    program : Program
    dtype : {"float32", "float64"}, default "float32"
    xp : module, default numpy
        The array library: NumPy, array_api_strict, torch. Parameters, state, slots and results are its arrays;
        the caller's inputs and targets may still be NumPy arrays (or CSR).
    setting : Setting, optional
        In place of ``xp``: the array library, and where and how it computes.

    Attributes
    ----------
    learner : Step
        The vectors, and what a step does to them.

    Notes
    -----
    A step is forward, loss, backward, gradient of L2, clipping (value, layer, whole), weight decay, update rule, shrinkage by
    L1, max-norm. If its loss, gradient or running statistics are not finite, the step is undone; new weights or slots that
    are not finite have already replaced the old ones, see :class:`~lamina.engine.plan.Failure`. A batch whose sample
    weights sum to 0 has data loss 0 and data gradient 0 (and no penalty, if the plan divides it by that sum); the step is
    taken all the same.

    Examples
    --------
    >>> from lamina.engine.plan import UpdateRule
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
    >>> executor.snapshot().parameters.round(6)
    array([3., 1.])
    """

    program: Program
    dtype: np.dtype

    def __init__(
        self, program: Program, dtype: str | np.dtype = "float32", xp: Namespace = np, *, setting: Setting | None = None
    ) -> None:
        self.program = program
        self.dtype = np.dtype(dtype)
        self.learner = Step(program, self.dtype, setting or Setting(xp))

    def configure(self, plan: TrainingPlan) -> None:
        """Set the training plan; slots are reset to 0 if their number changed."""
        check_mixed(self.dtype, is_mixed=plan.mixed)
        self.learner.configure(plan)

    def reprogram(self, program: Program) -> None:
        """Go on with a program that differs only in how its parameters are trained."""
        self.program = program
        self.learner = self.learner.reprogrammed(program)

    def snapshot(self) -> Snapshot:
        """Copies of parameters, state and slots."""
        step = self.learner
        return Snapshot(step.copy(step.parameters), step.copy(step.state), step.copy(step.slots))

    def copy_into(self, parameters: Array | None = None, state: Array | None = None, slots: Array | None = None) -> None:
        """Copy parameters, state and slots into existing arrays."""
        step = self.learner
        for to, vector in ((parameters, step.parameters), (state, step.state), (slots, step.slots)):
            if to is not None:
                to[...] = vector

    @_quietly
    def restore(self, parameters: Array | None = None, state: Array | None = None, slots: Array | None = None) -> None:
        """Set parameters, state and slots to copies of these arrays."""
        step = self.learner
        own = (("parameters", parameters, step.parameters), ("state", state, step.state), ("slots", slots, step.slots))
        for name, given, vector in own:
            if given is not None:
                check_shape(name, given, tuple(vector.shape))
        for _, given, vector in own:
            if given is not None:
                vector[...] = step.xp.asarray(given, **step.number)
        step.close()

    def views(self) -> tuple[Array, Array]:
        """The arrays of parameters and state that the formulas read."""
        return self.learner.parameters, self.learner.state

    def train(
        self,
        data: Batches,
        order: np.ndarray,
        batch_size: int,
        first_step: int,
        values: StepValues,
        watches: Sequence[Watch] = (),
    ) -> TrainingResult:
        """Train on the rows ``order``, ``batch_size`` at a time; stops before the first step that is not finite."""
        return self.train_watched(data, order, batch_size, first_step, values, Watching(self, watches))

    @_quietly
    def train_watched(
        self, data: Batches, order: np.ndarray, batch_size: int, first_step: int, values: StepValues, watching: Watching
    ) -> TrainingResult:
        """As :meth:`train`, with what watches have seen so far."""
        self.learner.close()
        gradients: list[Gradient] = []
        updates: list[Update] = []
        failure = None
        for k in range(-(-len(order) // batch_size)):
            step = first_step + k
            learning_rate, weight_decay, rates = values.at(k)
            rows = order[k * batch_size : (k + 1) * batch_size]
            watching.before(step)
            d_values: dict[int, Array] | None = {} if watching.looks_within(step) else None
            mode = self.learner.mode(step=step, rates=self.learner.scalars(rates))
            gradient, tape = self.learner.differentiate(data, rows, mode, kept=d_values)
            self.learner.hold(tape)
            if d_values is not None:
                watching.within(step, observation_in_numpy(Observation(dict(tape.buffers), d_values, gradient)), len(rows))
            update = self.learner.finish(gradient, step, learning_rate, weight_decay)
            failure = update.failure
            if failure is not None:
                break
            watching.after(step)
            gradients.append(gradient)
            updates.append(update)
        losses = np.array([update.loss for update in updates])
        norms = np.array([update.gradient_norm for update in updates]) if self.learner.plan.record_norms else None
        told = by_head([each.head_losses.tolist() for each in gradients if each.head_losses is not None], self.program)
        return TrainingResult(losses, norms, sum(update.is_clipped for update in updates), failure, head_losses=told)

    @_quietly
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
        """First half of a step: losses of ``rows`` and their gradient; running statistics are updated."""
        mode = self.learner.mode(step=step, rates=self.learner.scalars(dropout_rates), first_row=first_row)
        gradient, tape = self.learner.differentiate(data, rows, mode, weight_sum)
        self.learner.hold(tape)
        if out is None:
            return gradient
        out[:] = gradient.vector
        return gradient._replace(vector=out)

    @_quietly
    def update(self, gradient: Gradient, step: int, learning_rate: float, weight_decay: float = 0.0) -> Update:
        """Second half of a step: penalties, clipping, update, shrinkage."""
        check_shape("gradient.vector", gradient.vector, tuple(self.learner.parameters.shape))
        check_shape("gradient.losses", gradient.losses, (len(self.program.heads),))
        # a NumPy float64 scalar would turn float32 arrays into float64
        return self.learner.finish(gradient, step, float(learning_rate), float(weight_decay))

    @_quietly
    def forward(
        self,
        inputs: Sequence[InputArray],
        rows: np.ndarray,
        step: int,
        first_row: int = 0,
        *,
        dropout_rates: Sequence[float] | np.ndarray | None = None,
    ) -> list[Array]:
        """Outputs of one batch in training mode; running statistics are updated."""
        mode = self.learner.mode(step=step, rates=self.learner.scalars(dropout_rates), first_row=first_row)
        tape = self.learner.forward(inputs, rows, mode)
        self.learner.hold(tape)
        return [tape.buffers[b] for b in self.program.outputs]

    @_quietly
    def backward(self, d_outputs: Sequence[Array], step: int) -> Array:
        """The flat gradient from gradients of the outputs of the last :meth:`forward`."""
        if self.learner.held is None:
            raise RuntimeError("backward: call forward first, once per step.")
        return self.learner.backward(self.learner.held, self._at_outputs(d_outputs))

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
        """Train by perturbing weights; every trial is a full forward pass."""
        from lamina.engine.reference.perturbation import perturb  # most trainings follow gradients

        return perturb(self.learner, data, order, batch_size, first_step, values, rule, objective)

    @_quietly
    def predict(self, inputs: Sequence[InputArray], links: Sequence[str] | None = None, *, mixed: bool = False) -> list[Array]:
        """Outputs for all rows in inference mode: logits, or the activations ``links`` of them, averaged over members."""
        check_mixed(self.dtype, is_mixed=mixed)
        mode, parts = replace(self.learner.mode(training=False), mixed=mixed), []
        for rows in chunks(inputs[0].shape[0], _CHUNK_ROWS):
            tape = self.learner.forward(inputs, rows, mode)
            logits = [tape.buffers[b] for b in self.program.outputs]
            parts.append(logits if links is None else [self._linked(z, link) for z, link in zip(logits, links, strict=True)])
        return [self.learner.xp.concat(list(output), axis=0) for output in zip(*parts, strict=True)]

    @_quietly
    def evaluate(self, data: Batches) -> np.ndarray:
        """The weighted mean loss of every head in inference mode, float64 (heads,); 0 if the weights sum to 0.

        NaN where logits are not finite.
        """
        sums = np.zeros(len(self.program.heads))
        for rows in chunks(data.num_rows, _CHUNK_ROWS):
            tape = self.learner.forward(data.inputs, rows, self.learner.mode(training=False))
            weights = self.learner.weights(data, rows)
            sums += [float(each) for each in head_losses(self.program, tape.buffers, self.learner.targets(data, rows), weights)]
            # The hinge loss of infinite logits can be 0, which would look good.
            sums[[not all_finite(tape.buffers[head.logits]) for head in self.program.heads]] = np.nan
        total = total_weight(data, np.arange(data.num_rows))
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
        """The training objective and its flat gradient, over ``order`` as one batch; nothing changes."""
        rows = np.arange(data.num_rows, dtype=np.int64) if order is None else order
        found, _ = self.learner.differentiate(data, rows, self.learner.mode(training=training, step=step))
        if head_losses is not None and found.head_losses is not None:
            head_losses[:] = found.head_losses
        return self.learner.with_penalties(found, l1_slope=True)

    @_quietly
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
        """Every buffer of both passes, and the gradient with respect to it; nothing changes."""
        rows = np.arange(data.num_rows, dtype=np.int64) if rows is None else rows
        mode = self.learner.mode(training=training, step=step, rates=self.learner.scalars(dropout_rates))
        return self._observe(data, rows, mode, d_outputs)

    def _observe(self, data: Batches, rows: np.ndarray, mode: Mode, d_outputs: OutputGradients | None = None) -> Observation:
        tape = self.learner.forward(data.inputs, rows, mode, keep_sparse=False)
        d_values: dict[int, Array] = {}
        gradient = None
        if d_outputs is not None:
            d_logits = self._at_outputs(d_outputs([tape.buffers[b] for b in self.program.outputs]))
            vector = self.learner.backward(tape, d_logits, d_values)
            gradient = Gradient(np.full(len(self.program.heads), np.nan), total_weight(data, rows), vector)
        elif data.targets:
            gradient = self.learner.gradient(tape, data, rows, None, d_values)
        return Observation(dict(tape.buffers), d_values, gradient)

    @_quietly
    def probe(self, data: Batches) -> tuple[float, Probe]:
        """The loss of all rows as one batch, and how each layer fares; in full precision, like all that is measured."""
        rows = np.arange(data.num_rows, dtype=np.int64)
        mode = replace(self.learner.mode(rates=self.learner.scalars([0.0] * len(self.program.mask_rates))), mixed=False)
        seen = self._observe(data, rows, mode)
        loss = math.nan if seen.gradient is None else float(seen.gradient.losses.sum())
        weights = in_numpy(self.learner.parameters)
        return loss, probe(self.program, weights, observation_in_numpy(seen), total_weight(data, rows))

    def own_functions(self, code: OwnFunctions) -> OwnFunctions:
        """What an op of the user's own computes here, as functions of NumPy arrays."""
        return code

    def weight_change(self, before: np.ndarray) -> np.ndarray:
        """The norm of the change of each layer's weights."""
        return weight_norms(self.program, in_numpy(self.learner.parameters), before)

    def _linked(self, logits: Array, link: str) -> Array:
        """The mean over members of their logits' activations."""
        xp, members = self.learner.xp, self.program.members
        if members == 1:
            return activation_forward(logits, link)
        linked = activation_forward(xp.reshape(logits, (logits.shape[0] * members, logits.shape[1] // members)), link)
        return xp.mean(xp.reshape(linked, (logits.shape[0], members, linked.shape[1])), axis=1)

    def _at_outputs(self, d_outputs: Sequence[Array]) -> list[tuple[int, Array]]:
        d_logits = [self.learner.xp.asarray(d, **self.learner.number) for d in d_outputs]
        return list(zip(self.program.outputs, d_logits, strict=True))


def observation_in_numpy(seen: Observation) -> Observation:
    """An observation whose arrays are NumPy's."""
    values, d_values = ({b: in_numpy(array) for b, array in arrays.items()} for arrays in (seen.values, seen.d_values))
    gradient = None if seen.gradient is None else seen.gradient._replace(vector=in_numpy(seen.gradient.vector))
    return Observation(values, d_values, gradient)
