"""Probes as the compiled engine writes them: tables of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lamina.engine.executor import Probe, Watch
from lamina.engine.extension import _native
from lamina.engine.probe import EDGES

__all__ = ["INNER_EDGES", "NUM_NUMBERS", "WatchRecords", "probe_of"]

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
    layers: Sequence[tuple[int, int, int, int, float]]
    edges: np.ndarray
    probes: np.ndarray
    updates: np.ndarray
    tables: np.ndarray
    losses: np.ndarray
    changes: np.ndarray

    @classmethod
    def of(
        cls, watch: Watch, rows: _native.Batches, layers: Sequence[tuple[int, int, int, int, float]], num_heads: int
    ) -> WatchRecords:
        """With room for what is to be found."""
        num_probes, num_updates = len(watch.probes), len(watch.updates)
        return cls(
            rows,
            layers,
            INNER_EDGES,
            watch.probes,
            watch.updates,
            np.empty((num_probes, len(layers), NUM_NUMBERS)),
            np.empty((num_probes, num_heads)),
            np.empty((num_updates, len(layers))),
        )

    def tell(self, watch: Watch, steps_done: int, has_failed: bool) -> None:
        """Write into the watch what was found by a call after which ``steps_done`` steps are done."""
        num_probed = int(np.searchsorted(self.probes, steps_done, "right" if has_failed else "left"))
        num_measured = int(np.searchsorted(self.updates, steps_done))
        watch.losses = self.losses[:num_probed].sum(axis=1)
        watch.found = probe_of(self.tables[:num_probed])
        watch.changes = self.changes[:num_measured]
