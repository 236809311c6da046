"""A learning rate that is too high."""

from __future__ import annotations

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding
from lamina.doctor.findings.fit import has_run_away, is_flat_from_start
from lamina.doctor.findings.rates import USUAL_UPDATE, lower_rate, pace, rate_over_usual, usual_rate, usual_rate_and_time
from lamina.doctor.findings.sureness import sureness

__all__ = ["find"]

_ABOVE_USUAL, _FAR_ABOVE_USUAL = 3.0, 25.0
_FAST = 10 * USUAL_UPDATE
_ROUGH = 0.2
_MEANING = (
    "The steps are too long: instead of going down into a valley of the loss, they jump from wall to wall, or out of it. "
    "The weights that come of this depend on where the last jump happened to land."
)
_CAUSES = ("rows_in_order", "unscaled_inputs", "unscaled_targets", "poor_initial_variance", "wrong_output_activation")


def find(case: Case) -> Finding | None:
    """A rate far above the optimizer's usual one, or steps that are fast and shake the loss, with a bad end.

    Far is 25 times; fast is ten times the usual 0.001 of the weights; a loss shakes if an epoch's, a mean over all rows, strays
    from its trend by a fifth of a constant prediction's loss. Where the loss runs away, three times the usual rate is enough, or
    a rate above what the curvature at the start allows. All were set on the benchmark's calibration half.
    """
    rate, run = case.setup.learning_rate, case.run
    runs_away = has_run_away(case)
    if not rate > 0 or not (case.is_worse or runs_away):
        return None
    times, moved, rough = rate_over_usual(case.setup), pace(case), run.loss.roughness
    is_far_above = times >= _FAR_ABOVE_USUAL
    is_shaky = times >= _ABOVE_USUAL and moved > _FAST and rough > _ROUGH
    if not (is_far_above or is_shaky or (runs_away and (times >= _ABOVE_USUAL or _is_unstable(case)))):
        return None
    threshold = _FAR_ABOVE_USUAL if is_far_above else _ABOVE_USUAL if times >= _ABOVE_USUAL else None
    evidence = (
        Evidence(f"learning rate over the usual one of {case.setup.optimizer}", times, threshold),
        Evidence("what a step changes in the weights, relative to their norm", moved, _FAST if is_shaky else None),
        Evidence("swings of the epochs' loss, relative to the loss of a constant", rough, _ROUGH if is_shaky else None),
    )
    sure = max(sureness(times / _FAR_ABOVE_USUAL), sureness(moved / _FAST) if is_shaky else 0.0)
    causes = (*_CAUSES, "saturated_units", "dead_units") if is_flat_from_start(case) else _CAUSES
    return Finding("learning_rate_too_high", "harm", sure, evidence, _MEANING, "L15", _cures(case), because_of=causes)


def _is_unstable(case: Case) -> bool:
    """Whether the rate is above what the curvature at the start allows, where the start is known."""
    step = case.start.first_step if case.start is not None else None
    return step is not None and step.learning_rate > step.stable_rate


def _cures(case: Case) -> tuple[Cure, ...]:
    setup, lower = case.setup, lower_rate(case.setup)
    why = "Shorter steps settle in the valley instead of jumping across it."
    cures = [Cure("lower the learning rate", {"learning_rate": lower}, why, "L15")]
    if usual_rate(setup) < lower:
        cures.append(Cure("take the usual rate, and more epochs", usual_rate_and_time(setup), why, "L15"))
    elif lower > setup.learning_rate / 50:
        cures.append(Cure("lower the learning rate a lot", {"learning_rate": setup.learning_rate / 100}, why, "L15"))
    cures.append(Cure("bound the gradient", {"clip_norm": 1.0}, "A step on a steep place is then no longer than others.", "L27"))
    return tuple(cures)
