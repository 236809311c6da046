"""Runs many short epochs in one native call, since a call would otherwise cost more than an epoch."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lamina.engine.executor import EpochsExecutor
from lamina.engine.plan import Batches, Epochs, Failure, StepValues, TrainingResult
from lamina.training.best_weights import BestWeights
from lamina.training.callbacks.callback import Run
from lamina.training.chunks import ChunkSize
from lamina.training.history import Record
from lamina.training.moments import Moments
from lamina.training.output_losses import loss_key

__all__ = ["ShortEpochs", "run_short_epochs"]


class ShortEpochs(NamedTuple):
    """Epochs between which nothing needs the weights: no validation, and no callback that must run after each epoch.

    Attributes
    ----------
    data : Batches
        Without sample weights.
    epochs : Epochs
    batch_size : int
    values : StepValues
        For the steps of all epochs.
    output_names : sequence of str
        Names for the losses of several outputs in the records.
    """

    data: Batches
    epochs: Epochs
    batch_size: int
    values: StepValues
    output_names: Sequence[str] = ()

    @property
    def steps_per_epoch(self) -> int:
        return -(-self.data.num_rows // self.batch_size)

    def records(self, result: TrainingResult, first_step: int, duration_s: float) -> list[Record]:
        """The records of the epochs that were done; ``duration_s``, the total time, is divided evenly."""
        steps = self.steps_per_epoch
        count = len(result.losses) // steps
        losses = self._mean_losses(result.losses[: count * steps].reshape(count, steps))
        by_output = self._output_losses(result, count)
        rates = self.values.learning_rates[steps - 1 : count * steps : steps].tolist()
        each_s = duration_s / self.epochs.count
        return [
            {
                "epoch": self.epochs.first + i + 1,
                "step": first_step + (i + 1) * steps,
                "loss": loss,
                **{key: means[i] for key, means in by_output.items()},
                "learning_rate": rate,
                "duration_s": each_s,
            }
            for i, (loss, rate) in enumerate(zip(losses, rates, strict=True))
        ]

    def _output_losses(self, result: TrainingResult, count: int) -> dict[str, list[float]]:
        """The mean losses of ``count`` epochs by key; empty for a single output."""
        if result.head_losses is None:
            return {}
        shape = len(self.output_names), count, self.steps_per_epoch
        by_output = result.head_losses[: count * self.steps_per_epoch].T.reshape(shape)
        return {loss_key(name): self._mean_losses(losses) for name, losses in zip(self.output_names, by_output, strict=True)}

    def _mean_losses(self, by_step: np.ndarray) -> list[float]:
        """The mean loss of each epoch over its rows; the last batch may be smaller."""
        last = self.data.num_rows - (self.steps_per_epoch - 1) * self.batch_size
        if last == self.batch_size:
            means: list[float] = (np.add.reduce(by_step, axis=1) / self.steps_per_epoch).tolist()
            return means
        weights = np.full(self.steps_per_epoch, float(self.batch_size))
        weights[-1] = last
        return [float(losses @ weights / weights.sum()) for losses in by_step]


def run_short_epochs(
    run: Run, epochs: ShortEpochs, stepper: EpochsExecutor, best: BestWeights, size: ChunkSize, moments: Moments | None
) -> Failure | None:
    """Take all steps of ``epochs`` in one call, then call the callbacks for each epoch, if there are any.

    Returns
    -------
    Failure or None
        Why a step failed.
    """
    first_step = run.step
    due = [] if moments is None else moments.due(run)
    watches = [] if moments is None else moments.watches(run, epochs.epochs.count * epochs.steps_per_epoch)
    began = time.perf_counter()
    result = best.offer_epochs(
        run.executor,
        lambda kept: stepper.train_epochs(
            epochs.data, epochs.epochs, epochs.batch_size, first_step, epochs.values, kept, watches
        ),
    )
    duration_s = time.perf_counter() - began
    size.observe(epochs.epochs.count * epochs.steps_per_epoch, duration_s)
    if moments is not None:
        moments.call("on_steps_done", run, first_step, result)
    for record in epochs.records(result, first_step, duration_s):
        run.step = record["step"]
        if moments is not None:
            moments.call_due(due, run, result.losses)
        run.epoch = record["epoch"]
        run.history.append(record)
        if moments is not None:
            moments.call("on_epoch_end", run, record)
    run.step = first_step + len(result.losses)
    return result.failure
