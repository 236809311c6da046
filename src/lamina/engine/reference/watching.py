"""Measures on the way of several steps what the caller of a training wants to know."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamina.engine.executor import Executor, Watch

__all__ = ["Watching"]


class Watching:
    """The watches of one call: what they ask for is measured before and after each of its steps.

    Parameters
    ----------
    executor : Executor
        The one that takes the steps.
    watches : sequence of Watch
    """

    def __init__(self, executor: Executor, watches: Sequence[Watch]) -> None:
        self._executor = executor
        self._watches = watches
        self._before: np.ndarray | None = None

    def before(self, step: int) -> None:
        """Take the probes before a step, and keep the weights if its change is to be measured."""
        for watch in self._watches:
            if step in watch.probes:
                loss, found = self._executor.probe(watch.rows)
                watch.losses.append(loss)
                watch.found.append(found)
        is_measured = any(step in watch.updates for watch in self._watches)
        self._before = np.array(self._executor.snapshot().parameters) if is_measured else None

    def after(self, step: int) -> None:
        """Measure what the step changed."""
        for watch in self._watches:
            if self._before is not None and step in watch.updates:
                watch.changes.append(self._executor.weight_change(self._before))
