"""Probes as the compiled engine writes them: tables of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from lamina.engine.executor import Probe, StepProbes, Watch
from lamina.engine.extension import _native
from lamina.engine.probe import EDGES

__all__ = ["INNER_EDGES", "NUM_NUMBERS", "ProbedLayer", "WatchRecords", "probe_of"]

#: The buffers of a layer's sums and outputs, the op of its activation and its weights or -1, and the slope that is flat.
ProbedLayer: TypeAlias = tuple[int, int, int, int, float]

*_NAMES, _HISTOGRAM = Probe._fields
INNER_EDGES = np.array(EDGES[1:-1])
NUM_NUMBERS = len(_NAMES) + len(INNER_EDGES) + 1


def probe_of(table: np.ndarray) -> Probe:
    """The probe in a table (layers, NUM_NUMBERS), or the probes in several (p, layers, NUM_NUMBERS)."""
    columns = {name: table[..., place] for place, name in enumerate(_NAMES)}
    return Probe(**columns, **{_HISTOGRAM: table[..., len(_NAMES) :]})


class WatchRecords(NamedTuple):
    """A watch in the form that the engine reads and writes: ``Watch`` in csrc/executor/watch.hpp."""

    rows: _native.Batches
    layers: Sequence[ProbedLayer]
    edges: np.ndarray
    probes: np.ndarray
    own: np.ndarray
    updates: np.ndarray
    tables: np.ndarray
    losses: np.ndarray
    own_tables: np.ndarray
    own_losses: np.ndarray
    own_sizes: np.ndarray
    own_flat: np.ndarray
    changes: np.ndarray

    @classmethod
    def of(
        cls, watch: Watch, rows: _native.Batches, layers: Sequence[ProbedLayer], num_units: int, num_heads: int
    ) -> WatchRecords:
        """With room for what is to be found."""
        num_probes, num_own, num_updates = len(watch.probes), len(watch.own), len(watch.updates)
        return cls(
            rows,
            layers,
            INNER_EDGES,
            watch.probes,
            watch.own,
            watch.updates,
            tables=np.empty((num_probes, len(layers), NUM_NUMBERS)),
            losses=np.empty((num_probes, num_heads)),
            own_tables=np.empty((num_own, len(layers), NUM_NUMBERS)),
            own_losses=np.empty((num_own, num_heads)),
            own_sizes=np.empty((num_own, 2)),
            own_flat=np.zeros((num_own, num_units), dtype=bool),
            changes=np.empty((num_updates, len(layers))),
        )

    def tell(self, watch: Watch, steps_done: int, has_failed: bool) -> None:
        """Write into the watch what was found by a call after which ``steps_done`` steps are done."""
        num_probed, num_own = (int(np.searchsorted(steps, steps_done + has_failed)) for steps in (self.probes, self.own))
        num_measured = int(np.searchsorted(self.updates, steps_done))
        watch.losses = self.losses[:num_probed].sum(axis=1)
        watch.found = probe_of(self.tables[:num_probed])
        watch.seen = StepProbes(
            self.own_sizes[:num_own, 0],
            self.own_sizes[:num_own, 1],
            self.own_losses[:num_own].sum(axis=1),
            probe_of(self.own_tables[:num_own]),
            self.own_flat[:num_own],
        )
        watch.changes = self.changes[:num_measured]
