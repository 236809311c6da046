"""A learning rate that is too high."""

from __future__ import annotations

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding
from lamina.doctor.findings.fit import has_run_away, is_flat_from_start, is_worse
from lamina.doctor.findings.rates import USUAL_UPDATE, lower_rate, pace, rate_over_usual
from lamina.doctor.findings.sureness import sureness

__all__ = ["find"]

_ABOVE_USUAL, _FAR_ABOVE_USUAL = 3.0, 10.0
_FAST = 10 * USUAL_UPDATE
_VERY_FAST = 50 * USUAL_UPDATE  # half of the weights are new after twenty steps
_SWINGS = 2.5
_MEANING = (
    "The steps are too long: instead of going down into a valley of the loss, they jump from wall to wall, or out of it. "
    "The weights that come of this depend on where the last jump happened to land."
)
_CAUSES = ("unscaled_inputs", "unscaled_targets", "poor_initial_variance", "wrong_output_activation")


def find(case: Case) -> Finding | None:
    """Steps that change the weights by far more than the usual 0.001 of their norm, with a bad end.

    Either the rate is ten times the optimizer's usual one, or the loss swings more than its batches explain.
    """
    rate, run = case.setup.learning_rate, case.run
    if not rate > 0 or not (is_worse(case) or has_run_away(case)):
        return None
    times, moved = rate_over_usual(case.setup), pace(case)
    swings = run.swings.excess
    is_far_above = times >= _FAR_ABOVE_USUAL and (moved > _FAST or has_run_away(case))
    is_restless = moved > _FAST and swings > _SWINGS
    if not (
        is_far_above
        or is_restless
        or moved > _VERY_FAST
        or (has_run_away(case) and (times >= _ABOVE_USUAL or _is_unstable(case)))
    ):
        return None
    evidence = [
        Evidence("what a step changes in the weights, relative to their norm", moved, _FAST),
        Evidence(
            f"learning rate over the usual one of {case.setup.optimizer}", times, _FAR_ABOVE_USUAL if is_far_above else None
        ),
        Evidence("swings of the loss beside what batches explain", swings, _SWINGS if is_restless else None),
    ]
    causes = (*_CAUSES, "saturated_units", "dead_units") if is_flat_from_start(case) else _CAUSES
    sure = max(sureness(times / _FAR_ABOVE_USUAL), sureness(moved / _FAST))
    return Finding("learning_rate_too_high", "harm", sure, tuple(evidence), _MEANING, "L15", _cures(case), because_of=causes)


def _is_unstable(case: Case) -> bool:
    """Whether the rate is above what the curvature at the start allows."""
    step = case.start.first_step
    return step.learning_rate > step.stable_rate


def _cures(case: Case) -> tuple[Cure, ...]:
    rate, lower = case.setup.learning_rate, lower_rate(case.setup)
    why = "Shorter steps settle in the valley instead of jumping across it."
    cures = [Cure("lower the learning rate", {"learning_rate": lower}, why, "L15")]
    if lower > rate / 50:
        cures.append(Cure("lower the learning rate a lot", {"learning_rate": rate / 100}, why, "L15"))
    cures.append(Cure("bound the gradient", {"clip_norm": 1.0}, "A step on a steep place is then no longer than others.", "L27"))
    return tuple(cures)
