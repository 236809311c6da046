"""Batches that are too large for the number of epochs."""

from __future__ import annotations

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding
from lamina.doctor.findings.fit import fits_badly, has_run_away
from lamina.doctor.findings.sureness import sureness

__all__ = ["find"]

_STEPS_PER_EPOCH = 2
_LARGE = 64
_FEWEST_STEPS, _HARDLY_ANY_STEPS = 500, 100
_FEWEST_EPOCHS = 10
_SMALL, _ENOUGH_STEPS = 32, 2000
_FALL = 0.03
_MEANING = (
    "A batch holds so many of the rows that an epoch has next to no steps, and the epochs end before the loss is down. "
    "Small batches give a rougher gradient, but many more steps for the same work."
)


def find(case: Case) -> Finding | None:
    """At most two steps an epoch and fewer than 500 in all, a loss that still falls, and a bad fit; or fewer than 100 steps.

    Masters & Luschi 2018, "Revisiting small batch training for deep neural networks": 2 to 32 rows do best.
    """
    run, setup = case.run, case.setup
    if setup.optimizer == "lbfgs" or not fits_badly(case) or has_run_away(case):
        return None
    if setup.batch_size < _LARGE or setup.steps_per_epoch > _STEPS_PER_EPOCH or run.steps >= _FEWEST_STEPS:
        return None
    if run.epochs < _FEWEST_EPOCHS or not (run.loss.fall_to_come > _FALL or run.steps < _HARDLY_ANY_STEPS):
        return None
    evidence = (
        Evidence("steps per epoch", setup.steps_per_epoch, _STEPS_PER_EPOCH, is_above=False),
        Evidence("steps in all", run.steps, _FEWEST_STEPS, is_above=False),
        Evidence("what another third of the epochs would gain, as a share of the loss", run.loss.fall_to_come),
    )
    return Finding("batch_too_large", "harm", sureness(_FEWEST_STEPS / run.steps), evidence, _MEANING, "L16", _cures(case))


def _cures(case: Case) -> tuple[Cure, ...]:
    setup = case.setup
    steps = -(-setup.num_rows // _SMALL)
    smaller = {"batch_size": _SMALL, "epochs": max(setup.max_epochs, -(-_ENOUGH_STEPS // steps))}
    longer = {"epochs": max(setup.max_epochs, -(-_ENOUGH_STEPS // setup.steps_per_epoch))}
    return (
        Cure("take smaller batches", smaller, "An epoch then has many steps.", "L16"),
        Cure("train longer", longer, "Few steps an epoch need many epochs.", "L12"),
    )
