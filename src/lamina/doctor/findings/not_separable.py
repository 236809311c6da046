"""Not separable: classes that no plane parts, and a network without a hidden layer."""

from __future__ import annotations

from lamina.doctor.case import Case
from lamina.doctor.cures import Cure
from lamina.doctor.finding import Evidence, Finding

__all__ = ["find"]

_GAIN = 0.05
_STANDARD_ERRORS = 3.0

_CURE = Cure(
    "add a hidden layer", {"widths": (32,), "activation": "relu"}, "Two layers part what no plane can (exclusive or).", "L3"
)


def find(case: Case) -> Finding | None:
    """A network of one layer stays behind, and simple models that bend do better than those that do not."""
    scores = case.data.baselines
    if case.setup.hidden_widths or case.data.classes is None or not case.is_behind or not scores.rows:
        return None
    linear, bent = scores.linear, scores.nonlinear
    threshold = max(_GAIN, _STANDARD_ERRORS * (linear * (1 - linear) / scores.rows) ** 0.5)
    if bent - linear < threshold:
        return None
    return Finding(
        "not_separable",
        "harm",
        0.9,
        (
            Evidence("accuracy that a model with bent borders gains on a linear one", bent - linear, threshold),
            Evidence("accuracy of the linear one", linear),
        ),
        "A network without a hidden layer parts the classes by planes, and no plane parts these. However long it trains, its "
        "accuracy rises and falls below a bound that only a hidden layer lifts.",
        "L2",
        (_CURE,),
    )
