"""Label noise: labels that are wrong even where rows are easy."""

from __future__ import annotations

from lamina.doctor.case import Case
from lamina.doctor.finding import Evidence, Finding

__all__ = ["find"]

# Classes that overlap are confused where they meet, wrong labels stand everywhere: then the surest half of the votes is wrong
# nearly as often as the other half (the idea of "confident learning", Northcutt et al. 2021). Calibrated on 40 sets: the halves'
# ratio is at most 0.42 (the Titanic's passengers), mostly below 0.25; with a tenth of the labels changed 0.4 to 0.8, then more.
_ERROR = 0.06
_EVENNESS = 0.45
_SKILL = 0.25  # below, there is too little to be learned to tell noise from it
_FEWEST_ROWS = 200


def find(case: Case) -> Finding | None:
    """A simple model errs often where it is surest, and the network does not do better."""
    scores = case.data.baselines
    if case.data.classes is None or scores.rows < _FEWEST_ROWS or not scores.skill >= _SKILL:
        return None
    evenness = scores.confident_error / scores.doubtful_error if scores.doubtful_error > 0 else 0.0
    if scores.confident_error < _ERROR or evenness < _EVENNESS:
        return None
    best = max(case.outcome.held_out, case.control.held_out if case.control is not None else case.outcome.held_out)
    if 1.0 - best < scores.confident_error / 2:
        return None
    return Finding(
        "label_noise",
        "harm",
        min(0.5 + 2 * (scores.confident_error - _ERROR), 0.9),
        (
            Evidence("share of errors in the half of the rows of which a simple model is surest", scores.confident_error, _ERROR),
            Evidence("the same relative to the other half", evenness, _EVENNESS),
        ),
        "Many rows have another label than all rows like them, also far from where the classes meet: labels seem to be wrong. "
        "No network can predict them, and one that fits them learns the errors by heart.",
        "L20",
    )
