"""Measures on the way of several steps what the caller of a training wants to know."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamina.engine.executor import Executor, Observation, Probe, StepProbes, Watch
from lamina.engine.formulas.array import in_numpy
from lamina.engine.layer_buffers import unit_layers, unit_widths
from lamina.engine.probe import EDGES, flat_units, probe

__all__ = ["Watching"]


class Watching:
    """The watches of one call: what they ask for is measured before, within and after each of its steps.

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
        if not watches:
            return
        program = executor.program
        of_layers = np.empty((0, len(unit_layers(program))))
        nothing = Probe(**dict.fromkeys(Probe._fields, of_layers) | {"histogram": np.empty((*of_layers.shape, len(EDGES) - 1))})
        no_units = np.empty((0, sum(unit_widths(program))), dtype=bool)
        for watch in watches:
            watch.losses, watch.found, watch.changes = np.empty(0), nothing, of_layers
            watch.seen = StepProbes(np.empty(0), np.empty(0), np.empty(0), nothing, no_units)

    def is_due(self, step: int) -> bool:
        """Whether anything is measured at a step."""
        return any(step in numbers for watch in self._watches for numbers in (watch.probes, watch.updates, watch.own))

    def before(self, step: int) -> None:
        """Take the probes before a step, and keep the weights if its change is to be measured."""
        for watch in self._watches:
            if step in watch.probes:
                loss, found = self._executor.probe(watch.rows)
                watch.losses = np.append(watch.losses, loss)
                watch.found = _appended(watch.found, found)
        is_measured = any(step in watch.updates for watch in self._watches)
        self._before = in_numpy(self._executor.snapshot().parameters) if is_measured else None

    def looks_within(self, step: int) -> bool:
        """Whether the rows of a step are looked at."""
        return any(step in watch.own for watch in self._watches)

    def within(self, step: int, seen: Observation, num_rows: int) -> None:
        """Look at a step, after its first half."""
        assert seen.gradient is not None
        program = self._executor.program
        loss, weight_sum = seen.gradient.losses.sum(), seen.gradient.weight_sum
        reached = program.needs_gradient()
        known = seen._replace(d_values={b: array for b, array in seen.d_values.items() if b in reached})
        found = probe(program, in_numpy(self._executor.snapshot().parameters), known, weight_sum)
        for watch in self._watches:
            if step not in watch.own:
                continue
            own = found if step in watch.updates else _without_weights(found)
            alone = Probe(*(column[np.newaxis] for column in own))
            rows, weight, mean = (np.array([number], dtype=np.float64) for number in (num_rows, weight_sum, loss))
            watch.seen = watch.seen.followed_by(StepProbes(rows, weight, mean, alone, flat_units(program, seen)[np.newaxis]))

    def after(self, step: int) -> None:
        """Measure what the step changed."""
        for watch in self._watches:
            if self._before is not None and step in watch.updates:
                watch.changes = np.append(watch.changes, [self._executor.weight_change(self._before)], axis=0)


def _appended(probes: Probe, found: Probe) -> Probe:
    own = zip(Probe._fields, probes, found, strict=True)
    return Probe(**{name: np.append(before, [now], axis=0) for name, before, now in own})


def _without_weights(found: Probe) -> Probe:
    nothing = np.full_like(found.weight_norm, np.nan)
    return found._replace(**{name: nothing for name in Probe._fields if name.startswith("weight_") or name == "distinct"})
