"""Gradients that vanish on their way to the first layer."""

from __future__ import annotations

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding, Where
from lamina.doctor.findings.fit import fits_badly
from lamina.doctor.findings.rates import relu_and_he
from lamina.doctor.findings.sureness import sureness

__all__ = ["find"]

_VANISHED = 1e-3
_MEANING = (
    "The gradient shrinks at each layer on its way back, so that the first layers get next to nothing of it and hardly learn. "
    "Flat parts of sigmoid and tanh, and weights that are too small, make it so: each layer multiplies by a number below 1."
)
_CAUSES = ("poor_initial_variance", "saturated_units", "unscaled_inputs", "over_regularized", "symmetric_units", "dead_units")


def find(case: Case) -> Finding | None:
    """A gradient that is a thousand times smaller at the first layer than at the last, during the first third of the training.

    Glorot & Bengio 2010 compare these gradients; AutoTrainer (Zhang et al. 2021) alarms at the same factor.
    """
    decay = case.run.gradient_decay
    if len(case.run.layers) < 3 or not decay.early < _VANISHED or not fits_badly(case):
        return None
    evidence = (
        Evidence("gradient of the first layer over that of the last", decay.early, _VANISHED, is_above=False),
        Evidence("the same before the first step", decay.first),
    )
    sure = sureness(_VANISHED / decay.early) if decay.early > 0 else 0.95
    where = Where(layer=case.run.layers[0].name)
    return Finding("vanishing_gradient", "harm", sure, evidence, _MEANING, "L17", _cures(case), where, _CAUSES)


def _cures(case: Case) -> tuple[Cure, ...]:
    saturates = any(name in ("sigmoid", "tanh", "logistic", "softsign", "hard_sigmoid") for name in case.setup.activations)
    relu = Cure("use relu", relu_and_he(case.setup), "Its slope is 1 wherever a unit is active.", "L19")
    init = Cure("start from He's weights", {"weight_init": "he"}, "They keep variances equal from layer to layer.", "L32")
    norm = Cure("normalize each layer by the batch", {"batch_norm": True}, "Sums stay where functions are steep.", "L24")
    return (norm, relu) if saturates else (init, norm)
