"""One epoch: the values of its steps, and their results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lamina.engine.plan import Batches, Failure, StepValues, TrainingResult
from lamina.training.history import Record
from lamina.training.output_losses import loss_key
from lamina.training.part import BatchWeights, Part

__all__ = ["Epoch"]

_ARRAYS = ("losses", "norms", "objectives", "head_losses", "batch_weights")


class Epoch:
    """An epoch that runs part by part, each in one or more chunks of steps; the results do not depend on the chunks.

    Attributes
    ----------
    steps_done : int
    num_clipped : int
    failure : Failure or None
    num_kept : int or None
    """

    __slots__ = (
        "_batch_weights",
        "_before",
        "_head_losses",
        "_last_rate",
        "_losses",
        "_norms",
        "_num_steps",
        "_objectives",
        "_of_part",
        "_part",
        "_values",
        "_weights",
        "failure",
        "num_clipped",
        "num_kept",
        "steps_done",
    )

    def __init__(self) -> None:
        self.steps_done = self.num_clipped = 0
        self.failure: Failure | None = None
        self.num_kept: int | None = None
        self._losses: list[np.ndarray] = []
        self._norms: list[np.ndarray] = []
        self._objectives: list[np.ndarray] = []
        self._head_losses: list[np.ndarray] = []
        self._batch_weights: list[np.ndarray] = []  # of all processes together, where only they know them
        self._part: Part
        self._num_steps: int
        self._values: StepValues
        self._of_part = -1  # steps done of the part; -1 before the first one
        self._last_rate: float
        self._before = 0  # steps of the parts before
        self._weights: list[BatchWeights] = []  # of the batches of these parts

    def begin(self, part: Part, values_of: Callable[[int, int], StepValues]) -> None:
        """Go on with the next part; steps that are already done, because the epoch goes on from its state, are skipped.

        Parameters
        ----------
        part : Part
        values_of : callable
            From the number of steps done before the part in this epoch, and its number of steps, to the values of the latter.
        """
        if self._of_part >= 0:
            self._weights.append(self._part.weights(self._num_steps))
            self._before += self._num_steps
        self._part, self._num_steps = part, part.num_steps
        self._of_part = min(self.steps_done - self._before, self._num_steps)
        self._values = values_of(self._before, self._num_steps)
        self._note_rate()

    @property
    def has_begun(self) -> bool:
        """Whether there was a part in this process."""
        return self._of_part >= 0

    @property
    def data(self) -> Batches:
        """The rows of the part."""
        return self._part.data

    @property
    def batch_size(self) -> int:
        return self._part.batch_size

    @property
    def steps_left(self) -> int:
        """Of the part."""
        return self._num_steps - self._of_part

    @property
    def part_is_over(self) -> bool:
        """Whether all steps of the part are done, or one has failed."""
        return self.steps_left == 0 or self.failure is not None

    @property
    def is_over(self) -> bool:
        """Whether all steps are done, or one has failed."""
        return self.part_is_over and (self._part.is_last or self.failure is not None)

    def next_chunk(self, num_steps: int) -> tuple[np.ndarray, StepValues]:
        """Rows and values of the next ``num_steps`` steps."""
        order, size = self._part.order, self.batch_size
        first, last = self._of_part, self._of_part + num_steps
        if num_steps == self._num_steps:
            return order, self._values
        return order[first * size : last * size], self._values.part(slice(first, last))

    def add(self, result: TrainingResult) -> None:
        """Add the result of a chunk."""
        self._of_part += len(result.losses)
        self.steps_done += len(result.losses)
        self._note_rate()
        self.num_clipped += result.num_clipped
        self.failure = result.failure
        self._losses.append(result.losses)
        if result.gradient_norms is not None:
            self._norms.append(result.gradient_norms)
        if result.objectives is not None:
            self._objectives.append(result.objectives)
        if result.head_losses is not None:
            self._head_losses.append(result.head_losses)
        if result.batch_weights is not None:
            self._batch_weights.append(result.batch_weights)
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
        record["learning_rate"] = self._last_rate
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

    def state(self) -> dict[str, Any]:
        """The results so far, for a checkpoint in the midst of the epoch."""
        arrays = {name: np.concatenate(part) if part else None for name, part in zip(_ARRAYS, self._parts, strict=True)}
        return {"steps": self.steps_done, "clipped": self.num_clipped, "kept": self.num_kept, **arrays}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Epoch:
        """The epoch that :meth:`state` described, to begin its parts anew."""
        epoch = cls()
        epoch.steps_done, epoch.num_clipped, epoch.num_kept = state["steps"], state["clipped"], state["kept"]
        for name, part in zip(_ARRAYS, epoch._parts, strict=True):
            part += [] if state[name] is None else [state[name]]
        return epoch

    @property
    def _parts(self) -> tuple[list[np.ndarray], ...]:
        return self._losses, self._norms, self._objectives, self._head_losses, self._batch_weights

    def _note_rate(self) -> None:
        """Remember the last step's learning rate: a part may have no steps."""
        if self._of_part > 0:
            self._last_rate = float(self._values.learning_rates[self._of_part - 1])

    def _mean(self, parts: list[np.ndarray]) -> float:
        by_step = parts[0] if len(parts) == 1 else np.concatenate(parts)
        weights = self._weights_of_batches()
        # the same sum as in np.mean, whose overhead would exceed a short epoch
        return float(np.add.reduce(by_step) / len(by_step) if weights is None else by_step @ weights / weights.sum())

    def _weights_of_batches(self) -> np.ndarray | None:
        """The weight of each batch; None if all are equal."""
        if self._batch_weights:
            told = np.concatenate(self._batch_weights)
            return told if told.sum() > 0 else None
        parts = [*self._weights, self._part.weights(self._of_part)]
        if all(part.found is None for part in parts):
            return None
        weights = np.concatenate([part.sums for part in parts]) if len(parts) > 1 else parts[0].sums
        return weights if weights.sum() > 0 else None
