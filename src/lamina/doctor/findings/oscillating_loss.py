"""A loss that swings."""

from __future__ import annotations

import math

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding
from lamina.doctor.findings.rates import lower_rate
from lamina.doctor.findings.sureness import sureness

__all__ = ["find"]

_EXCESS = 2.5
_ROUGH = 0.1
_MEANING = (
    "The loss goes up and down instead of settling: each step overshoots and the next one must make up for it. "
    "Batches alone, at weights that stand still, would move the loss far less."
)
_CAUSES = (
    "rows_in_order",
    "learning_rate_too_high",
    "unscaled_inputs",
    "unscaled_targets",
    "batch_too_small_for_batch_norm",
    "dropout_too_high",
    "over_regularized",
    "poor_initial_variance",
    "divergence",
)


def find(case: Case) -> Finding | None:
    """Swings of the step losses beyond what batches at fixed weights explain, or of whole epochs, at a level that is bad.

    An epoch's mean is over all rows: only the weights can make it rough.
    """
    run, swings = case.run, case.run.swings
    if not case.is_behind or not case.setup.learning_rate > 0 or not run.loss.roughness > _ROUGH:
        return None
    excess = swings.excess if math.isfinite(swings.excess) else swings.reversals / 0.5
    if not excess > _EXCESS and not run.loss.roughness > 2 * _ROUGH:
        return None
    evidence = (
        Evidence("swings of the epochs' loss, relative to the loss of a constant", run.loss.roughness, _ROUGH),
        Evidence("swings of the steps' loss beside what batches explain", swings.excess, _EXCESS if excess > _EXCESS else None),
        Evidence("share of steps that turn the loss around", swings.reversals),
    )
    sure = sureness(run.loss.roughness / _ROUGH)
    return Finding("oscillating_loss", "harm", sure, evidence, _MEANING, "L15", _cures(case), because_of=_CAUSES)


def _cures(case: Case) -> tuple[Cure, ...]:
    setup = case.setup
    cures = [
        Cure("lower the learning rate", {"learning_rate": lower_rate(setup)}, "Shorter steps do not overshoot.", "L15"),
        Cure("let the learning rate fall", {"schedule": "cosine"}, "The last steps settle where the first ones led.", "L15"),
    ]
    if setup.batch_size * 4 <= setup.num_rows:
        larger = {"batch_size": setup.batch_size * 4}
        cures.append(Cure("take larger batches", larger, "The mean over more rows swings less.", "L16"))
    return tuple(cures)
