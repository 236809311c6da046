"""Poor initial variance: the first weights are so small or large that signals fade or grow from layer to layer."""

from __future__ import annotations

import math
from typing import NamedTuple

from scipy.special import chdtr

from lamina.activations import ACTIVATIONS, get_activation
from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding, Where
from lamina.doctor.findings.shortfall import falls_short
from lamina.doctor.probes.layer_facts import LayerFacts

__all__ = ["find"]

#: Gains (standard deviation of the weights times the root of the fan) outside of these are no usual initialization's: Xavier's is
#: 1, He's 1.4 (Glorot & Bengio 2010, equation 16; He et al. 2015, equation 10). A factor of 3 is lost or won in each layer.
SMALL_GAIN, LARGE_GAIN = 0.3, 3.0
#: Of the inputs' variance, what may reach the last hidden layer, and of the gradient's, what may come back to the first one.
#: Mishkin & Matas 2016 keep 1; sound networks of ten layers kept more than a thousandth in our calibration.
FADED, GROWN = 1e-3, 1e3

_RARE = 1e-3

_FADES = (
    "The first weights are small for these layers, so signals and gradients shrink from layer to layer, and the lower layers "
    "hardly learn. The variance of each layer's outputs should be about that of its inputs: Xavier's weights for tanh, He's for "
    "relu."
)
_GROWS = (
    "The first weights are large for these layers, so sums grow from layer to layer: units saturate, or the loss starts far too "
    "high. The variance of each layer's outputs should be about that of its inputs: Xavier's weights for tanh, He's for relu."
)
_NORM = Cure("batch norm", {"batch_norm": True}, "It gives each layer's sums variance 1, whatever the weights.", "L24")
_RELU = Cure(
    "relu", {"activation": "relu", "weight_init": "he"}, "Its slope is 1 where it is not 0, so gradients do not fade.", "L19"
)


class _Poor(NamedTuple):
    layer: LayerFacts
    evidence: tuple[Evidence, ...]
    grows: bool
    confidence: float


def find(case: Case) -> Finding | None:
    """Hidden layers whose first weights no rule would give, or through which signals fade or grow, in a model that falls short.

    Layers with a normalization are left out: it gives their sums variance 1. So are layers of equal units
    (:mod:`~lamina.doctor.findings.symmetric_units`).
    """
    hidden = [layer for layer in case.start.layers if not layer.is_output and not layer.is_normalized]
    drawn = [layer for layer in hidden if layer.distinct > 1]
    poor = _by_gain(drawn) or (_by_signal(drawn) if case.is_behind else None)
    # large weights fit the training rows at once, by functions that mean nothing elsewhere
    if poor is None or not falls_short(case, on_training_rows=not poor.grows):
        return None
    scheme = "he" if poor.layer.activation == "prelu" else ACTIVATIONS[poor.layer.activation].initializer
    weights = Cure("weights of the right size", {"weight_init": scheme}, "They keep the variance from layer to layer.", "L33")
    others = (_NORM,) if poor.layer.activation == "relu" else (_RELU, _NORM)
    confidence = poor.confidence if case.is_behind else 0.6
    meaning = _GROWS if poor.grows else _FADES
    where = Where(layer=poor.layer.name)
    return Finding("poor_initial_variance", "harm", confidence, poor.evidence, meaning, "L30", (weights, *others), where)


def _by_gain(layers: list[LayerFacts]) -> _Poor | None:
    """The layer whose weights are farthest from what an initialization would draw."""
    small = min(layers, key=_largest_gain, default=None)
    large = max(layers, key=_smallest_gain, default=None)
    if small is None or large is None:
        return None
    if _largest_gain(small) < SMALL_GAIN and not _is_small_by_chance(small):
        evidence = Evidence("gain of the weights (Xavier's is 1)", _largest_gain(small), SMALL_GAIN, is_above=False)
        return _Poor(small, (evidence, *_signal(layers)), False, 0.85)
    if _smallest_gain(large) > LARGE_GAIN:
        evidence = Evidence("gain of the weights (Xavier's is 1)", _smallest_gain(large), LARGE_GAIN)
        return _Poor(large, (evidence, *_signal(layers)), True, 0.85)
    return None


def _by_signal(layers: list[LayerFacts]) -> _Poor | None:
    """Weights of a usual size that do not suit the functions between them."""
    if len(layers) < 2:
        return None
    forward, backward = _forward(layers), _backward(layers)
    if min(forward, backward) < FADED:
        worst = min(layers, key=lambda layer: layer.variance_kept if math.isfinite(layer.variance_kept) else math.inf)
        return _Poor(worst, _signal(layers), False, 0.6)
    if max(forward, backward) > GROWN:
        worst = max(layers, key=lambda layer: layer.variance_kept if math.isfinite(layer.variance_kept) else -math.inf)
        return _Poor(worst, _signal(layers), True, 0.6)
    return None


def _signal(layers: list[LayerFacts]) -> tuple[Evidence, ...]:
    named = {
        "variance of the last hidden layer's outputs over that of the first's": _forward(layers),
        "variance of the gradient at the first hidden layer over that at the last": _backward(layers),
    }
    return tuple(
        Evidence(what, value, FADED if value < 1 else GROWN, is_above=value >= 1)
        for what, value in named.items()
        if math.isfinite(value) and (value < FADED or value > GROWN)
    )


def _forward(layers: list[LayerFacts]) -> float:
    return layers[-1].variance / layers[0].variance if layers[0].variance > 0 else math.nan


def _backward(layers: list[LayerFacts]) -> float:
    return layers[0].gradient_variance / layers[-1].gradient_variance if layers[-1].gradient_variance > 0 else math.nan


def _largest_gain(layer: LayerFacts) -> float:
    """By the larger of fan-in and mean fan, to which some rules adapt the weights."""
    return layer.weight_std * math.sqrt(max(layer.fan_in, (layer.fan_in + layer.width) / 2))


def _smallest_gain(layer: LayerFacts) -> float:
    """By the smaller of the two, and relative to the slope that the weights make up for: a quarter for the sigmoid."""
    return layer.weight_std * math.sqrt(min(layer.fan_in, (layer.fan_in + layer.width) / 2)) * _slope(layer.activation)


def _is_small_by_chance(layer: LayerFacts) -> bool:
    """Whether Xavier's rule draws so few weights as small now and then: the sum of their squares is a chi-square."""
    count = layer.fan_in * layer.width
    return float(chdtr(count, count * _largest_gain(layer) ** 2)) > _RARE


def _slope(activation: str) -> float:
    slope = 1.0 if activation in ("prelu", "step") else float(get_activation(activation).derivative([0.5, 0.5])[0])
    return min(slope, 1.0)
