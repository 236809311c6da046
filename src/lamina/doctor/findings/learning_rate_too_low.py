"""A learning rate that is too low."""

from __future__ import annotations

from dataclasses import replace

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding
from lamina.doctor.findings.clipped_all_the_time import find as clipped_all_the_time
from lamina.doctor.findings.fit import fits_badly, has_run_away, is_flat_from_start
from lamina.doctor.findings.learning_rate_too_high import find as learning_rate_too_high
from lamina.doctor.findings.rates import (
    USUAL_UPDATE,
    good_rate,
    higher_rate,
    pace,
    rate_over_usual,
    usual_rate,
    usual_rate_and_time,
)
from lamina.doctor.findings.sureness import sureness

__all__ = ["find"]

_SLOW = 0.3 * USUAL_UPDATE
_FAR_BELOW_USUAL = 0.1
_FEW_STEPS = 3000
_MEANING = (
    "The steps are so short that the weights are still near where they began when training ends. "
    "The loss falls, or would fall, but at this pace it takes many times as many epochs."
)


def find(case: Case) -> Finding | None:
    """Steps that change the weights of every layer by far less than the usual 0.001 of their norm, with a bad fit.

    Where the pace is usual the epochs are too few, as ``stopped_too_early`` says; where clipping slows it, that is the cause; and
    where not even the usual rate moves anything, there is no gradient.
    """
    rate, moved = case.setup.learning_rate, pace(case)
    if not rate > 0 or not fits_badly(case) or has_run_away(case) or clipped_all_the_time(case):
        return None
    times = rate_over_usual(case.setup)
    if times >= 1 and not moved > 0:
        return None
    # After steps that were far too long the weights are large, and what a step changes is little beside them.
    if learning_rate_too_high(case):
        return None
    is_low = times <= _FAR_BELOW_USUAL and moved < USUAL_UPDATE
    if not (moved < _SLOW or is_low):
        return None
    evidence = (
        Evidence("what a step changes in the weights, relative to their norm", moved, _SLOW, is_above=False),
        Evidence(
            f"learning rate over the usual one of {case.setup.optimizer}", times, _FAR_BELOW_USUAL if is_low else None, False
        ),
        Evidence("loss at the end, relative to that of a constant", case.run.loss.open_share),
    )
    sure = max(sureness(_SLOW / moved) if moved else 0.0, sureness(_FAR_BELOW_USUAL / times))
    # No step is long where the gradient is 0.
    causes = ("dead_units", "saturated_units", "over_regularized") if is_flat_from_start(case) else ("over_regularized",)
    return Finding("learning_rate_too_low", "harm", sure, evidence, _MEANING, "L15", _cures(case), because_of=causes)


def _cures(case: Case) -> tuple[Cure, ...]:
    setup, higher = case.setup, higher_rate(case.setup)
    why = "Longer steps come down the same slope in fewer epochs."
    cures = [Cure("raise the learning rate", {"learning_rate": higher}, why, "L15")]
    if setup.learning_rate < usual_rate(setup) and (usual_rate(setup) < higher or setup.num_steps < _FEW_STEPS):
        cures.append(Cure("take the usual rate, and more epochs", usual_rate_and_time(setup), why, "L15"))
    if higher < 50 * setup.learning_rate:
        cures.append(Cure("raise the learning rate a lot", {"learning_rate": 100 * setup.learning_rate}, why, "L15"))
    if setup.optimizer in ("gradient_descent", "momentum", "nesterov"):
        adam = {"optimizer": "adam", "learning_rate": good_rate(replace(setup, optimizer="adam"))}
        cures.append(Cure("let Adam choose the length of steps", adam, "It divides each gradient by its usual size.", "L15"))
    return tuple(cures)
