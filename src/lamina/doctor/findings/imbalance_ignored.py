"""Imbalance ignored: a rare class could be recognized, and the model hardly ever says it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina.doctor.case import Case
from lamina.doctor.cures import Cure
from lamina.doctor.finding import Evidence, Finding
from lamina.doctor.outcome import Outcome
from lamina.doctor.rows import rare_labels

__all__ = ["find"]

# He and Garcia, "Learning from Imbalanced Data", 2009: recall shows what accuracy hides.
_IGNORED, _NEGLECTED = 0.2, 0.5
# Of recall less the share of other rows that are called so, too (Youden 1950), that plain models reach when all classes count the
# same. Recall alone is had by saying the class often.
_GAIN = 0.3
_FEWEST_ROWS = 3
# With few rows of a class a share says little; how likely chance is to do the same says it.
_CHANCE_OF_CONTROL, _CHANCE_OF_MODEL = 0.01, 0.05

_CURE = Cure(
    "weigh the classes",
    {"class_weight": "balanced"},
    "An error in a rare class then costs as much as all its rows are few.",
    "L10",
)


@dataclass(frozen=True, slots=True)
class _Neglected:
    """A rare class that the control recognizes and the model does not, by the rows that were held out.

    ``gain`` is of recall less the share of other rows that are called so; ``is_silent``: the model says it less often than it
    comes, by more than chance explains.
    """

    label: object
    rows: int
    recall: float
    possible: float
    gain: float
    said: int
    is_silent: bool


def find(case: Case) -> Finding | None:
    """The accuracy is as good as it gets, and a rare class is not found although the inputs tell it."""
    found = _neglected(case)
    if not found:
        return None
    worst = max(found, key=lambda each: each.gain)
    is_ignored = worst.recall < _IGNORED and worst.is_silent
    return Finding(
        "imbalance_ignored",
        "harm" if is_ignored else "hint",
        0.9 if is_ignored else 0.6,
        (
            Evidence(f"held-out recall of class {worst.label}", worst.recall, _NEGLECTED, is_above=False),
            Evidence("its recall by a plain model to which all classes count the same", worst.possible),
            Evidence("gain of recall beyond that of false alarms", worst.gain, _GAIN),
            Evidence("held-out rows of it", worst.rows),
            Evidence("held-out rows that the model calls so", worst.said),
            Evidence("rare classes that are so neglected", len(found)),
        ),
        "Every row counts the same in the loss, so the few rows of a rare class hardly move the weights. The accuracy does "
        "not show it: a model that never says the rare class is right in all other rows.",
        "L10",
        (_CURE,),
    )


def _neglected(case: Case) -> list[_Neglected]:
    # A model that stays behind in accuracy too has something else that ails it.
    if case.by_class is None or case.by_class.control is None or case.is_behind:
        return []
    own, control = case.by_class.own, case.by_class.control
    if len(own.said) != len(control.said) or not control.held_out > own.held_out + own.margin:
        return []
    rare = rare_labels(own.truth)
    found = (_compared(own, control, label, len(rare)) for label in rare)
    return [each for each in found if each is not None]


def _compared(own: Outcome, control: Outcome, label: object, trials: int) -> _Neglected | None:
    of_class = own.truth == label
    rows, said = int(of_class.sum()), int((own.said == label).sum())
    hits, possible = own.said[of_class] == label, control.said[of_class] == label
    recall, reach = float(hits.mean()), float(possible.mean())
    alarms, alarms_of_control = own.said[~of_class] == label, control.said[~of_class] == label
    gain = (reach - float(alarms_of_control.mean())) - (recall - float(alarms.mean()))
    if rows < _FEWEST_ROWS or not recall < _NEGLECTED or not gain >= _GAIN:
        return None
    is_told = _chance_of_so_many(int(possible.sum()), rows, alarms_of_control) < _CHANCE_OF_CONTROL / trials
    is_better = _chance_of_difference(hits, possible) < _CHANCE_OF_MODEL / trials
    is_silent = _chance_of_so_few(said, rows) < _CHANCE_OF_MODEL / trials
    return _Neglected(label, rows, recall, reach, gain, said, is_silent) if is_told and (is_better or is_silent) else None


def _chance_of_so_many(hits: int, rows: int, alarms: np.ndarray) -> float:
    """That rows of the class are called so as often, if they are no more like it than all others are."""
    from scipy.stats import binom

    rate = (alarms.sum() + 1) / (len(alarms) + 2)
    return float(binom.sf(hits - 1, rows, rate))


def _chance_of_difference(own: np.ndarray, control: np.ndarray) -> float:
    """That one of two equally good models recognizes so many more of the same rows (McNemar 1947, exact)."""
    from scipy.stats import binom

    won, lost = int((control & ~own).sum()), int((own & ~control).sum())
    return float(binom.sf(won - 1, won + lost, 0.5))


def _chance_of_so_few(said: int, rows: int) -> float:
    """That a model says a class so seldom, if it says it as often as it comes."""
    from scipy.stats import poisson

    return float(poisson.cdf(said, rows))
