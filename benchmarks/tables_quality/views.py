"""The ways to look at the results: which cells, and what decides between models there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.tables_quality.figures import Cells, Duel, Measure, Standing, duel, largest, standings, up_to
from benchmarks.tables_quality.models import OURS, PEERS

__all__ = ["MOST_ROWS", "SLOW", "VIEWS", "View", "complete", "models_in", "to_json"]

MOST_ROWS = 10_000
"""Training rows at most of the figures; what was trained on more has a table a set."""

SLOW = tuple(model.name for model in PEERS if model.is_slow)
_QUICK = tuple(model.name for model in PEERS if not model.is_slow)


@dataclass(frozen=True, slots=True)
class View:
    """``tasks`` are those whose tables count, and ``measure`` decides between classifiers."""

    title: str
    tasks: tuple[str, ...]
    measure: Measure

    def duels(self, cells: Cells, ours: str) -> dict[str, Duel]:
        """Against each other model. Slow peers may have been given fewer rows: for them, all cells up to the most rows count."""
        usual, any_rows = self._of_tasks(largest(cells, MOST_ROWS)), self._of_tasks(up_to(cells, MOST_ROWS))
        others = [model for model in models_in(cells) if model != ours]
        fights = {other: duel(any_rows if other in SLOW else usual, ours, other, self.measure) for other in others}
        return {other: fight for other, fight in fights.items() if fight is not None}

    def standings(self, cells: Cells, ours: str, slow: str | None = None) -> tuple[int, dict[str, Standing]]:
        """How many cells count, and the standing of each model in them."""
        models, chosen = complete(self._of_tasks(cells), ours, slow)
        return len(chosen), standings(chosen, models, self.measure)

    def _of_tasks(self, cells: Cells) -> Cells:
        return {cell: found for cell, found in cells.items() if next(iter(found.values()))["task"] in self.tasks}


VIEWS = (
    View("All tables, by error", ("regression", "binary", "multiclass"), "error"),
    View("Classes, by error", ("binary", "multiclass"), "error"),
    View("Classes, by log loss", ("binary", "multiclass"), "log_loss"),
    View("Numbers, by error", ("regression",), "error"),
)


def models_in(cells: Cells) -> list[str]:
    """What was measured: states of Lamina first, then the peers."""
    measured = {model for found in cells.values() for model in found}
    return [*sorted(name for name in measured if name.startswith(OURS)), *(name for name in (*_QUICK, *SLOW) if name in measured)]


def complete(cells: Cells, ours: str, slow: str | None = None) -> tuple[list[str], Cells]:
    """The models to compare, and the cells in which all of them have a result.

    These are ours, the quick peers and, where one is named, a slow one; other states of Lamina if they miss none of those cells.
    """
    known = [model for model in models_in(cells) if model not in SLOW or model == slow]
    asked = {model for model in known if model in (ours, slow, *_QUICK)}
    chosen = up_to(cells, MOST_ROWS) if slow else largest(cells, MOST_ROWS)
    chosen = {cell: found for cell, found in chosen.items() if asked <= found.keys()}
    return [model for model in known if all(model in found for found in chosen.values())], chosen


def to_json(cells: Cells, ours: str) -> dict[str, Any]:
    """The figures of all views."""
    return {
        view.title: {
            "duels": {peer: fight.to_dict() for peer, fight in view.duels(cells, ours).items()},
            "standings": {model: standing.to_dict() for model, standing in view.standings(cells, ours)[1].items()},
        }
        for view in VIEWS
    }
