"""How a model fits its training rows, beside the control."""

from __future__ import annotations

from lamina.doctor.case import Case

__all__ = ["fits_badly", "gap", "has_run_away", "is_flat_from_start"]

_MARGIN = 0.02  # less than where held-out rows judge alone
_MOST = 0.7
_ABOVE = 1.1  # times the constant prediction's loss: more than a trained bias and its noise explain


def fits_badly(case: Case) -> bool:
    """Whether it is worse already on its own training rows: it learned too little, rather than by heart."""
    return case.is_worse and (case.control is None or not case.outcome.train > case.control.train - _MARGIN)


def gap(case: Case) -> float:
    """By how much it is better on its training rows than on held-out ones, beyond the same of the control."""
    own = case.outcome.train - case.outcome.held_out
    return own if case.control is None else own - max(case.control.train - case.control.held_out, 0.0)


def has_run_away(case: Case) -> bool:
    """Whether numbers stopped being finite, or the loss ended above a constant prediction's and above where it began."""
    loss = case.run.loss
    ends_above = loss.end > _ABOVE * loss.constant > 0 and loss.end > _ABOVE * loss.start
    # the first step's loss is that of one batch, and may be low by chance
    rose = loss.end > _ABOVE * loss.first or loss.end > 3 * loss.start
    return case.run.failure is not None or (ends_above and rose)


def is_flat_from_start(case: Case) -> bool:
    """Whether most units of a hidden layer were saturated or dead before the first step: steps are not to blame for it."""
    return any(layer.saturated.first > _MOST or layer.dead.first > _MOST for layer in case.run.hidden)
