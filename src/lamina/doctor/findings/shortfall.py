"""A weaker sign of harm than being behind, for faults that are certain to be there."""

from __future__ import annotations

from lamina.doctor.case import Case

__all__ = ["falls_short"]

_MARGIN = 0.03  # of accuracy or R squared


def falls_short(case: Case, *, on_training_rows: bool = True) -> bool:
    """Whether the outcome is behind, or below the control's by more than 0.03 both on held-out and on training rows.

    On few held-out rows chance may explain such a difference. Beside a fault that is there whatever the outcome, such as batch
    norm of two rows, it is likelier that the fault explains it. Faults that let a network fit its training rows are asked for
    without ``on_training_rows``.
    """
    if case.is_behind or case.control is None:
        return case.is_behind
    own, other = case.outcome, case.control
    fits_worse = not on_training_rows or other.train - own.train > _MARGIN
    return other.held_out - own.held_out > _MARGIN and fits_worse
