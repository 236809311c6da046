"""Dropout that is too high."""

from __future__ import annotations

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding
from lamina.doctor.findings.fit import fits_badly
from lamina.doctor.findings.sureness import sureness

__all__ = ["find"]

_HIGH = 0.5
_COSTS = 1.2
_MEANING = (
    "So many units are dropped in each step that the rest cannot say what the rows need: the training rows are learned badly. "
    "Dropout helps against learning by heart; here it hinders learning at all."
)


def find(case: Case) -> Finding | None:
    """A rate above one half, a training loss far above that of the same weights without dropout, and a bad fit.

    Srivastava et al. 2014, "Dropout", section 4: 0.5 for hidden units and 0.2 for inputs are close to optimal.
    """
    rate = max(case.setup.dropout_rates, default=0.0)
    if rate <= _HIGH or not fits_badly(case):
        return None
    cost = case.run.loss.end / case.run.trained_loss if case.run.trained_loss > 0 else 1.0
    evidence = (
        Evidence("rate of dropout", rate, _HIGH),
        Evidence("training loss with dropout over that without", cost, _COSTS if cost > _COSTS else None),
        Evidence("score on the training rows", case.outcome.train),
    )
    sure = sureness((1 - _HIGH) / max(1 - rate, 0.05))
    return Finding("dropout_too_high", "harm", sure, evidence, _MEANING, "L22", _CURES)


_CURES = (
    Cure("drop fewer units", {"dropout": 0.2}, "Enough units are left in each step.", "L22"),
    Cure("drop none", {"dropout": 0.0}, "Whether dropout is needed shows only once the training rows are learned.", "L22"),
)
