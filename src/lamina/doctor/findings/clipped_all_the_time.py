"""Gradients that are clipped in every step."""

from __future__ import annotations

import math

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding
from lamina.doctor.findings.fit import fits_badly
from lamina.doctor.findings.sureness import sureness

__all__ = ["find"]

_MOST_STEPS = 0.9
_SHORTENED = 0.2
_FIXED_LENGTH = ("adam", "adamw", "nadam", "rmsprop", "adagrad")  # they divide by the gradient's size: a constant factor cancels
_MEANING = (
    "The bound on the gradient is so low that it acts in nearly every step, and shortens the step many times. "
    "Clipping is for the rare cliff; acting all the time it only lowers the learning rate."
)


def find(case: Case) -> Finding | None:
    """Most steps clipped to a fifth or less, by an optimizer whose steps are as long as the gradient, with a bad fit.

    Pascanu, Mikolov & Bengio 2013 choose the bound near the average norm of the gradient: it acts in a part of the steps, and
    shortens few of them much.
    """
    clipping, setup = case.run.clipping, case.setup
    is_bounded = setup.clip_norm is not None or setup.clip_layer_norm is not None or setup.clip_value is not None
    if not is_bounded or setup.optimizer in _FIXED_LENGTH or not fits_badly(case):
        return None
    share, factor = clipping.share.late, clipping.factor.late
    if not share > _MOST_STEPS or factor > _SHORTENED:
        return None
    evidence = (
        Evidence("share of steps that are clipped", share, _MOST_STEPS),
        Evidence("factor by which they are shortened", factor, None if math.isnan(factor) else _SHORTENED, is_above=False),
    )
    return Finding("clipped_all_the_time", "harm", sureness(_SHORTENED / factor), evidence, _MEANING, "L27", _cures(case))


def _cures(case: Case) -> tuple[Cure, ...]:
    bound, factor = case.setup.clip_norm, case.run.clipping.factor.late
    why = "Steps are as long as the slope says, but for rare ones."
    cures = [Cure("do not bound the gradient", {"clip_norm": None}, why, "L27")]
    if bound is not None and factor > 0:
        usual = float(f"{2 * bound / factor:.1g}")
        cures.append(Cure("raise the bound to twice the usual norm", {"clip_norm": usual}, why, "L27"))
    return tuple(cures)
