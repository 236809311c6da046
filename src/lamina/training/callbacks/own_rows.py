"""Probes of the rows that steps train on: which steps make one, and what they saw so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from lamina.engine.executor import Probe, StepProbes
from lamina.engine.pooled_probe import pool
from lamina.optimizers import StepOptimizer
from lamina.training.callbacks.callback import Run

__all__ = ["Begun", "OwnRows"]

# The weights move from one step of a probe to the next.
_MOST_STEPS = 8


class OwnRows(NamedTuple):
    """Which steps make a probe: as many successive ones as hold ``num_rows`` rows, if the fit has so many left.

    Attributes
    ----------
    num_rows : int
    begin, end : int
        Steps done when the first epoch of the fit began, and when it will end if nothing stops it.
    rows_per_step, steps_per_epoch : int
    missing : int
        By how many rows the last step of an epoch is smaller.
    """

    num_rows: int
    begin: int
    end: int
    rows_per_step: int
    steps_per_epoch: int
    missing: int

    @classmethod
    def of(cls, trainer: Run, num_rows: int) -> OwnRows | None:
        """Those of the fit that begins, or None where probes need passes of their own.

        A probe has no dropout and no rows of weight 0, and its rows come from few steps.
        """
        data, ops, length = trainer.training_data, trainer.executor.program.ops, trainer.steps_per_epoch
        if data is None or length is None or not trainer.watches_steps or not isinstance(trainer.optimizer, StepOptimizer):
            return None
        has_dropout = any(op.draws_masks for op in ops)
        has_blanks = data.sample_weight is not None and not np.all(data.sample_weight)
        if has_dropout or has_blanks or num_rows > _MOST_STEPS * trainer.rows_per_step:
            return None
        begin = trainer.step - trainer.steps_this_epoch
        end = begin + (trainer.last_epoch - trainer.epoch) * length
        missing = max(0, length * trainer.rows_per_step - data.num_rows)
        return cls(num_rows, begin, end, trainer.rows_per_step, length, missing)

    @property
    def most_steps(self) -> int:
        """The most steps of a probe."""
        return self._enough(1)

    def stop(self, step: int) -> int | None:
        """The number of steps done at the end of a probe that begins at ``step``; None if the fit ends before."""
        usual = self._enough(0)
        num_epoch_ends = ((step - self.begin) % self.steps_per_epoch + usual) // self.steps_per_epoch
        found = step + self._enough(num_epoch_ends)
        return found if found <= self.end else None

    def _enough(self, num_epoch_ends: int) -> int:
        steps = -(-self.num_rows // self.rows_per_step)
        return steps + (steps * self.rows_per_step - num_epoch_ends * self.missing < self.num_rows)


class Begun(NamedTuple):
    """The part of a probe that a call of the engine leaves to the next one: its steps so far, and what the first one changed.

    ``changes`` (1, layers), or (0, layers) if there are no steps.
    """

    seen: StepProbes
    changes: np.ndarray

    def add(self, seen: StepProbes, changes: np.ndarray) -> Begun:
        """With further steps, and what those of them changed that begin a probe."""
        return Begun(self.seen.followed_by(seen), np.append(self.changes, changes, axis=0))

    def probes(self, lengths: Sequence[int], widths: Sequence[int]) -> tuple[np.ndarray, Probe, np.ndarray, Begun]:
        """The probes that the first steps make, ``lengths`` steps each: losses, numbers, changes; and what is left."""
        end = sum(lengths)
        losses, found = pool(self.seen.part(slice(end)), np.cumsum([0, *lengths[:-1]]), widths)
        left = Begun(self.seen.part(slice(end, None)), self.changes[len(lengths) :])
        return losses, found, self.changes[: len(lengths)], left

    def to_dict(self) -> dict[str, Any]:
        """As arrays by name."""
        steps = self.seen._asdict()
        return {"found": steps.pop("found")._asdict(), "steps": steps, "changes": self.changes}

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> Begun:
        """What :meth:`to_dict` described."""
        return cls(StepProbes(found=Probe(**description["found"]), **description["steps"]), description["changes"])
