"""Measures on the way of several steps what the caller of a training wants to know."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamina.engine.executor import Executor, Probe, Watch
from lamina.engine.layer_buffers import unit_layers
from lamina.engine.probe import EDGES

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
        of_layers = np.empty((0, len(unit_layers(executor.program)) if watches else 0))
        nothing = dict.fromkeys(Probe._fields, of_layers) | {"histogram": np.empty((*of_layers.shape, len(EDGES) - 1))}
        for watch in watches:
            watch.losses, watch.found, watch.changes = np.empty(0), Probe(**nothing), of_layers

    def before(self, step: int) -> None:
        """Take the probes before a step, and keep the weights if its change is to be measured."""
        for watch in self._watches:
            if step in watch.probes:
                loss, found = self._executor.probe(watch.rows)
                watch.losses = np.append(watch.losses, loss)
                own = zip(Probe._fields, watch.found, found, strict=True)
                watch.found = Probe(**{name: np.append(before, [now], axis=0) for name, before, now in own})
        is_measured = any(step in watch.updates for watch in self._watches)
        self._before = np.array(self._executor.snapshot().parameters) if is_measured else None

    def after(self, step: int) -> None:
        """Measure what the step changed."""
        for watch in self._watches:
            if self._before is not None and step in watch.updates:
                watch.changes = np.append(watch.changes, [self._executor.weight_change(self._before)], axis=0)
