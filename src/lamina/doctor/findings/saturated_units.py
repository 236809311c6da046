"""Saturated units: their sums lie where the activation is flat, and hardly any gradient passes."""

from __future__ import annotations

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding, Where
from lamina.doctor.findings.rates import lower_rate
from lamina.doctor.findings.sureness import sureness

__all__ = ["find"]

_SATURATED = 0.6
_MEANING = (
    "Most sums of this layer lie where its function is flat: the units say the same for all rows, and no gradient passes. "
    "Inputs or weights that are too large push them there, at the start or by steps that are too long."
)
_CAUSES = ("unscaled_inputs", "poor_initial_variance")
_CAUSES_LATER = (*_CAUSES, "learning_rate_too_high", "unscaled_targets", "divergence")


def find(case: Case) -> Finding | None:
    """A hidden layer in which most values are saturated, over the first or the last third of the training, with a bad end.

    Flat is where the derivative is at most 5 % of its largest; Glorot & Bengio 2010 show layers of this kind to stop learning.
    """
    if not case.is_worse or not case.run.hidden:
        return None
    share, layer = max(
        ((min(each.saturated.early, each.saturated.late), each) for each in case.run.hidden),
        key=lambda pair: -1.0 if pair[0] != pair[0] else pair[0],
    )
    if not share > _SATURATED:
        return None
    evidence = (
        Evidence("share of saturated values, first third of the training", layer.saturated.early, _SATURATED),
        Evidence("share of saturated values, last third", layer.saturated.late, _SATURATED),
        Evidence("share before the first step", layer.saturated.first),
    )
    causes = _CAUSES if layer.saturated.first > _SATURATED else _CAUSES_LATER
    sure = sureness((1 - _SATURATED) / max(1 - share, 0.04))
    return Finding(
        "saturated_units",
        "harm",
        sure,
        evidence,
        _MEANING,
        "L18",
        _cures(case, layer.saturated.first > _SATURATED),
        Where(layer=layer.name),
        causes,
    )


def _cures(case: Case, at_start: bool) -> tuple[Cure, ...]:
    cures = [
        Cure("scale the inputs", {"scale_inputs": True}, "Sums of numbers near 1 lie where functions are steep.", "L19"),
        Cure("start from Xavier's weights", {"weight_init": "xavier"}, "They keep sums near 1 in each layer.", "L31"),
        Cure("normalize each layer by the batch", {"batch_norm": True}, "Sums stay where functions are steep.", "L24"),
        Cure("use relu", {"activation": "relu", "weight_init": "he"}, "It does not saturate on its active side.", "L19"),
    ]
    if case.setup.learning_rate > 0:
        changes = {"learning_rate": lower_rate(case.setup)}
        slower = Cure("lower the learning rate", changes, "Short steps do not push the sums away.", "L15")
        cures.insert(len(cures) if at_start else 0, slower)
    return tuple(cures)
