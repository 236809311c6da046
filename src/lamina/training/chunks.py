"""Divides an epoch into native calls.

An epoch is one call unless it is long: then it is several, so that Ctrl-C, time limits and progress bars are handled about every
half second. The results do not depend on it.
"""

from __future__ import annotations

import time

from lamina.training.callbacks.callback import Run
from lamina.training.epoch import Epoch
from lamina.training.moments import Moments
from lamina.training.steppers.stepper import Stepper

__all__ = ["ChunkSize", "run_in_chunks"]

_FIRST = 16
_MAX_GROWTH = 10


class ChunkSize:
    """The number of steps per call, adapted so that a call takes about ``target_s`` seconds.

    Parameters
    ----------
    target_s : float, default=0.4
        Target duration of a call.
    multiple : int, default=1
        The number is a multiple of this one: so many steps belong together.

    Examples
    --------
    >>> size = ChunkSize(target_s=0.4)
    >>> size.steps
    16
    >>> size.observe(steps=16, duration_s=0.08)
    >>> size.steps
    80
    """

    def __init__(self, target_s: float = 0.4, multiple: int = 1) -> None:
        self.target_s = target_s
        self._multiple = multiple
        self.steps = self._rounded(_FIRST)

    def observe(self, steps: int, duration_s: float) -> None:
        """Adapt to a call of ``steps`` steps that took ``duration_s``."""
        # A short call says little about a long one, so growth is limited.
        fitting = steps * self.target_s / max(duration_s, 1e-9)
        self.steps = self._rounded(int(min(fitting, max(steps, self.steps) * _MAX_GROWTH)))

    def _rounded(self, steps: int) -> int:
        return self._multiple * max(1, -(-steps // self._multiple))


def run_in_chunks(run: Run, epoch: Epoch, stepper: Stepper, moments: Moments, size: ChunkSize) -> None:
    """Take the steps of an epoch's part, in as few calls as possible, until ``run`` stops or a step fails."""
    while not epoch.part_is_over and run.stop_reason is None:
        due = moments.due(run)
        num_steps = min(epoch.steps_left, size.steps, *(step - run.step for _, step in due))
        order, values = epoch.next_chunk(num_steps)
        first_step = run.step
        began = time.perf_counter()
        watches = moments.watches(run, num_steps)
        given = epoch.data, order, epoch.batch_size, first_step, values
        result = run.executor.train(*given, watches) if watches else stepper.train(*given)
        size.observe(num_steps, time.perf_counter() - began)
        epoch.add(result)
        run.step += len(result.losses)
        moments.call("on_steps_done", run, first_step, result)
        if epoch.failure is None:
            moments.call_due(due, run, result.losses)
            if not epoch.is_over:
                moments.call("on_chunk_end", run, epoch.steps_done)
