"""Symmetric units: units of a layer that start equal, and whose gradients are equal, so that they stay equal."""

from __future__ import annotations

from lamina.activations import ACTIVATIONS
from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding, Where
from lamina.doctor.probes.layer_facts import LayerFacts

__all__ = ["find"]

#: A layer of which half the units or fewer differ after the first step was not drawn at random.
DISTINCT = 0.5

_MEANING = (
    "Units that start with equal weights, and are read with equal weights, get equal gradients: they never become different, and "
    "the layer is worth as many units as differ. Draw the first weights at random."
)


def find(case: Case) -> Finding | None:
    """A hidden layer in which most units are still equal after the first step.

    Equal units are certain to waste the layer (Goodfellow, Bengio & Courville 2016, section 8.4), but dropout, which silences
    some of them, can part them, and where few units suffice nothing is lost: that is worth a hint.
    """
    hidden = [layer for layer in case.start.layers if not layer.is_output and layer.width > 1]
    worst = min(hidden, key=_share, default=None)
    if worst is None or _share(worst) > DISTINCT:
        return None
    evidence = (
        Evidence("share of units that differ after a step", _share(worst), DISTINCT, is_above=False),
        Evidence("units", worst.width),
    )
    severity, confidence = "certain harm", 0.95
    if any(case.setup.dropout_rates):
        severity, confidence = "harm", 0.6
    if not case.is_behind and case.control is not None:
        severity, confidence = "hint", 0.5
    cure = Cure("random weights", {"weight_init": _suitable(worst)}, "Units that differ learn different things.", "L29")
    return Finding("symmetric_units", severity, confidence, evidence, _MEANING, "L29", (cure,), Where(layer=worst.name))


def _share(layer: LayerFacts) -> float:
    return layer.distinct_after_step / layer.width


def _suitable(layer: LayerFacts) -> str:
    return "he" if layer.activation == "prelu" else ACTIVATIONS[layer.activation].initializer
