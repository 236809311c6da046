"""The search for the best therapy: successive halving, then combinations."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.doctor.cures import Cure
from lamina.doctor.therapy import Therapy
from lamina.doctor.trial import Result, Trial

__all__ = ["combine", "halve", "num_first"]

_FINALISTS = 3
_SHORT = 0.5  # of the epochs
_FIRST, _SECOND = 0, 1  # numbers of the splits


def num_first(budget: int, *, combines: bool) -> int:
    """How many short trainings a budget allows for, so that finalists, and their combinations, are trained, too.

    >>> num_first(14, combines=True), num_first(14, combines=False), num_first(3, combines=True)
    (8, 11, 2)
    """
    finalists = min(_FINALISTS, budget // 2)
    return budget - finalists * (2 if combines and budget >= 4 * _FINALISTS else 1)


def halve(trial: Trial, therapies: Sequence[Therapy], budget: int, row_epochs: float = float("inf")) -> list[Result]:
    """Train all for a part of their epochs, and the best three of them whole on other rows; these come first, the best first.

    Equal scores leave the order as it was. Successive halving (Jamieson & Talwalkar 2016; Li et al. 2018) with two rungs, since
    the trainings that are counted are few.

    Parameters
    ----------
    trial : Trial
    therapies : sequence of Therapy
    budget : int
        The most trainings.
    row_epochs : float
        When so many are used up, no further therapy is begun.
    """
    first: list[Result] = []
    for therapy in therapies[:budget]:
        if trial.meter.row_epochs >= row_epochs:
            break
        first.append(trial.choose(therapy, _FIRST, _SHORT))
    ranked = sorted(first, key=lambda result: -result.score)
    finalists = [result for result in ranked if result.therapy.cures and not result.problem][:_FINALISTS]
    finalists = finalists[: max(budget - len(first), 0)]
    whole = [trial.choose(result.therapy, _SECOND) for result in finalists]
    return sorted(whole, key=lambda result: -result.score) + [result for result in ranked if result not in finalists]


def combine(trial: Trial, best: Result, cures: Sequence[Cure], budget: int, gain: float) -> tuple[Result, list[Result]]:
    """Add one cure after the other to the best therapy, each on the same rows; what adds no more than ``gain`` is left out.

    Returns
    -------
    best : Result
    tried : list of Result
        All combinations, in order.
    """
    tried: list[Result] = []
    for cure in cures:
        longer = best.therapy.with_cure(cure)
        if longer is None or len(tried) >= budget:
            continue
        tried.append(trial.choose(longer, _SECOND))
        if tried[-1].score > best.score + gain:
            best = tried[-1]
    return best, tried
