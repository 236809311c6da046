"""Regularization that is too strong."""

from __future__ import annotations

import math

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding
from lamina.doctor.findings.fit import fits_badly, has_run_away
from lamina.doctor.findings.sureness import sureness

__all__ = ["find"]

_SHRUNK = 0.5
_MEANING = (
    "The penalty on the weights counts for more than the loss: it pulls them to 0, and the answer to the same for all rows. "
    "Regularization is to keep a network from learning by heart; here it cannot even learn the training rows."
)


def find(case: Case) -> Finding | None:
    """Weights that a penalty, weight decay or a bound shrank to less than half in some layer, with a bad fit.

    Weights grow in healthy trainings (on the benchmark's calibration half their norm's growth is 0.4 or more in 95 %).
    """
    setup, run = case.setup, case.run
    if not fits_badly(case) or has_run_away(case) or max(setup.l1, setup.l2, setup.weight_decay) == 0:
        return None
    growth = min((layer.weight_norm.growth for layer in run.layers if not math.isnan(layer.weight_norm.growth)), default=1.0)
    if not growth < _SHRUNK:
        return None
    evidence = (
        Evidence("norm of a layer's weights over that before training, the smallest", growth, _SHRUNK, is_above=False),
        Evidence("factor of the L2 penalty", setup.l2),
        Evidence("weight decay", setup.weight_decay),
        Evidence("score on the training rows", case.outcome.train),
    )
    sure = sureness(_SHRUNK / growth) if growth > 0 else 0.95
    return Finding("over_regularized", "harm", sure, evidence, _MEANING, "L21", _CURES)


_CURES = (
    Cure("weaken the penalty", {"l2": 1e-4}, "The loss decides again where the weights go.", "L21"),
    Cure("take the penalty away", {"l2": 0.0}, "Whether one is needed shows only once the training rows are learned.", "L21"),
)
