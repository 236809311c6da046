"""Trainings of a recipe with several seeds, each done once a process."""

from __future__ import annotations

import time
from functools import cache

from benchmarks.doctor.case import Case, Outcome
from benchmarks.doctor.programs.enumeration import SEEDS
from benchmarks.doctor.recipe import Recipe

__all__ = ["outcomes", "run", "seconds"]

_seconds: dict[tuple[Recipe, int], float] = {}


@cache
def run(recipe: Recipe, seed: int) -> Outcome:
    """The outcome of the training with this seed."""
    case = Case.of(recipe, seed)
    start = time.process_time()
    model = case.train()
    _seconds[recipe, seed] = time.process_time() - start
    return case.outcome(model)


def outcomes(recipe: Recipe, metric: str) -> list[float]:
    """The metric of every seed."""
    return [run(recipe, seed)[metric] for seed in SEEDS]


def seconds(recipe: Recipe) -> float:
    """Processor time of the slowest of the trainings."""
    return max(_seconds[recipe, seed] for seed in SEEDS)
