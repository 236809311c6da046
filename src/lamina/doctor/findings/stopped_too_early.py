"""A training that ended while the loss still fell."""

from __future__ import annotations

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding
from lamina.doctor.findings.clipped_all_the_time import find as clipped_all_the_time
from lamina.doctor.findings.fit import fits_badly, has_run_away
from lamina.doctor.findings.learning_rate_too_low import find as learning_rate_too_low
from lamina.doctor.findings.rates import good_rate
from lamina.doctor.findings.sureness import sureness
from lamina.doctor.setup import Setup

__all__ = ["find"]

_FALL = 0.05
_CLEAR = -3.0  # standard errors
_FEW_EPOCHS = 10
_FEWEST_STEPS = 1000
_PATIENT = 10  # epochs; whoever waits so long for held-out rows has waited enough
_MEANING = (
    "Training ended while the loss was still going down at a good pace. "
    "The network had not yet learned what it can: more epochs, or more patience, would have gone on improving it."
)
_CAUSES = (
    "batch_too_large",
    "lopsided_weights",
    "outlying_inputs",
    "unscaled_inputs",
    "unscaled_targets",
    "poor_initial_variance",
    "symmetric_units",
    "vanishing_gradient",
    "over_regularized",
    "wrong_output_activation",
)


def find(case: Case) -> Finding | None:
    """A loss that fell clearly until the end, at a pace by which a third more epochs would gain 5 %, with a bad fit.

    After fewer than ten epochs a trend cannot be told from a curve; then few steps and a falling loss are evidence enough.
    """
    run, setup = case.run, case.setup
    loss = run.loss
    if not fits_badly(case) or has_run_away(case) or learning_rate_too_low(case) or clipped_all_the_time(case):
        return None
    if run.stop == "no_improvement" and (setup.patience or 0) >= _PATIENT:
        return None
    still_falls = loss.fall_to_come > _FALL and loss.late.clarity < _CLEAR
    is_short = run.steps < _FEWEST_STEPS and run.epochs <= _FEW_EPOCHS and not loss.last > loss.first
    if not (still_falls or is_short):
        return None
    evidence = (
        Evidence(
            "what another third of the epochs would gain, as a share of the loss",
            loss.fall_to_come,
            _FALL if still_falls else None,
        ),
        Evidence("epochs done", run.epochs, _FEW_EPOCHS if is_short else None, is_above=False),
        Evidence("steps done", run.steps, _FEWEST_STEPS if is_short else None, is_above=False),
    )
    sure = max(sureness(loss.fall_to_come / _FALL), sureness(_FEWEST_STEPS / max(run.steps, 1)) if is_short else 0.0)
    return Finding(
        "stopped_too_early", "harm", sure, evidence, _MEANING, "L12", _cures(case, setup.max_epochs), because_of=_CAUSES
    )


def _cures(case: Case, epochs: int) -> tuple[Cure, ...]:
    run, setup = case.run, case.setup
    more = Cure("train longer", {"epochs": max(5 * epochs, 100)}, "The loss still fell when training ended.", "L12")
    faster = Cure("raise the learning rate", {"learning_rate": _faster(setup)}, "It comes as far in fewer epochs.", "L15")
    patient = Cure("be more patient", {"patience": max(20, int(5 * (setup.patience or 0)))}, "One bad epoch ends nothing.", "L20")
    gave_up = run.stop in ("converged", "no_improvement") and setup.patience is not None
    return (patient, more) if gave_up else (more, faster) if setup.learning_rate > 0 else (more,)


def _faster(setup: Setup) -> float:
    good = good_rate(setup)
    return good if good > 2 * setup.learning_rate else 3 * setup.learning_rate
