"""Lopsided weights: weights of classes, or of rows, that leave one class next to no say."""

from __future__ import annotations

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding
from lamina.doctor.findings.sureness import sureness
from lamina.doctor.probes.target_facts import ClassFacts

__all__ = ["find"]

_LOPSIDED = 10.0  # times as much for one class as for another
_BEYOND_COUNTS = 3.0  # times what the classes' rows alone make
_CURE = Cure("weigh the classes alike", {"class_weight": "balanced"}, "Each class then has the same part in the loss.", "L10")
_MEANING = (
    "The weights of classes or rows make one class count for nearly all of the loss, and another for next to nothing. "
    "Weights are to make up for rare classes; these are too large, or the wrong way round."
)


def find(case: Case) -> Finding | None:
    """One class with ten times the part in the loss of another, and three times beyond what their rows make, in a bad outcome."""
    classes = case.data.classes
    if classes is None or not case.is_behind:
        return None
    by_rows = _ratio_of_counts(classes)
    if classes.imbalance < _LOPSIDED or classes.imbalance < _BEYOND_COUNTS * by_rows:
        return None
    evidence = (
        Evidence("largest part of a class in the loss over the smallest", classes.imbalance, _LOPSIDED),
        Evidence("rows of the commonest class over those of the rarest", by_rows),
    )
    sure = sureness(classes.imbalance / max(_LOPSIDED, _BEYOND_COUNTS * by_rows))
    return Finding("lopsided_weights", "harm", sure, evidence, _MEANING, "L10", (_CURE,))


def _ratio_of_counts(classes: ClassFacts) -> float:
    counts = [count for count in classes.counts if count]
    return max(counts) / min(counts)
