"""What follows from the scores: ranks, normalized scores, wins, and ratios of errors and times.

Seeds of a set are averaged before sets are, so that a set counts once however often it was split. Intervals are of a bootstrap
over sets, since two splits of a set say less than two sets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy.stats import rankdata

__all__ = ["Cells", "Duel", "Measure", "Standing", "cells_of", "duel", "error_of", "largest", "mean_by_set", "standings", "up_to"]

Measure = Literal["error", "log_loss"]
"""What decides between classifiers; numbers are always judged by their RMSE."""

Cell = tuple[str, int, int]
"""Set, training rows and seed."""

Cells = dict[Cell, dict[str, dict[str, Any]]]
"""The lines of a cell, by model."""

_SHIFT = 0.01  # of errors before their ratio is taken, as of errors of 0 there is none (Holzmüller et al. 2024, section 2.2)
_DRAWS = 4_000


@dataclass(frozen=True, slots=True)
class Standing:
    """A model among several, on the same cells: ``score`` is 1 where it is the best, 0 where it is the worst."""

    mean_rank: float
    score: float
    first: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Duel:
    """Ours against one peer; pairs are bounds of 95 %.

    ``wins`` is the share of set × seed in which ours has the smaller error, a tie as half a win; ``error`` the geometric mean of
    our error over the peer's; ``time`` and ``most_time`` our processor time over the peer's, as geometric mean and at most.
    """

    sets: int
    cells: int
    wins: float
    wins_within: tuple[float, float]
    error: float
    error_within: tuple[float, float]
    time: float
    most_time: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def cells_of(lines: Iterable[Mapping[str, Any]]) -> Cells:
    """The lines that have scores, by cell and model."""
    cells: Cells = defaultdict(dict)
    for line in lines:
        if "scores" in line:
            cells[line["set"], line["train_rows"], line["seed"]][line["model"]] = dict(line)
    return dict(cells)


def up_to(cells: Cells, most_rows: int) -> Cells:
    """Those with so many training rows at most."""
    return {cell: found for cell, found in cells.items() if cell[1] <= most_rows}


def largest(cells: Cells, most_rows: int) -> Cells:
    """Of those of each set, the ones with most training rows."""
    cells = up_to(cells, most_rows)
    rows_of = {name: max(rows for other, rows, _ in cells if other == name) for name, _, _ in cells}
    return {cell: found for cell, found in cells.items() if cell[1] == rows_of[cell[0]]}


def error_of(line: Mapping[str, Any], measure: Measure) -> float:
    """The RMSE over that of the mean, or what decides between classifiers."""
    return float(line["scores"]["relative_rmse" if line["task"] == "regression" else measure])


def standings(cells: Cells, models: list[str], measure: Measure) -> dict[str, Standing]:
    """Of each model, over cells in which all of them have a result; nothing where there are none."""
    if not cells:
        return {}
    errors = {cell: np.array([error_of(found[model], measure) for model in models]) for cell, found in cells.items()}
    ranks = mean_by_set({cell: rankdata(values) for cell, values in errors.items()})
    worth = mean_by_set({cell: _normalized(values) for cell, values in errors.items()})
    first = mean_by_set({cell: _shares_of_first(values) for cell, values in errors.items()})
    means = (np.mean(list(values.values()), axis=0) for values in (ranks, worth, first))
    return {model: Standing(*map(float, row)) for model, row in zip(models, np.transpose(list(means)), strict=True)}


def duel(cells: Cells, ours: str, peer: str, measure: Measure) -> Duel | None:
    """Over the cells in which both have a result; None if there are none."""
    pairs = {cell: (found[ours], found[peer]) for cell, found in cells.items() if ours in found and peer in found}
    if not pairs:
        return None
    errors = {cell: tuple(error_of(line, measure) for line in pair) for cell, pair in pairs.items()}
    wins = mean_by_set({cell: _win(*pair) for cell, pair in errors.items()})
    ratios = mean_by_set({cell: np.log((our + _SHIFT) / (their + _SHIFT)) for cell, (our, their) in errors.items()})
    times = mean_by_set({cell: np.log(our["fit_cpu_s"] / their["fit_cpu_s"]) for cell, (our, their) in pairs.items()})
    return Duel(
        len(wins),
        len(pairs),
        float(np.mean(list(wins.values()))),
        _within(list(wins.values())),
        float(np.exp(np.mean(list(ratios.values())))),
        _within(list(ratios.values()), np.exp),
        float(np.exp(np.mean(list(times.values())))),
        float(np.exp(max(times.values()))),
    )


def mean_by_set(values: Mapping[Cell, Any]) -> dict[tuple[str, int], Any]:
    """Means over the seeds, by set and training rows."""
    gathered: dict[tuple[str, int], list[Any]] = defaultdict(list)
    for (name, rows, _), value in values.items():
        gathered[name, rows].append(value)
    return {of_set: np.mean(found, axis=0) for of_set, found in gathered.items()}


def _normalized(errors: np.ndarray) -> np.ndarray:
    """From 0, the worst, to 1, the best (McElfresh et al. 2023)."""
    spread = errors.max() - errors.min()
    return (errors.max() - errors) / spread if spread else np.ones(len(errors))


def _shares_of_first(errors: np.ndarray) -> np.ndarray:
    best = errors == errors.min()
    return best / best.sum()


def _win(our_error: float, their_error: float) -> float:
    return float(our_error < their_error) + 0.5 * float(our_error == their_error)


def _within(by_set: list[float], scale: Callable[[Any], Any] = lambda value: value) -> tuple[float, float]:
    """The middle 95 % of the means of sets drawn anew (Efron 1979)."""
    draws = np.random.default_rng(0).choice(by_set, (_DRAWS, len(by_set))).mean(axis=1)
    low, high = scale(np.quantile(draws, [0.025, 0.975]))
    return float(low), float(high)
