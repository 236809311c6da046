"""The search for the best therapy: successive halving, then combinations if trainings are left."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina.doctor.cures import Cure
from lamina.doctor.cures.refinements import refinements
from lamina.doctor.cures.standard_recipe import standard_recipe
from lamina.doctor.diagnosis import Diagnosis
from lamina.doctor.therapy import Therapy
from lamina.doctor.trial import Result, Trial
from lamina.search import successive_halving

__all__ = ["Contender", "best_therapy", "combine", "halve", "num_first"]

_FINALISTS = (3, 2, 2)  # that are trained whole, each time on other rows
_SHORT = 0.5  # of the epochs
_LEAST_LEAD = 0.005
_COMBINATIONS = 3
_OF_THE_TARGET = {"loss", "class_weight"}


@dataclass(frozen=True, eq=False, slots=True)
class Contender:
    """A therapy and its trainings so far.

    Attributes
    ----------
    therapy : Therapy
    short : Result or None
        For a part of its epochs, on the first set of rows.
    whole : list of Result
        Whole, on further sets of rows in turn.
    """

    therapy: Therapy
    short: Result | None
    whole: list[Result]

    @property
    def results(self) -> list[Result]:
        return [*([] if self.short is None else [self.short]), *self.whole]

    @property
    def has_failed(self) -> bool:
        return any(result.problem for result in self.results)

    @property
    def standing(self) -> tuple[int, float]:
        """How far it came, and what it reached on all sets: of few rows one set says little."""
        return len(self.results), sum(result.rank for result in self.results)

    def is_clearly_above(self, other: Contender) -> bool:
        """Whether it is better than another on the same sets, by more than 0.005 and more than one standard error of that.

        The smaller one of two therapies within one standard error is preferred (Breiman et al. 1984, section 3.4.3).
        """
        pairs = list(zip(self.whole, other.whole, strict=False))
        lead = float(np.mean([own.rank - its.rank for own, its in pairs]))
        if not math.isfinite(lead):
            return lead > 0
        differences = np.concatenate([own.values - its.values for own, its in pairs])
        return lead > max(_LEAST_LEAD, float(differences.std(ddof=1)) / math.sqrt(len(differences)))


def best_therapy(trial: Trial, diagnosis: Diagnosis, budget: int) -> tuple[Therapy, list[Result]]:
    """The therapy that did best on the rows to choose by, and all that was tried.

    Cures of the diagnosis and the standard recipes are halved; what is left of the budget goes to combinations of the best with
    the others, and to its refinements.
    """
    words, setup = trial.patient.words, diagnosis.case.setup
    first, recipes = num_first(budget), _recipes(trial, diagnosis)
    cures = [Therapy((cure,)) for cure in diagnosis.cures[: max(first - len(recipes), first // 2)]]
    contenders = halve(trial, [*cures, *recipes][:first], budget)
    tried = [result for contender in contenders for result in contender.results]
    best, *others = contenders
    if best.has_failed:
        return Therapy(), tried
    further = [other.therapy.cures[-1] for other in others if not other.has_failed]
    best, combined = combine(trial, best, further[:_COMBINATIONS], budget - len(tried))
    tried += combined
    best, refined = combine(trial, best, refinements(best.therapy.changes, words, setup), budget - len(tried), first=True)
    return best.therapy, tried + refined


def _recipes(trial: Trial, diagnosis: Diagnosis) -> list[Therapy]:
    """The standard recipes, with what the diagnosis says of the target, of which no recipe knows.

    A loss is asked for where outliers are; by the standard deviation that they make, the other targets would all be near 0.
    """
    asked = Therapy(tuple(cure for cure in diagnosis.cures if cure.changes.keys() <= _OF_THE_TARGET))
    words = trial.patient.words - ({"scale_targets"} if "loss" in asked.changes else set())
    recipes = standard_recipe(words, diagnosis.case.setup)
    return [longer for recipe in recipes if (longer := asked.with_cure(recipe)) is not None]


def num_first(budget: int) -> int:
    """How many short trainings a budget allows for, so that the finalists are trained, too.

    >>> num_first(14), num_first(4)
    (7, 2)
    """
    finals = sum(_FINALISTS)
    return budget - finals if budget >= 2 * finals else -(-budget // 2)


def halve(trial: Trial, therapies: Sequence[Therapy], budget: int, row_epochs: float = math.inf) -> list[Contender]:
    """Train all for a part of their epochs, the best three whole on other rows, and the best two of these on others again.

    Successive halving with few rungs, since the trainings that are counted are few.

    Parameters
    ----------
    trial : Trial
    therapies : sequence of Therapy
    budget : int
        The most trainings.
    row_epochs : float
        When so many are used up, no further therapy is begun.

    Returns
    -------
    list of Contender
        The best first; equal ones in the order of their therapies.
    """
    contenders: list[Contender] = []
    for therapy in therapies[:budget]:
        if trial.meter.row_epochs >= row_epochs:
            break
        contenders.append(Contender(therapy, trial.choose(therapy, 0, _SHORT), []))
    left = budget - len(contenders)

    def advance(finalists: list[Contender], split: int) -> bool:
        nonlocal left
        going_on = finalists[:left]
        if split > 1 and len(going_on) < _FINALISTS[split - 1]:
            return False  # nothing to compare with
        for contender in going_on:
            contender.whole.append(trial.choose(contender.therapy, split))
        left -= len(going_on)
        return True

    def sound(contenders: Sequence[Contender]) -> list[Contender]:
        return [contender for contender in _ranked(contenders) if not contender.has_failed]

    successive_halving(contenders, _FINALISTS, ranked=sound, advance=advance)
    return _ranked(contenders)


def _ranked(contenders: Sequence[Contender]) -> list[Contender]:
    def order(contender: Contender) -> tuple[bool, int, float]:
        reached, rank = contender.standing
        return contender.has_failed, -reached, -rank

    return sorted(contenders, key=order)


def combine(
    trial: Trial, best: Contender, cures: Sequence[Cure], budget: int, *, first: bool = False
) -> tuple[Contender, list[Result]]:
    """Add one cure after the other to the best therapy; what does not clearly add on all sets of rows is left out.

    Where both change the same, the best therapy decides; with ``first``, the cure that is added.

    Returns
    -------
    best : Contender
    tried : list of Result
        All trainings, in order.
    """
    tried: list[Result] = []
    for cure in cures:
        longer = best.therapy.with_cure(cure, first=first)
        if longer is None or not 0 < len(best.whole) <= budget - len(tried):
            continue
        contender = Contender(longer, None, [])
        for split, known in enumerate(best.whole, start=1):
            contender.whole.append(trial.choose(longer, split))
            if not contender.whole[-1].rank > known.rank:
                break
        tried += contender.whole
        if len(contender.whole) == len(best.whole) and contender.is_clearly_above(best):
            best = contender
    return best, tried
