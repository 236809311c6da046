"""Linear network: nothing bends between the inputs and the outputs, and the problem is not linear."""

from __future__ import annotations

import math

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding
from lamina.doctor.findings.shortfall import falls_short
from lamina.doctor.probes.baselines import Baselines

__all__ = ["find"]

#: By how much others are better than a linear model where a problem is not linear, at least.
LEAD = 0.03
#: Chance, in standard errors of the linear model's accuracy or R².
CHANCE = 2.0
#: A linear network whose score is below a linear model's by so much has another fault besides.
SHORTFALL = 0.1

_LAYERS = (
    "Layers of plain sums one after the other are worth a single one: they draw a line, a plane, and nothing else. "
    "A function that bends between them, such as relu, lets the network learn what no plane separates."
)
_ONE_LAYER = (
    "Without a hidden layer the network draws a line, a plane, and nothing else, as a perceptron does. "
    "A hidden layer whose function bends, such as relu, lets it learn what no plane separates."
)
_BENDS = Cure(
    "bend between the layers", {"activation": "relu"}, "A network of two layers with a bend approximates any function.", "L7"
)
_HIDDEN = Cure("a hidden layer", {"widths": (64,)}, "A network of two layers with a bend approximates any function.", "L7")


def find(case: Case) -> Finding | None:
    """A network that is linear in its inputs and falls short of a plain one that is not, where linear models stay behind, too.

    Where the problem is linear, all do equally well, and nothing is wrong (Minsky & Papert 1969: what one layer can learn).
    """
    network = case.start.network
    if not falls_short(case) or case.control is None or not (network.is_linear or network.depth == 1):
        return None
    baselines = case.data.baselines
    lead = max(case.control.held_out, baselines.nonlinear) - baselines.linear
    bound = max(LEAD, CHANCE * _standard_error(baselines))
    if lead < bound:  # a linear model would do: something else holds this one back
        return None
    several = network.depth > 1
    evidence = (
        Evidence("held-out score", case.outcome.held_out, case.control.held_out, is_above=False),
        Evidence("lead of the best simple or standard model over a linear one", lead, bound),
    )
    meaning, cure = (_LAYERS, _BENDS) if several else (_ONE_LAYER, _HIDDEN)
    confidence = 0.5 if case.outcome.held_out < baselines.linear - SHORTFALL else 0.9
    return Finding("linear_network", "harm", confidence, evidence, meaning, "L3", (cure,))


def _standard_error(baselines: Baselines) -> float:
    """Of an accuracy; for R² it is of that order."""
    p = min(max(baselines.linear, 0.0), 1.0)
    return math.sqrt(p * (1.0 - p) / baselines.rows) if baselines.rows else 0.0
