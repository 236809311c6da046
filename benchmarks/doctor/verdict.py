"""Whether a program is what it claims: measured on rows that no training saw, never by its label.

A sick program must be worse than its twin by a margin: in the mean over the seeds and with its own seed. The margin is a number
of the metric or the spread of the twin's outcomes, whichever is larger; the spread is the largest less the smallest of the seeds.
The twin, as every healthy program, must be about as good as the data set's reference (``reference.py``): not worse by more than a
smaller number, or the reference's own spread. Where labels are learned, a healthy program's log loss counts, too: it would not be
healthy to be right and ever more sure of what is wrong. Nor may another healthy program do so much better on the same rows, which
``verify.py`` compares once all are measured. What fails is dropped, and keeps its name and the reason.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.doctor.programs.enumeration import SEEDS
from benchmarks.doctor.programs.program import Program
from benchmarks.doctor.recipe import Recipe
from benchmarks.doctor.reference import reference_for
from benchmarks.doctor.runs import outcomes, seconds

__all__ = ["MARGINS", "SECONDS", "TOLERANCES", "Verdict", "is_short", "verdict_on"]

#: By how much a sick program is worse than its twin, at least.
MARGINS = {"accuracy": 0.05, "balanced_accuracy": 0.08, "minus_log_loss": 0.1, "r2": 0.1}
#: By how much a healthy program may fall short of the reference.
TOLERANCES = {"accuracy": 0.04, "balanced_accuracy": 0.05, "minus_log_loss": 0.12, "r2": 0.05}
#: A training may take so much processor time.
SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Verdict:
    """Kept or dropped, the reason, and what was measured: outcomes by seed of program and twin, and the reference."""

    kept: bool
    reason: str
    outcomes: list[float]
    twin: list[float] | None
    reference: float
    seconds: float


def verdict_on(program: Program) -> Verdict:
    found = outcomes(program.recipe, program.metric)
    twin = None if program.twin is None else outcomes(program.twin, program.metric)
    took = seconds(program.recipe)
    reason = "" if took <= SECONDS else "its training takes too long"
    if twin is None:
        reason = reason or _why_not_healthy(program.recipe, program.seed)
    else:
        reason = reason or _why_not_sick(program, found, twin)
    reference, _ = reference_for(program.twin or program.recipe, program.metric)
    return Verdict(
        not reason, reason, _rounded(found), None if twin is None else _rounded(twin), round(reference, 4), round(took, 3)
    )


def _why_not_sick(program: Program, found: list[float], twin: list[float]) -> str:
    margin = max(MARGINS[program.metric], max(twin) - min(twin))
    own = SEEDS.index(program.seed)
    if np.mean(twin) - np.mean(found) < margin or twin[own] - found[own] < margin:
        return "not worse than its twin"
    assert program.twin is not None
    return "its twin is not healthy" if _falls_short(program.twin, program.seed, program.metric) else ""


def _why_not_healthy(recipe: Recipe, seed: int) -> str:
    metrics = ("accuracy", "minus_log_loss") if recipe.classifies and _gives_probabilities(recipe) else (_plain_metric(recipe),)
    short = [metric for metric in metrics if _falls_short(recipe, seed, metric)]
    return f"its {short[0]} is not that of the reference" if short else ""


def _gives_probabilities(recipe: Recipe) -> bool:
    return recipe.loss is None


def _plain_metric(recipe: Recipe) -> str:
    return "accuracy" if recipe.data_set.classifies else "r2"


def _falls_short(recipe: Recipe, seed: int, metric: str) -> bool:
    """Whether the outcomes, in the mean or with this seed, are worse than the reference's by more than the tolerance."""
    reference, spread = reference_for(recipe, metric)
    return _is_below(outcomes(recipe, metric), seed, reference - max(TOLERANCES[metric], spread))


def is_short(program: Program, found: list[float], best: list[float]) -> bool:
    """The same beside another program's outcomes."""
    bound = float(np.mean(best)) - max(TOLERANCES[program.metric], max(best) - min(best))
    return _is_below(found, program.seed, bound)


def _is_below(found: list[float], seed: int, bound: float) -> bool:
    return float(np.mean(found)) < bound or found[SEEDS.index(seed)] < bound


def _rounded(values: list[float]) -> list[float]:
    return [round(value, 4) for value in values]
