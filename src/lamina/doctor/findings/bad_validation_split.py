"""A bad validation split: held-out rows that are not like the training rows, or are the training rows."""

from __future__ import annotations

import math

from lamina.doctor.case import Case
from lamina.doctor.cures import Cure
from lamina.doctor.finding import Evidence, Finding
from lamina.doctor.probes.data_facts import DataFacts

__all__ = ["find"]

_CHANCE = 1e-6  # of parts that a random split makes; the distances keep large tables from alarms about nothing
_DISTANCE = 0.3
_ABSENT = 0.1
_SHARED = 0.2

_CURE = Cure(
    "draw the held-out rows at random", {"shuffle_split": True}, "Both parts then have the same classes and values.", "L20"
)


def find(case: Case) -> Finding | None:
    """The held-out rows, by which a training is judged and stopped, differ from those it learns from."""
    evidence = _evidence(case.data)
    if not evidence:
        return None
    return Finding(
        "bad_validation_split",
        _severity(case),
        0.9 if case.is_behind else 0.7,
        tuple(evidence),
        "The validation rows stand for new rows: they tell when to stop and which weights to keep. Where they are unlike the "
        "training rows, as when a sorted table is cut in two, or are the same rows, they tell something else.",
        "L20",
        (_CURE,),
    )


def _severity(case: Case) -> str:
    """What stops a training and picks its weights does certain harm; what is only looked at may mislead."""
    if not case.is_behind:
        return "hint"
    return "certain harm" if case.setup.stops_on_validation else "harm"


def _evidence(data: DataFacts) -> list[Evidence]:
    split, found = data.split, []
    if split is None:
        return []
    if split.target_chance < _CHANCE:
        what = "difference of the classes' shares" if data.classes is not None else "difference of the targets' distributions"
        if split.target_distance > _DISTANCE:
            found.append(Evidence(f"{what} between training and validation rows", split.target_distance, _DISTANCE))
        if split.unseen > _ABSENT:
            found.append(Evidence("share of validation rows of classes that training lacks", split.unseen, _ABSENT))
        if split.missing > _ABSENT:
            found.append(Evidence("share of training rows of classes that validation lacks", split.missing, _ABSENT))
    # Tables have copies by nature, and a random split then shares as many rows as the training part has twice.
    shared = data.copies.shared - data.copies.copied
    if math.isfinite(shared) and shared > _SHARED:
        found.append(Evidence("share of validation rows that are training rows beyond what copies explain", shared, _SHARED))
    return found
