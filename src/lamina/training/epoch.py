"""One epoch: the order of its rows, the values of its steps, and their results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from lamina.engine.plan import Batches, Failure, StepValues, TrainingResult
from lamina.training.history import Record
from lamina.training.output_losses import loss_key

__all__ = ["Epoch"]


@dataclass(slots=True)
class Epoch:
    """An epoch that runs in one or more chunks of steps; the results do not depend on the chunks.

    Attributes
    ----------
    data : Batches
    order : ndarray of shape (n,)
        Row indices, int64, in training order.
    batch_size : int
    values : StepValues
        For all steps of the epoch.
    num_steps, steps_done : int
    """

    data: Batches
    order: np.ndarray
    batch_size: int
    values: StepValues
    num_steps: int = field(init=False)
    steps_done: int = 0
    num_clipped: int = 0
    failure: Failure | None = None
    num_kept: int | None = None
    _losses: list[np.ndarray] = field(default_factory=list)
    _norms: list[np.ndarray] = field(default_factory=list)
    _objectives: list[np.ndarray] = field(default_factory=list)
    _head_losses: list[np.ndarray] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.num_steps = -(-len(self.order) // self.batch_size)

    @property
    def steps_left(self) -> int:
        return self.num_steps - self.steps_done

    @property
    def is_over(self) -> bool:
        """Whether all steps are done, or one has failed."""
        return self.steps_done == self.num_steps or self.failure is not None

    def next_chunk(self, num_steps: int) -> tuple[np.ndarray, StepValues]:
        """Rows and values of the next ``num_steps`` steps."""
        first, last = self.steps_done, self.steps_done + num_steps
        if num_steps == self.num_steps:
            return self.order, self.values
        return self.order[first * self.batch_size : last * self.batch_size], self.values.part(slice(first, last))

    def add(self, result: TrainingResult) -> None:
        """Add the result of a chunk."""
        self.steps_done += len(result.losses)
        self.num_clipped += result.num_clipped
        self.failure = result.failure
        self._losses.append(result.losses)
        if result.gradient_norms is not None:
            self._norms.append(result.gradient_norms)
        if result.objectives is not None:
            self._objectives.append(result.objectives)
        if result.head_losses is not None:
            self._head_losses.append(result.head_losses)
        if result.num_kept is not None:
            self.num_kept = (self.num_kept or 0) + result.num_kept

    def record(self, output_names: Sequence[str], *, with_norm: bool) -> Record:
        """The history record of the steps done (at least one).

        Parameters
        ----------
        output_names : sequence of str
            For the keys of several outputs' losses.
        with_norm : bool
            Whether the gradient's norm belongs in it.
        """
        record: Record = {"loss": self.mean_loss}
        if self._head_losses:
            by_output = np.concatenate(self._head_losses).T
            record |= {loss_key(name): self._mean([losses]) for name, losses in zip(output_names, by_output, strict=True)}
        record["learning_rate"] = float(self.values.learning_rates[self.steps_done - 1])
        if self._norms and with_norm:
            record["gradient_norm"] = float(np.concatenate(self._norms).mean())
        if self._objectives:
            record["objective"] = self._mean(self._objectives)
        if self.num_kept is not None:
            record["kept_changes"] = self.num_kept
        return record

    @property
    def mean_loss(self) -> float:
        """The (weighted) mean, over the rows used, of the loss of each row in its step."""
        return self._mean(self._losses)

    def _mean(self, parts: list[np.ndarray]) -> float:
        by_step = parts[0] if len(parts) == 1 else np.concatenate(parts)
        weights = self._batch_weights()
        # the same sum as in np.mean, whose overhead would exceed a short epoch
        return float(np.add.reduce(by_step) / len(by_step) if weights is None else by_step @ weights / weights.sum())

    def _batch_weights(self) -> np.ndarray | None:
        """The weight of each batch; None if all are equal."""
        size, steps = self.batch_size, self.steps_done
        used = self.order[: steps * size]
        if self.data.sample_weight is not None:
            weights = np.add.reduceat(self.data.sample_weight[used].astype(np.float64), np.arange(0, len(used), size))
            return weights if weights.sum() > 0 else None
        if len(used) == steps * size:
            return None
        weights = np.full(steps, float(size))
        weights[-1] = len(used) - (steps - 1) * size
        return weights
