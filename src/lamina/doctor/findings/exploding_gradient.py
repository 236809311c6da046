"""Gradients that grow on their way to the first layer, or with the steps."""

from __future__ import annotations

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding, Where
from lamina.doctor.findings.fit import has_run_away
from lamina.doctor.findings.rates import lower_rate
from lamina.doctor.findings.sureness import sureness

__all__ = ["find"]

_GROWN = 30.0
_START = 100.0
_MEANING = (
    "The gradient grows at each layer on its way back, so that the first layers take far too long steps. "
    "Weights that are too large make it so: each layer multiplies by a number above 1."
)
_MEANING_BY_STEPS = (
    "The gradient grew many times over while training went on, so that the steps became far too long. "
    "Steps that are too long make it so: they push the weights, and with them the sums, further out each time."
)
_CAUSES = ("poor_initial_variance", "unscaled_inputs", "unscaled_targets", "learning_rate_too_high", "rows_in_order")


def find(case: Case) -> Finding | None:
    """A gradient that is many times larger at the first layer than at the last, or that grew a thousand times, with a bad end."""
    run = case.run
    if not (case.is_worse or has_run_away(case)) or not run.layers:
        return None
    decay = run.gradient_decay
    growth = max(
        (layer.gradient_rms.largest / layer.gradient_rms.first for layer in run.layers if layer.gradient_rms.first > 0),
        default=0.0,
    )
    by_layers = decay.first > _GROWN and len(run.layers) > 2
    by_steps = growth > _START and has_run_away(case)
    if not (by_layers or by_steps):
        return None
    evidence = (
        Evidence("gradient of the first layer over that of the last", decay.first, _GROWN if by_layers else None),
        Evidence("largest gradient of a layer over its first", growth, _START if by_steps else None),
    )
    sure = sureness(max(decay.first / _GROWN if by_layers else 0.0, growth / _START if by_steps else 0.0))
    where = Where(layer=run.layers[0].name)
    meaning = _MEANING if by_layers else _MEANING_BY_STEPS
    return Finding("exploding_gradient", "harm", sure, evidence, meaning, "L17", _cures(case, by_layers), where, _CAUSES)


def _cures(case: Case, by_layers: bool) -> tuple[Cure, ...]:
    cures = [
        Cure("bound the gradient", {"clip_norm": 1.0}, "No step is longer than the bound allows.", "L27"),
        Cure("start from He's weights", {"weight_init": "he"}, "They keep variances equal from layer to layer.", "L32"),
        Cure("normalize each layer by the batch", {"batch_norm": True}, "Sums keep their size whatever the weights are.", "L24"),
    ]
    if case.setup.learning_rate > 0:
        changes = {"learning_rate": lower_rate(case.setup)}
        cures.append(Cure("lower the learning rate", changes, "Shorter steps make up for the larger slope.", "L15"))
    return (cures[1], cures[0], *cures[2:]) if by_layers else tuple(cures)
