"""Imbalance ignored: the rare class could be recognized, and the model hardly ever says it."""

from __future__ import annotations

from lamina.doctor.case import Case
from lamina.doctor.cures import Cure
from lamina.doctor.finding import Evidence, Finding

__all__ = ["find"]

# He and Garcia, "Learning from Imbalanced Data", 2009: recall shows what accuracy hides.
_IGNORED, _NEGLECTED = 0.1, 0.5
_GAIN = 0.3  # of recall, that plain models reach when all classes count the same

_CURE = Cure(
    "weigh the classes",
    {"class_weight": "balanced"},
    "An error in a rare class then costs as much as all its rows are few.",
    "L10",
)


def find(case: Case) -> Finding | None:
    """The accuracy is as good as it gets, and the rarest class is not found although the inputs tell it."""
    classes, by_class = case.data.classes, case.by_class
    # A model that stays behind in accuracy too has something else that ails it.
    if classes is None or by_class is None or by_class.control is None or case.is_behind:
        return None
    recall, possible = by_class.own.rarest_recall, by_class.control.rarest_recall
    if not by_class.is_behind or not recall < _NEGLECTED or not possible >= recall + _GAIN:
        return None
    return Finding(
        "imbalance_ignored",
        "harm" if recall < _IGNORED else "hint",
        0.9 if recall < _IGNORED else 0.6,
        (
            Evidence("held-out recall of the rarest class", recall, _NEGLECTED, is_above=False),
            Evidence("its recall by a plain model to which all classes count the same", possible, recall + _GAIN),
            Evidence("share of the rarest class", classes.minority),
        ),
        "Every row counts the same in the loss, so the few rows of the rare class hardly move the weights. The accuracy does "
        "not show it: a model that never says the rare class is right in all other rows.",
        "L10",
        (_CURE,),
    )
