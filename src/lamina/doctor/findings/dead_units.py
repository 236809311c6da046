"""Dead units: they give 0 for every row, and get no gradient by which to change."""

from __future__ import annotations

import math

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding, Where
from lamina.doctor.findings.rates import lower_rate
from lamina.doctor.findings.sureness import sureness
from lamina.doctor.probes.layer_course import LayerCourse

__all__ = ["find"]

_DEAD = 0.5
_MEANING = (
    "Many units of this layer give 0 for every row, so that no gradient reaches their weights and they never come back. "
    "A step that was too long pushed their sums below 0 for good, or they began there."
)
_CAUSES = ("unscaled_inputs", "poor_initial_variance")
_CAUSES_LATER = (*_CAUSES, "learning_rate_too_high", "unscaled_targets", "over_regularized", "divergence")


def find(case: Case) -> Finding | None:
    """A hidden layer of which at least half the units gave 0 for every row in the last third of the training, with a bad end.

    Flat parts that are not 0 let units come back, if slowly; of functions that saturate on both sides ``saturated_units`` speaks.
    Lu et al. 2019, "Dying ReLU and initialization".
    """
    if not case.is_behind:
        return None
    layers = [layer for layer in case.run.hidden if math.isnan(layer.saturated.late) and _dead(layer) > _DEAD]
    if not layers:
        return None
    layer = max(layers, key=_dead)
    evidence = (
        Evidence("share of dead units, last third of the training", _dead(layer), _DEAD),
        Evidence("share before the first step", layer.dead.first),
    )
    causes = _CAUSES if layer.dead.first > _DEAD else _CAUSES_LATER
    sure = sureness(_DEAD / max(1 - _dead(layer), 0.05))
    return Finding(
        "dead_units",
        "harm",
        sure,
        evidence,
        _MEANING,
        "L18",
        _cures(case, layer.dead.first > _DEAD),
        Where(layer=layer.name),
        causes,
    )


def _dead(layer: LayerCourse) -> float:
    return min(layer.dead.late, layer.zero.late)


def _cures(case: Case, at_start: bool) -> tuple[Cure, ...]:
    leaky = Cure("use leaky relu", {"activation": "leaky_relu"}, "Its slope is never 0, so that units come back.", "L19")
    norm = Cure("normalize each layer by the batch", {"batch_norm": True}, "Some rows always lie above the mean.", "L24")
    init = Cure("start from He's weights and biases of 0", {"weight_init": "he"}, "Half the rows activate each unit.", "L32")
    if at_start or not case.setup.learning_rate > 0:
        return init, norm, leaky
    changes = {"learning_rate": lower_rate(case.setup)}
    return Cure("lower the learning rate", changes, "Short steps do not push the sums away.", "L15"), leaky, norm, init
