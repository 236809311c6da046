"""The search for the best therapy: successive halving, then combinations."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lamina.doctor.cures import Cure
from lamina.doctor.therapy import Therapy
from lamina.doctor.trial import Result, Trial

__all__ = ["combine", "halve", "num_first"]

_FINALISTS, _LAST = 3, 2
_SHORT = 0.5  # of the epochs
_FIRST, _SECOND, _THIRD = 0, 1, 2  # numbers of the splits


def num_first(budget: int, *, combines: bool) -> int:
    """How many short trainings a budget allows for, so that the finalists, and two combinations, are trained, too.

    >>> num_first(14, combines=True), num_first(14, combines=False), num_first(4, combines=True)
    (7, 9, 2)
    """
    finals = _FINALISTS + _LAST
    return budget - finals - (2 if combines else 0) if budget >= 2 * finals else -(-budget // 2)


def halve(
    trial: Trial, therapies: Sequence[Therapy], budget: int, row_epochs: float = math.inf
) -> tuple[list[Result], list[Result]]:
    """Train all for a part of their epochs, the best three whole on other rows, and the best two of these once more.

    Successive halving (Jamieson & Talwalkar 2016; Li et al. 2018) with few rungs, since the trainings that are counted are few.
    Of few rows one set says little: therapies are compared by the sum of what they reached on all sets.

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
    finalists : list of Result
        Of whole trainings on the second set of rows, the best first.
    others : list of Result
        All other trainings; equal scores leave the order as it was.
    """
    short: list[Result] = []
    for therapy in therapies[:budget]:
        if trial.meter.row_epochs >= row_epochs:
            break
        short.append(trial.choose(therapy, _FIRST, _SHORT))
    short.sort(key=lambda result: -result.rank)
    reached = {result.therapy: result.rank for result in short if not result.problem}
    finalists = [trial.choose(therapy, _SECOND) for therapy in [*reached][: min(_FINALISTS, budget - len(short))]]
    finalists.sort(key=lambda result: -(result.rank + reached[result.therapy]))
    last = finalists[: min(_LAST, budget - len(short) - len(finalists))]
    again = [trial.choose(result.therapy, _THIRD) for result in last] if len(last) == _LAST else []
    for result in again:
        reached[result.therapy] += result.rank
    last.sort(key=lambda result: -(result.rank + reached[result.therapy]))
    return last + finalists[len(last) :], short + again


def combine(
    trial: Trial, best: Result, cures: Sequence[Cure], budget: int, gain: float, *, first: bool = False
) -> tuple[Result, list[Result]]:
    """Add one cure after the other to the best therapy, each on the same rows; what adds no more than ``gain`` is left out.

    Where both change the same, the best therapy decides; with ``first``, the cure that is added.

    Returns
    -------
    best : Result
    tried : list of Result
        All combinations, in order.
    """
    tried: list[Result] = []
    for cure in cures:
        longer = best.therapy.with_cure(cure, first=first)
        if longer is None or len(tried) >= budget:
            continue
        tried.append(trial.choose(longer, _SECOND))
        if tried[-1].rank > best.rank + gain:
            best = tried[-1]
    return best, tried
