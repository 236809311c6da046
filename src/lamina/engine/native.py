"""The native executor: the compiled engine with the interface of :class:`lamina.engine.executor.Executor`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lamina.engine import threads
from lamina.engine.blas import SingleThreadedBlas, scipy_blas
from lamina.engine.executor import Gradient, Observation, OutputGradients, Probe, Snapshot, Update, Watch, check_shape
from lamina.engine.extension import _native
from lamina.engine.layer_buffers import unit_layers, unit_widths
from lamina.engine.native_data import DataReader
from lamina.engine.native_probes import INNER_EDGES, NUM_NUMBERS, ProbedLayer, WatchRecords, probe_of
from lamina.engine.order import as_order
from lamina.engine.own_functions import OwnFunctions
from lamina.engine.plan import (
    Batches,
    BestEpoch,
    Epochs,
    Failure,
    InputArray,
    StepValues,
    TrainingPlan,
    TrainingResult,
    UpdateRule,
)
from lamina.engine.precision import check_mixed
from lamina.engine.probe import flat_below, weights_of
from lamina.engine.program import Program
from lamina.errors import InvalidSettingError, ShapeError, phrase

if TYPE_CHECKING:
    from lamina.engine.perturbation import BatchObjective, PerturbationRule

__all__ = ["NativeExecutor"]

_CACHE_LINE = 64
threads.serve_limits(_native)
_UNTRAINED = TrainingPlan(UpdateRule("gradient_descent", (), 0))
_ENGINES = {np.dtype(np.float32): _native.ExecutorF32, np.dtype(np.float64): _native.ExecutorF64}


@contextmanager
def _known_in_cpp() -> Iterator[None]:
    """Add a hint to the error for an op, head or rule that exists only in Python."""
    try:
        yield
    except ValueError as error:
        if "does not know" not in str(error):
            raise
        raise InvalidSettingError(f'{error}. It has no C++ implementation: use engine="reference".') from error


class NativeExecutor:
    """Runs a program in compiled code, a whole epoch in one call, without holding the GIL.

    Parameters
    ----------
    program : Program
    dtype : {"float32", "float64"}, default "float32"
    n_threads : int, optional
        Threads that share the work on a batch; None chooses by the amount of work (1 for small networks), within the limits of
        :mod:`lamina.engine.threads`. Threads change speed only, not a single bit. If the system grants fewer threads, those
        do the work.
    instruction_set : str, optional
        One of :func:`lamina.engine._native.instruction_sets`; None is the best that this machine supports.
    product : {"automatic", "built_in", "blas"}, default "automatic"
        Which matrix product to use: chosen by size, always the built-in one, or always BLAS if there is one.

    Examples
    --------
    >>> from lamina.engine.program import Head, Op, Parameter
    >>> program = Program(
    ...     widths=(1, 1), inputs=(0,), outputs=(1,), ops=(Op("dense", "line", (0,), 1, (0, 1)),),
    ...     parameters=(Parameter("weight", "line", 0, (1, 1)), Parameter("bias", "line", 1, (1,))),
    ...     heads=(Head("squared_error", 1, 1),),
    ... )
    >>> executor = NativeExecutor(program, "float64")
    >>> executor.configure(TrainingPlan(UpdateRule("gradient_descent", (), 0)))
    >>> x = np.array([[0.0], [1.0]])
    >>> result = executor.train(Batches([x], [3.0 * x + 1.0]), np.tile([0, 1], 500), 2, 0, StepValues(np.full(500, 0.5)))
    >>> executor.snapshot().parameters.round(6)
    array([3., 1.])
    """

    program: Program
    dtype: np.dtype

    def __init__(
        self,
        program: Program,
        dtype: str | np.dtype = "float32",
        n_threads: int | None = None,
        *,
        instruction_set: str | None = None,
        product: str = "automatic",
    ) -> None:
        self.dtype = np.dtype(dtype)
        self._parameters = _aligned_zeros((program.num_parameters,), self.dtype)
        self._state = _aligned_zeros((program.num_state,), self.dtype)
        self._slots = _aligned_zeros((0, program.num_parameters), self.dtype)
        self._tools = (scipy_blas(), instruction_set or "", product, n_threads or 0, threads.default_threads())
        self._reader = DataReader(program, self.dtype)
        self._num_rates = len(program.mask_rates)
        self._logit_widths = [program.widths[b] for b in program.outputs]
        self._held: tuple[_native.Batches, np.ndarray, np.ndarray | None] | None = None
        self._plan = _UNTRAINED
        self.reprogram(program)

    def configure(self, plan: TrainingPlan) -> None:
        """Set the training plan; slots are reset to 0 if their number changed."""
        check_mixed(self.dtype, is_mixed=plan.mixed)
        if len(self._slots) != plan.rule.num_slots:
            self._slots = _aligned_zeros((plan.rule.num_slots, self.program.num_parameters), self.dtype)
        self._plan = plan
        with _known_in_cpp():
            self._engine.configure(plan, self._slots)
        self._held = None

    def reprogram(self, program: Program) -> None:
        """Go on with a program that differs only in how its parameters are trained."""
        self.program = program
        with _known_in_cpp():
            self._engine = _ENGINES[self.dtype](program, self._parameters, self._state, *self._tools)
        self.configure(self._plan)

    def snapshot(self) -> Snapshot:
        """Copies of parameters, state and slots."""
        return Snapshot(self._parameters.copy(), self._state.copy(), self._slots.copy())

    def copy_into(
        self, parameters: np.ndarray | None = None, state: np.ndarray | None = None, slots: np.ndarray | None = None
    ) -> None:
        """Copy parameters, state and slots into existing arrays."""
        if parameters is not None:
            np.copyto(parameters, self._parameters)
        if state is not None:
            np.copyto(state, self._state)
        if slots is not None:
            np.copyto(slots, self._slots)

    def restore(
        self, parameters: np.ndarray | None = None, state: np.ndarray | None = None, slots: np.ndarray | None = None
    ) -> None:
        """Set parameters, state and slots to copies of these arrays."""
        own = (("parameters", parameters, self._parameters), ("state", state, self._state), ("slots", slots, self._slots))
        for name, given, vector in own:
            if given is not None:
                check_shape(name, given, vector.shape)
        for _, given, vector in own:
            if given is not None:
                vector[...] = given
        self._engine.abandon()
        self._held = None

    def views(self) -> tuple[np.ndarray, np.ndarray]:
        """The arrays of parameters and state that the engine reads."""
        return self._parameters, self._state

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
        self._held = None
        order = as_order(order, data.num_rows)
        num_steps = -(-len(order) // batch_size)
        losses = np.empty(num_steps)
        norms = np.empty(num_steps) if self._plan.record_norms else None
        of_heads = self._head_losses(num_steps)
        batches = self._reader.batches(data)
        rates = _per_step(values, num_steps, self._num_rates)
        watching = [self._watching(watch) for watch in watches]
        with self._quiet_blas(_most_rows(batch_size, watches)):
            done, num_clipped, failure = self._engine.train(
                batches, order, batch_size, first_step, *rates, losses, norms, of_heads, watching
            )
        for watch, records in zip(watches, watching, strict=True):
            records.tell(watch, first_step + done, failure is not None)
        return TrainingResult(
            losses[:done],
            None if norms is None else norms[:done],
            num_clipped,
            _failure(failure),
            head_losses=None if of_heads is None else of_heads[:done],
        )

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
        """Many epochs in one call; stops before the first step that is not finite."""
        self._held = None
        losses = np.empty(epochs.count * -(-data.num_rows // batch_size))
        of_heads = self._head_losses(len(losses))
        batches = self._reader.batches(data)
        rates = _per_step(values, len(losses), self._num_rates)
        watching = [self._watching(watch) for watch in watches]
        with self._quiet_blas(_most_rows(batch_size, watches)):
            done, num_clipped, failure, best.loss, num_better = self._engine.train_epochs(
                batches, epochs.first & 0xFFFFFFFF, epochs.count, epochs.shuffle, batch_size, first_step, *rates, losses,
                of_heads, best.loss, best.parameters, best.state, best.parameters_before, best.state_before,
                watching,
            )  # fmt: skip
        for watch, records in zip(watches, watching, strict=True):
            records.tell(watch, first_step + done, failure is not None)
        if num_better % 2:
            best.parameters, best.parameters_before = best.parameters_before, best.parameters
            best.state, best.state_before = best.state_before, best.state
        best.num_better += num_better
        return TrainingResult(
            losses[:done], None, num_clipped, _failure(failure), head_losses=None if of_heads is None else of_heads[:done]
        )

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
        """Train by perturbing weights; a trial of one weight reuses the forward pass."""
        self._held = None
        order = as_order(order, data.num_rows)
        num_steps = -(-len(order) // batch_size)
        losses, objectives = np.empty(num_steps), np.empty(num_steps)
        # A head without a loss in the engine has no target there either.
        has_losses = objective is None or all(head.kind != "external" for head in self.program.heads)
        of_heads = self._head_losses(num_steps) if has_losses else None
        batches = self._reader.batches(data) if has_losses else self._reader.inputs(data.inputs)
        rates = np.ascontiguousarray(values.learning_rates, dtype=np.float64)
        settings = (rule.kind == "all", rule.trials, rule.scale, rule.antithetic, rule.accept_ties)
        function = None if objective is None else _by_batch(objective, order, batch_size)
        with SingleThreadedBlas():
            done, num_clipped, num_kept, failure = self._engine.perturb(
                batches, order, batch_size, first_step, rates, *settings, function, self._logit_widths, losses,
                objectives, of_heads,
            )  # fmt: skip
        kept = num_kept if rule.kind == "one" else None
        told = None if of_heads is None else of_heads[:done]
        return TrainingResult(losses[:done], None, num_clipped, _failure(failure), objectives[:done], kept, told)

    def predict(
        self, inputs: Sequence[InputArray], links: Sequence[str] | None = None, *, mixed: bool = False
    ) -> list[np.ndarray]:
        """Outputs for all rows in inference mode: logits, or the activations ``links`` of them, averaged over members."""
        check_mixed(self.dtype, is_mixed=mixed)
        num_rows = inputs[0].shape[0]
        widths = self._logit_widths if links is None else self.program.output_widths
        batches, outputs = self._reader.inputs(inputs), self._outputs(num_rows, widths)
        with self._quiet_blas(num_rows):
            self._engine.predict(batches, links or (), mixed, outputs)
        return outputs

    def evaluate(self, data: Batches) -> np.ndarray:
        """The weighted mean loss of every head in inference mode, float64 (heads,); 0 if the weights sum to 0.

        NaN where logits are not finite.
        """
        losses = np.zeros(len(self.program.heads))
        with self._quiet_blas(data.num_rows):
            self._engine.evaluate(self._reader.batches(data), losses)
        return losses

    def loss_and_gradient(
        self,
        data: Batches,
        *,
        order: np.ndarray | None = None,
        training: bool = True,
        step: int = 0,
        head_losses: np.ndarray | None = None,
    ) -> tuple[float, np.ndarray]:
        """The training objective and its flat gradient, over ``order`` as one batch; nothing changes."""
        self._held = None
        gradient = np.empty(self.program.num_parameters, dtype=self.dtype)
        batches, rows = self._reader.batches(data), as_order(order, data.num_rows)
        with self._quiet_blas(len(rows)):
            loss = self._engine.loss_and_gradient(batches, rows, training, step, gradient, head_losses)
        return loss, gradient

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
        batches, rows, rates = self._reader.batches(data), as_order(rows, data.num_rows), self._rates_of_ops(dropout_rates)
        vector = np.empty(self.program.num_parameters, dtype=self.dtype) if out is None else out
        losses, of_heads = self._losses()
        self._held = (batches, rows, rates)
        with self._quiet_blas(len(rows)):
            weight = self._engine.gradient(batches, rows, first_row, weight_sum, step, rates, vector, losses, of_heads)
        return Gradient(losses, weight, vector, of_heads)

    def update(self, gradient: Gradient, step: int, learning_rate: float, weight_decay: float = 0.0) -> Update:
        """Second half of a step: penalties, clipping, update, shrinkage."""
        vector = np.ascontiguousarray(gradient.vector, dtype=self.dtype)
        losses = np.ascontiguousarray(gradient.losses, dtype=np.float64)
        check_shape("gradient.vector", vector, self._parameters.shape)
        check_shape("gradient.losses", losses, (len(self.program.heads),))
        with self._quiet_blas(0 if self._held is None else len(self._held[1])):
            loss, norm, is_clipped, failure = self._engine.update(
                vector, losses, gradient.weight_sum, step, learning_rate, weight_decay
            )
        self._held = None
        return Update(loss, norm if self._plan.record_norms else None, is_clipped, _failure(failure))

    def forward(
        self,
        inputs: Sequence[InputArray],
        rows: np.ndarray,
        step: int,
        first_row: int = 0,
        *,
        dropout_rates: Sequence[float] | np.ndarray | None = None,
    ) -> list[np.ndarray]:
        """Outputs of one batch in training mode; running statistics are updated."""
        rows, rates = as_order(rows, inputs[0].shape[0]), self._rates_of_ops(dropout_rates)
        batches, outputs = self._reader.inputs(inputs), self._outputs(len(rows), self._logit_widths)
        self._held = (batches, rows, rates)
        with self._quiet_blas(len(rows)):
            self._engine.forward(batches, rows, first_row, step, rates, outputs)
        return outputs

    def backward(self, d_outputs: Sequence[np.ndarray], step: int) -> np.ndarray:
        """The flat gradient from gradients of the outputs of the last :meth:`forward`."""
        if self._held is None:
            raise RuntimeError("backward: call forward first, once per step.")
        num_rows = len(self._held[1])
        gradients = self._d_outputs(d_outputs, num_rows)
        vector = np.empty(self.program.num_parameters, dtype=self.dtype)
        with self._quiet_blas(num_rows):
            self._engine.backward(gradients, step, vector)
        return vector

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
        self._held = None
        rows = as_order(rows, data.num_rows)
        has_losses = bool(data.targets) and d_outputs is None
        batches = self._reader.batches(data) if has_losses else self._reader.inputs(data.inputs)
        rates = self._rates_of_ops(dropout_rates)
        vector = np.empty(self.program.num_parameters, dtype=self.dtype)
        values, d_values = ([np.empty((len(rows), w), dtype=self.dtype) for w in self.program.widths] for _ in range(2))
        losses, of_heads = self._losses()
        found = (values, d_values, vector, losses, of_heads)
        with SingleThreadedBlas():
            reached = self._engine.observe(batches, rows, training, step, rates, [], *found)
            if d_outputs is not None:
                given = self._d_outputs(d_outputs([values[b] for b in self.program.outputs]), len(rows))
                reached = self._engine.observe(batches, rows, training, step, rates, given, *found)
                losses, of_heads = np.full_like(losses, np.nan), None
        weight = data.sample_weight
        total = float(len(rows)) if weight is None else float(np.asarray(weight, dtype=np.float64)[rows].sum())
        has_backward = has_losses or d_outputs is not None
        return Observation(
            dict(enumerate(values)),
            {b: d_values[b] for b, is_reached in enumerate(reached) if is_reached},
            Gradient(losses, total, vector, of_heads) if has_backward else None,
        )

    def probe(self, data: Batches) -> tuple[float, Probe]:
        """The loss of all rows as one batch, and how each layer fares; in full precision, and nothing changes."""
        self._held = None
        batches = self._reader.batches(data) if data.targets else self._reader.inputs(data.inputs)
        table = np.empty((len(self._probed_layers), NUM_NUMBERS))
        losses = np.full(len(self.program.heads), np.nan)
        with self._quiet_blas(data.num_rows):
            self._engine.probe(batches, self._probed_layers, INNER_EDGES, table, losses)
        return float(losses.sum()), probe_of(table)

    def own_functions(self, code: OwnFunctions) -> OwnFunctions:
        """What an op of the user's own computes here, as functions of NumPy arrays."""
        return code

    def weight_change(self, before: np.ndarray) -> np.ndarray:
        """The norm of the change of each layer's weights."""
        check_shape("before", before, self._parameters.shape)
        norms = np.empty(len(self._probed_layers))
        self._engine.change(self._probed_layers, np.ascontiguousarray(before, dtype=self.dtype), norms)
        return norms

    @cached_property
    def _probed_layers(self) -> list[ProbedLayer]:
        ops, parameters, found = self.program.ops, self.program.parameters, []
        for unit in unit_layers(self.program):
            op, weight = unit.activation, weights_of(self.program, unit)
            at = -1 if op is None else ops.index(op)
            limit = 0.0 if op is None else flat_below(op)
            found.append((unit.sums, unit.output, at, parameters.index(weight) if weight.size else -1, limit))
        return found

    def _watching(self, watch: Watch) -> WatchRecords:
        rows, layers = self._reader.batches(watch.rows), self._probed_layers
        return WatchRecords.of(watch, rows, layers, sum(unit_widths(self.program)), len(self.program.heads))

    def _quiet_blas(self, rows: int) -> AbstractContextManager[None]:
        """BLAS single-threaded for a call with batches of ``rows``; no effect if the call is too small to use BLAS."""
        return SingleThreadedBlas() if self._engine.may_use_blas(rows) else nullcontext()

    def _rates_of_ops(self, given: Sequence[float] | np.ndarray | None) -> np.ndarray | None:
        """One rate per op that draws masks, with checked shape; None stands for the ops' own."""
        return None if given is None else _shaped(np.array(given), (self._num_rates,), "dropout_rates")

    def _losses(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Arrays for the heads' losses of one batch, with and without the heads' weights."""
        heads = len(self.program.heads)
        return np.empty(heads), np.empty(heads) if heads > 1 else None

    def _d_outputs(self, given: Sequence[np.ndarray], num_rows: int) -> list[np.ndarray]:
        """Gradients of the outputs in the form that the engine reads, with checked shapes."""
        gradients = [d if d.dtype == self.dtype and d.flags.c_contiguous else self._converted(d) for d in given]
        expected = [(num_rows, width) for width in self._logit_widths]
        if [d.shape for d in gradients] != expected:
            raise ShapeError(phrase("d_outputs", f"must have the outputs' shapes {expected}", [d.shape for d in gradients]))
        return gradients

    def _converted(self, d_output: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):  # shows up as a non-finite number, which the engine reports
            return np.ascontiguousarray(d_output, dtype=self.dtype)

    def _head_losses(self, num_steps: int) -> np.ndarray | None:
        """An array for each head's losses; None with a single head, whose losses equal the total."""
        heads = len(self.program.heads)
        return np.empty((num_steps, heads)) if heads > 1 else None

    def _outputs(self, num_rows: int, widths: Sequence[int]) -> list[np.ndarray]:
        return [np.empty((num_rows, width), dtype=self.dtype) for width in widths]


def _failure(found: tuple[int, str, str] | None) -> Failure | None:
    return None if found is None else Failure(*found)


def _most_rows(batch_size: int, watches: Sequence[Watch]) -> int:
    return max([batch_size, *(watch.rows.num_rows for watch in watches if len(watch.probes))])


def _aligned_zeros(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Zeros that start at a cache line, which makes vector loads faster."""
    size_bytes = math.prod(shape) * dtype.itemsize
    block = np.zeros(size_bytes + _CACHE_LINE, dtype=np.uint8)
    start = -block.ctypes.data % _CACHE_LINE
    return block[start : start + size_bytes].view(dtype).reshape(shape)


def _per_step(values: StepValues, num_steps: int, num_rates: int) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """The arrays of :class:`StepValues` as contiguous float64, with checked shapes."""
    return (
        _shaped(values.learning_rates, (num_steps,), "learning_rates"),
        None if values.weight_decays is None else _shaped(values.weight_decays, (num_steps,), "weight_decays"),
        None if values.dropout_rates is None else _shaped(values.dropout_rates, (num_steps, num_rates), "dropout_rates"),
    )


def _by_batch(objective: BatchObjective, order: np.ndarray, batch_size: int) -> Callable[[int, list[np.ndarray]], float]:
    """The objective as the engine calls it, with the number of the batch and views of the engine's memory, which are copied."""

    def function(k: int, outputs: Sequence[np.ndarray]) -> float:
        return float(objective([np.array(output) for output in outputs], order[k * batch_size : (k + 1) * batch_size]))

    return function


def _shaped(array: np.ndarray, shape: tuple[int, ...], name: str) -> np.ndarray:
    array = np.ascontiguousarray(array, dtype=np.float64)
    if array.shape != shape:
        raise ShapeError(phrase(name, f"must have shape {shape}, one entry per step", array.shape))
    return array
