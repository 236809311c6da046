"""Steps that wait for nothing: a call's numbers go to the device before them, and what they found comes back after them.

A step whose numbers are not finite changes nothing, and neither does any after it in the call. The reference engine then takes
that step again, as plainly as ever, and says where the first such number was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from lamina.engine.formulas.array import Array, constants_held, in_numpy
from lamina.engine.formulas.clipping import size
from lamina.engine.plan import StepValues
from lamina.engine.reference.failure import are_finite
from lamina.engine.reference.movement import Pace
from lamina.engine.reference.step import Half, Step
from lamina.engine.torch.capture import replayed
from lamina.engine.torch.device_rows import DeviceRows
from lamina.engine.torch.drawn_masks import DrawnMasks
from lamina.engine.torch.numbers import Columns, StepNumbers

__all__ = ["DeviceSteps", "Found"]

_MOST_STEPS = 512  # whose rows and numbers are gathered at a time
_MOST_NUMBERS = 2**22  # of these rows, unless one batch has more
_WORTH_RECORDING = 8  # steps of one kind


class Found(NamedTuple):
    """What steps found before their updates, as far as they are done, one entry a step: losses, norms, whether clipping acted.

    ``head_losses`` (steps, heads): the losses without the heads' weights and penalties.
    """

    losses: Any
    head_losses: Any
    norms: Any
    clipped: Any


class DeviceSteps:
    """Training steps of ``batch_size`` rows each, whose memory keeps its place.

    Parameters
    ----------
    torch : module
    learner : Step
        Configured; its vectors are written in place.
    batch_size : int
    columns : Columns
        The numbers that the steps have.
    is_weighted : bool
        Whether rows have sample weights.
    sparse : frozenset of int
        Inputs whose rows came sparse; see :class:`~lamina.engine.reference.passes.Mode`.
    """

    def __init__(
        self,
        torch: Any,
        learner: Step,
        batch_size: int,
        columns: Columns,
        is_weighted: bool,
        sparse: frozenset[int] = frozenset(),
    ) -> None:
        self._torch, self._learner, self._columns, self._batch_size = torch, learner, columns, batch_size
        self._sparse = sparse
        program, device = learner.program, learner.setting.device
        wide, exact = {"dtype": learner.wide, "device": device}, {"dtype": torch.int64, "device": device}
        widths = [program.widths[b] for b in program.inputs] + [head.target_width for head in program.heads]
        self._most = most = max(1, min(_MOST_STEPS, _MOST_NUMBERS // max(1, batch_size * sum(widths))))
        self._device = device
        # a device without float64 gets exact numbers with each kernel, and no graph is recorded there
        self._tells_numbers = learner.setting.scalar is float
        self._rows = [torch.zeros((most, batch_size, width), **learner.number) for width in widths]
        self._weights = torch.zeros((most, batch_size), **wide) if is_weighted else None
        self._table = torch.zeros((most, columns.width), **wide)
        self._first_step, self._k, self._done = (torch.zeros((), **exact) for _ in range(3))
        self._goes_on = torch.zeros((), dtype=torch.bool, device=device)
        heads = torch.zeros((most, columns.num_heads), **wide)
        of_steps = torch.zeros(most, **wide), torch.zeros(most, **wide), torch.zeros(most, dtype=torch.bool, device=device)
        self._found = Found(of_steps[0], heads, *of_steps[1:])
        self._masks = DrawnMasks(torch, program, device, batch_size, most)
        self._told: tuple[StepNumbers, int] | None = None
        self._num_taken = 0
        self._go: Callable[[], None] = self._take
        self._constants: list[Array] = []  # of the recording

    def run(self, rows: DeviceRows, order: np.ndarray, first_step: int, values: StepValues) -> Found:
        """Take a step for each ``batch_size`` rows of ``order``, until one is not finite."""
        batches = order.reshape(-1, self._batch_size)
        table = self._columns.table(self._learner, rows.batches, batches, first_step, values)
        self._goes_on.fill_(True)
        self._done.zero_()
        parts: list[list[Array]] = []
        for start in range(0, len(batches), self._most):
            window = slice(start, min(start + self._most, len(batches)))
            self._load(rows, batches[window], table[window], first_step + start)
            for k, row in enumerate(table[window]):
                if k % self._masks.ahead == 0:
                    steps = slice(start + k, min(start + k + self._masks.ahead, window.stop))
                    self._masks.draw(first_step + start + k, self._rates(values, steps), self._learner.plan.seed)
                if self._tells_numbers:
                    step = first_step + start + k
                    # An integer where plain: so the rules know it for a number.
                    self._told = self._columns.read(row.tolist())._replace(t=step + 1), step
                self._step()
            parts.append([each[: window.stop - start].clone() for each in self._found])
        done = int(self._done)  # here the host waits, once a call
        return Found(*(np.concatenate([in_numpy(part) for part in column])[:done] for column in zip(*parts, strict=True)))

    def _load(self, rows: DeviceRows, batches: np.ndarray, table: np.ndarray, first_step: int) -> None:
        """Gather the rows and numbers of some steps, so that these need nothing but a place among them."""
        count = len(batches)
        # from memory that nobody writes, so that the host need not wait for the device
        order = self._torch.from_numpy(batches.reshape(-1).copy()).to(self._device, non_blocking=True)
        for source, out in zip(rows.sources, [*self._rows, *(() if self._weights is None else (self._weights,))], strict=True):
            source.take(order, out[:count].flatten(0, 1))
        if not self._tells_numbers:
            self._table[:count].copy_(self._torch.from_numpy(table), non_blocking=True)
        self._first_step.fill_(first_step)
        self._k.zero_()

    def _rates(self, values: StepValues, steps: slice) -> np.ndarray:
        """Of each step, the rates of the ops that draw masks."""
        if values.dropout_rates is not None:
            return values.dropout_rates[steps]
        return np.tile(self._learner.program.mask_rates, (steps.stop - steps.start, 1))

    def _step(self) -> None:
        """Take a step; after enough of them by a recording, if nothing in it is the user's own."""
        self._num_taken += 1
        own = any(op.code is not None for op in self._learner.program.ops)
        if self._num_taken == _WORTH_RECORDING and not (own or self._tells_numbers):
            with constants_held() as self._constants:
                self._go = replayed(self._torch, self._device, self._take, self.rehearse)
        self._go()

    def rehearse(self) -> None:
        """Take a step that leaves no trace."""
        before = [(each, each.clone()) for each in (self._goes_on, self._k)]
        self._goes_on.fill_(False)
        self._take()
        for each, copy in before:
            each.copy_(copy)

    def _take(self) -> None:
        """The next of the steps whose rows were gathered."""
        learner, plan, num_inputs = self._learner, self._learner.plan, len(self._learner.program.inputs)
        movement = learner.movement
        numbers, step = self._told or self._numbers()
        keep_mask = partial(self._masks.keep_mask, self._k)
        mode = replace(learner.mode(step=step, rates=numbers.rates), keep_mask=keep_mask, sparse=self._sparse)
        batch, weights = [self._at(each) for each in self._rows], None if self._weights is None else self._at(self._weights)
        tape = learner.run(batch[:num_inputs], mode)
        half = learner.half(tape, batch[num_inputs:], weights, numbers.total, numbers.scales)
        given = movement.trainable_only(half.vector)
        acts, factor = movement.acts(given), numbers.penalty_factor
        loss = self._loss(half) + movement.penalty(learner.parameters, factor, acts)
        vector = movement.penalized(learner.parameters, given, factor, l1_slope=False, acts=acts)
        pace = Pace(numbers.t, numbers.learning_rate, numbers.weight_decay, factor)
        moved = movement.moved(learner.parameters, learner.slots, vector, plan, pace, acts)
        settled, observed = movement.settled(moved.parameters, moved.slots, plan, pace), learner.observed(tape)
        seen = (loss, vector, *(each for _, each in observed), moved.parameters, *moved.slots)
        for each in seen:
            self._goes_on &= are_finite(each)
        self._tell(loss, half, vector, moved.gradient)
        self._write(learner.parameters, settled)
        for i, slot in enumerate(moved.slots):
            self._write(learner.slots[i], slot)
        for place, each in observed:
            self._write(learner.state[place], each)
        self._done += self._goes_on
        self._k += 1

    def _numbers(self) -> tuple[StepNumbers, Array]:
        """The step's row of the table, and its number, which only the device knows."""
        return self._columns.read(self._at(self._table).unbind()), self._first_step + self._k

    def _at(self, table: Array) -> Array:
        return table.index_select(0, self._k.reshape(1))[0]

    def _loss(self, half: Half) -> Array:
        weighted = [head.weight * mean for head, mean in zip(self._learner.program.heads, half.means, strict=True)]
        return sum(weighted[1:], start=weighted[0])

    def _tell(self, loss: Array, half: Half, vector: Array, clipped: Array) -> None:
        """Write down what the step found."""
        plan, k = self._learner.plan, self._k.reshape(1)
        self._found.losses.index_copy_(0, k, loss.reshape(1))
        self._found.head_losses.index_copy_(0, k, self._torch.stack(half.means).reshape(1, -1))
        if plan.record_norms:
            self._found.norms.index_copy_(0, k, size(vector).reshape(1))
        if plan.clipping.is_bounded:
            self._found.clipped.index_copy_(0, k, (clipped != vector).any().reshape(1))

    def _write(self, old: Array, new: Array) -> None:
        """Replace numbers in place, unless a step was not finite."""
        old.copy_(self._torch.where(self._goes_on, new, old))
