"""The steps of one rank: what it does for itself, and where it waits for the others.

Synchronous (Goyal et al. 2017, "Accurate, large minibatch SGD", section 2): of every batch each rank takes a share, and
all follow the sum of the shares' gradients, each divided by the weight of the batch. So penalties, clipping and the update rule
see what they see in one process.

Averaging (Stich 2019, "Local SGD converges fast and communicates little", algorithm 1): each rank takes steps of its own with its
shares, and after every so many steps the weights become the mean of all ranks'. Here the optimizer's memory does, too, so that
all ranks are equal after each average, and the state of one is the state of all.

Which rows a rank takes of a batch :mod:`lamina.distributed.next_rows` says: a share of rows that all have, or the next ones of
its own stream. Of the latter the ranks learn what the batch weighs by adding that up with the gradient.

Running statistics of batch norm: each rank normalizes by its own share of the batch, as Goyal et al. do (section 2.3), and the
running ones are averaged, weighted by the rows of the shares.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lamina.distributed.communicator import Communicator
from lamina.distributed.next_rows import NextRows, Run, Turn, weight_of
from lamina.distributed.way import Way
from lamina.engine.executor import Executor, Gradient
from lamina.engine.plan import Failure, StepValues, TrainingPlan, TrainingResult

__all__ = ["RankSteps", "plan_of_rank"]

_QUANTITIES = ("activation", "loss", "gradient", "running statistics", "updated weights", "optimizer state")


def plan_of_rank(plan: TrainingPlan, rank: int, way: Way) -> TrainingPlan:
    """The plan of a rank: where it takes steps of its own, its masks of dropout are its own, too."""
    return plan if way.is_synchronous else plan._replace(seed=plan.seed + (rank << 32))


class _Numbers(NamedTuple):
    """What the ranks' own steps showed, one row a step; each number times the weight of its rows."""

    weights: np.ndarray
    losses: np.ndarray
    norms: np.ndarray
    of_heads: np.ndarray


class RankSteps:
    """Training steps of one rank, behind ``train``; all ranks call it with the same arguments.

    Parameters
    ----------
    executor : Executor
        Configured with :func:`plan_of_rank`. All ranks' executors hold the same numbers.
    communicator : Communicator
    way : Way
    records_norms : bool
        As in the executor's plan.
    """

    def __init__(self, executor: Executor, communicator: Communicator, way: Way, records_norms: bool) -> None:
        self._executor = executor
        self._communicator = communicator
        self._way = way
        self._records_norms = records_norms
        program = executor.program
        self._num_heads = len(program.heads)
        # A share of one row has no variance.
        has_batch_norm = any(op.kind == "batch_norm" and not program.stands_still(op) for op in program.ops)
        self._least = 2 if has_batch_norm else 1
        self._layers = list(dict.fromkeys(op.layer for op in program.ops))

    def train(self, rows: NextRows, first_step: int, values: StepValues) -> TrainingResult:
        """As :meth:`lamina.engine.executor.Executor.train`, of all ranks together; they end with the same numbers."""
        take = self._synchronous if self._way.is_synchronous else self._averaging
        return take(rows, first_step, values)

    # Synchronous steps

    def _synchronous(self, rows: NextRows, first_step: int, values: StepValues) -> TrainingResult:
        program, heads = self._executor.program, self._num_heads
        parts = np.cumsum([program.num_parameters, heads, heads, program.num_state])
        sums = self._communicator.empty(int(parts[-1]) + (0 if rows.knows_totals else 2), self._executor.dtype)
        losses, norms, of_heads, weights, num_clipped, failure = [], [], [], [], 0, None
        for i, turn in enumerate(rows.turns(self._least)):
            step = first_step + i
            learning_rate, weight_decay, rates = values.at(i)
            self._differentiate(turn, step, rates, sums)
            self._communicator.all_reduce(sums)
            vector, by_head, means, state, found = np.split(sums, parts)
            total = turn.total if rows.knows_totals else self._by_found(turn, sums, state, *found.tolist())
            failure = self._put_state(state, step)
            if failure is not None:
                break
            gradient = Gradient(by_head.astype(np.float64), total, vector)
            update = self._executor.update(gradient, step, learning_rate, weight_decay)
            failure = update.failure
            if failure is not None:
                break
            num_clipped += update.is_clipped
            losses.append(update.loss)
            weights.append(total)
            of_heads.append(means.astype(np.float64))
            if update.gradient_norm is not None:
                norms.append(update.gradient_norm)
        told = np.array(of_heads).reshape(-1, heads) if heads > 1 else None
        return TrainingResult(
            np.array(losses, dtype=np.float64),
            np.array(norms) if self._records_norms else None,
            num_clipped,
            failure,
            head_losses=told,
            batch_weights=None if rows.knows_totals else np.array(weights, dtype=np.float64),
        )

    def _differentiate(self, turn: Turn, step: int, rates: np.ndarray | None, out: np.ndarray) -> None:
        """This rank's part of the batch's gradient, losses and running statistics, all to be added up."""
        count = len(turn.rows)
        if not count:
            out[:] = 0
            return
        size, heads = self._executor.program.num_parameters, self._num_heads
        found = self._executor.gradient(
            turn.data, turn.rows, step, turn.first_row, turn.total, dropout_rates=rates, out=out[:size]
        )
        out[size : size + heads] = found.losses
        out[size + heads : size + 2 * heads] = found.losses if found.head_losses is None else found.head_losses
        state = self._executor.views()[1]
        begin = size + 2 * heads
        out[begin : begin + len(state)] = state * (count / turn.num_rows)
        if len(out) > begin + len(state):
            out[-2:] = weight_of(turn.data, turn.rows), count

    @staticmethod
    def _by_found(turn: Turn, sums: np.ndarray, state: np.ndarray, weight: float, count: float) -> float:
        """Divide sums by what the batch was found to weigh, and running statistics by its rows; returns the former."""
        if weight > 0:
            sums[: sums.size - state.size - 2] *= turn.total / weight
        state *= turn.num_rows / count
        return weight

    def _put_state(self, averaged: np.ndarray, step: int) -> Failure | None:
        """Go on with the mean of the ranks' running statistics, unless it is not finite."""
        for part in self._executor.program.state:
            if not np.isfinite(averaged[part.slice]).all():
                return Failure(step, part.layer, "running statistics")
        self._executor.views()[1][:] = averaged
        return None

    # Steps of its own, and averages

    def _averaging(self, rows: NextRows, first_step: int, values: StepValues) -> TrainingResult:
        num_steps, every = rows.num_steps, self._way.every
        numbers = _Numbers(np.zeros(num_steps), np.zeros(num_steps), np.zeros(num_steps), np.zeros((num_steps, self._num_heads)))
        done, num_clipped, failure = 0, 0, None
        while done < num_steps:
            last = min(done + every, num_steps)
            clipped, own = self._own_steps(rows.runs(done, last, self._least), first_step, values, numbers)
            if self._average(own is not None):
                failure = self._first_failure(own)
                break
            done, num_clipped = last, num_clipped + clipped
        added = np.concatenate([each.ravel() for each in numbers] + [np.array([float(num_clipped)])])
        self._communicator.all_reduce(added)
        weights, losses, norms, of_heads = self._means(added, num_steps)
        return TrainingResult(
            losses[:done],
            norms[:done] if self._records_norms else None,
            round(added[-1] / self._communicator.size),
            failure,
            head_losses=of_heads[:done] if self._num_heads > 1 else None,
            batch_weights=None if rows.knows_totals else weights[:done],
        )

    def _means(self, added: np.ndarray, num_steps: int) -> _Numbers:
        weights, losses, norms, of_heads = np.split(added[:-1], [num_steps, 2 * num_steps, 3 * num_steps])
        by = np.where(weights > 0, weights, 1.0)
        return _Numbers(weights, losses / by, norms / by, of_heads.reshape(num_steps, -1) / by[:, None])

    def _own_steps(
        self, runs: Iterator[Run], first_step: int, values: StepValues, numbers: _Numbers
    ) -> tuple[int, Failure | None]:
        """Some steps of this rank alone: how many were clipped, and why one failed."""
        num_clipped, failure = 0, None
        for run in runs:
            batches, first = run.batches, run.first
            of_run = values.part(slice(first, first + len(batches)))
            result = self._executor.train(run.data, run.order, run.batch_size, first_step + first, of_run)
            done = slice(first, first + len(result.losses))
            numbers.weights[done] = [weight_of(run.data, own) for own in batches[: len(result.losses)]]
            numbers.losses[done] = numbers.weights[done] * result.losses
            if result.gradient_norms is not None:
                numbers.norms[done] = numbers.weights[done] * result.gradient_norms
            if result.head_losses is not None:
                numbers.of_heads[done] = numbers.weights[done, None] * result.head_losses
            num_clipped, failure = num_clipped + result.num_clipped, result.failure
            if failure is not None:
                break
        return num_clipped, failure

    def _average(self, has_failed: bool) -> bool:
        """Go on with the mean of all ranks' numbers; whether a rank has failed, and the numbers are of no use."""
        own = self._executor.snapshot()
        sums = np.concatenate([*(part.ravel() for part in own), np.array([has_failed], self._executor.dtype)])
        with np.errstate(over="ignore", invalid="ignore"):  # of a rank that failed
            self._communicator.all_reduce(sums)
            means = sums / self._communicator.size
        if sums[-1] > 0:
            return True
        at = np.cumsum([part.size for part in own])
        parameters, state, slots, _ = np.split(means.astype(self._executor.dtype, copy=False), at)
        self._executor.restore(parameters, state, slots.reshape(own.slots.shape))
        return False

    def _first_failure(self, own: Failure | None) -> Failure:
        """The failure of the earliest step, of any rank."""
        table = np.zeros((self._communicator.size, 4))
        if own is not None:
            table[self._communicator.rank] = 1, own.step, self._layers.index(own.layer), _QUANTITIES.index(own.quantity)
        flat = table.ravel()
        self._communicator.all_reduce(flat)
        failed = flat.reshape(table.shape)
        _, step, layer, quantity = min(failed[failed[:, 0] > 0].tolist(), key=lambda row: row[1])
        return Failure(int(step), self._layers[int(layer)], _QUANTITIES[int(quantity)])
