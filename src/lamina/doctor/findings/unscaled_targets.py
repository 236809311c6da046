"""Unscaled targets: numbers to predict that are far larger or smaller than 1, or far from 0."""

from __future__ import annotations

import math

from lamina.doctor.case import Case
from lamina.doctor.cures import Cure
from lamina.doctor.finding import Evidence, Finding
from lamina.doctor.probes.target_facts import NumberFacts

__all__ = ["find"]

# An untrained network's outputs are of the order of 1, and a step of Adam moves a weight by the learning rate, of about 0.001.
_LARGE, _SMALL = 10.0, 0.03
_FAR = 10.0
_UNEQUAL = 100.0

# Poisson, gamma and Tweedie losses have an exponential behind their logits, to which sizes are but an offset.
_LOSSES_OF_A_SCALE = ("squared_error", "absolute_error", "huber", "log_cosh", "quantile", "gaussian_nll")

_CURE = Cure("scale the targets", {"scale_targets": True}, "Outputs of the order of 1 are what first weights give.", "L33")


def find(case: Case) -> Finding | None:
    """The model stays behind, and the numbers that its loss compares with the outputs are out of scale."""
    numbers = case.data.numbers
    if not case.is_behind or numbers is None or case.setup.losses[0] not in _LOSSES_OF_A_SCALE:
        return None
    evidence = _evidence(numbers)
    if not evidence:
        return None
    orders = abs(math.log10(max(numbers.size, 1e-30)))
    return Finding(
        "unscaled_targets",
        "harm",
        min(0.5 + 0.2 * orders, 0.95),
        tuple(evidence),
        "The outputs of an untrained network are of the order of 1, so its first errors are as large as the targets. Errors that "
        "are too large throw the weights far off, and small steps take very long to reach such outputs.",
        "L33",
        (_CURE,),
    )


def _evidence(numbers: NumberFacts) -> list[Evidence]:
    spread = [std for std in numbers.std if std > 0]
    if not spread:
        return []
    found = []
    if numbers.size > _LARGE:
        found.append(Evidence("root mean square of the targets", numbers.size, _LARGE))
    if max(spread) < _SMALL:
        found.append(Evidence("standard deviation of the targets", max(spread), _SMALL, is_above=False))
    offset = max(abs(mean) / std for mean, std in zip(numbers.mean, numbers.std, strict=True) if std > 0)
    if offset > _FAR:
        found.append(Evidence("distance of the targets' mean from 0, in standard deviations", offset, _FAR))
    if numbers.scale_ratio > _UNEQUAL:
        found.append(Evidence("largest standard deviation of a target over the smallest", numbers.scale_ratio, _UNEQUAL))
    return found
