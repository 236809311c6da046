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


def halve(
    trial: Trial, therapies: Sequence[Therapy], budget: int, row_epochs: float = float("inf")
) -> tuple[list[Result], list[Result]]:
    """Train all for a part of their epochs, and the best three of them whole, on other rows.

    Successive halving (Jamieson & Talwalkar 2016; Li et al. 2018) with two rungs, since the trainings that are counted are few.

    Parameters
    ----------
    trial : Trial
    therapies : sequence of Therapy
        Without cures: the model as it was, which is trained for comparison alone.
    budget : int
        The most trainings.
    row_epochs : float
        When so many are used up, no further therapy is begun.

    Returns
    -------
    finalists, all_short : list of Result
        Each the best first, finalists by both of their scores; equal ones leave the order as it was.
    """
    short: list[Result] = []
    for therapy in therapies[:budget]:
        if trial.meter.row_epochs >= row_epochs:
            break
        short.append(trial.choose(therapy, _FIRST, _SHORT))
    short.sort(key=lambda result: -result.score)
    able = [result for result in short if result.therapy.cures and not result.problem]
    chosen = able[: min(_FINALISTS, budget - len(short))]
    whole = [trial.choose(result.therapy, _SECOND) for result in chosen]
    # of few rows one set says little
    both = sorted(zip(whole, chosen, strict=True), key=lambda pair: -(pair[0].score + pair[1].score))
    return [result for result, _ in both], short


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
        if tried[-1].score > best.score + gain:
            best = tried[-1]
    return best, tried
