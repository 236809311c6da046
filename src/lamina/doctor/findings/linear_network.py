"""Linear network: nothing bends between the inputs and the outputs, and the problem is not linear."""

from __future__ import annotations

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding

__all__ = ["find"]

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
    """A network that is linear in its inputs and stays behind a plain network that is not.

    Where the problem is linear, both do equally well, and nothing is wrong (Minsky & Papert 1969: what one layer can learn).
    """
    network = case.start.network
    if not case.is_behind or not (network.is_linear or network.depth == 1) or case.control is None:
        return None
    evidence = (
        Evidence("dense layers on the longest path", network.depth),
        Evidence("held-out score", case.outcome.held_out, case.control.held_out, is_above=False),
    )
    several = network.depth > 1
    meaning, cure = (_LAYERS, _BENDS) if several else (_ONE_LAYER, _HIDDEN)
    return Finding("linear_network", "harm", 0.9 if several else 0.85, evidence, meaning, "L3", (cure,))
