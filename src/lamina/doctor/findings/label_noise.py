"""Label noise: labels that are wrong even where rows are easy."""

from __future__ import annotations

from lamina.doctor.case import Case
from lamina.doctor.finding import Evidence, Finding

__all__ = ["find"]

# Classes that overlap are confused where they meet, wrong labels stand everywhere: then the surest quarter of the votes is wrong
# nearly as often as the doubtful half (the idea of "confident learning", Northcutt et al. 2021). Calibrated on 28 sets: the ratio
# is at most 0.26 as they are, 0.2 to 1 with a tenth of their labels changed (mostly above 0.4), and 0.4 or more with a fifth.
_ERROR = 0.06
_EVENNESS = 0.35
_SKILL = 0.25  # below, there is too little to be learned to tell noise from it
_FEWEST_ROWS = 200
_FEWEST_ERRORS = 8


def find(case: Case) -> Finding | None:
    """A simple model errs often where it is surest, and the network does not do better."""
    scores = case.data.baselines
    if case.data.classes is None or scores.rows < _FEWEST_ROWS or not scores.skill >= _SKILL:
        return None
    evenness = scores.confident_error / scores.doubtful_error if scores.doubtful_error > 0 else 0.0
    if scores.confident_error < _ERROR or evenness < _EVENNESS or scores.confident_error * scores.rows / 4 < _FEWEST_ERRORS:
        return None
    best = max(case.outcome.held_out, case.control.held_out if case.control is not None else case.outcome.held_out)
    if 1.0 - best < scores.confident_error / 2:
        return None
    return Finding(
        "label_noise",
        "harm",
        min(0.5 + 2 * (scores.confident_error - _ERROR), 0.9),
        (
            Evidence(
                "share of errors in the quarter of the rows of which a simple model is surest", scores.confident_error, _ERROR
            ),
            Evidence("the same relative to the half of which it is least sure", evenness, _EVENNESS),
        ),
        "Many rows have another label than all rows like them, also far from where the classes meet: labels seem to be wrong. "
        "No network can predict them, and one that fits them learns the errors by heart.",
        "L20",
    )
