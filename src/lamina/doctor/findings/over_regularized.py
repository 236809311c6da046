"""Regularization that is too strong."""

from __future__ import annotations

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding
from lamina.doctor.findings.fit import fits_badly, has_run_away, is_flat_from_start
from lamina.doctor.findings.sureness import sureness

__all__ = ["find"]

_SHRUNK = 0.5
_L2 = 0.3
_L2_OF_COLLAPSE, _COLLAPSED = 0.05, 0.02  # in deep networks, where layers multiply, a smaller factor takes the weights to 0
_L1, _L1_OF_COLLAPSE = 0.1, 0.02
_DECAY = 3e-3  # a step; the loss changes weights by 1e-3 (see rates.USUAL_UPDATE)
_BOUND = 0.6
_MEANING = (
    "The penalty on the weights counts for more than the loss: it pulls them to 0, and the answer to the same for all rows. "
    "Regularization is to keep a network from learning by heart; here it cannot even learn the training rows."
)


_CAUSES = ("learning_rate_too_high", "batch_too_small_for_batch_norm", "unscaled_inputs", "unscaled_targets")


def find(case: Case) -> Finding | None:
    """Weights that a penalty, weight decay or a bound on norms holds far below where they began, with a bad fit.

    An L2 penalty counts if its factor in a step's loss is 0.3 of the loss's curvature, which takes a quarter of a slope away; an
    L1 penalty if it is 0.1 of the deviation of the loss's slope, below which no correlation is learned; weight decay if it takes
    0.3 % of the weights in a step; a bound if most units of a layer end at it and began above.
    """
    if not fits_badly(case) or has_run_away(case) or is_flat_from_start(case):
        return None
    restraint = case.run.restraint
    l2 = restraint.l2 / restraint.curvature
    growth = min((layer.weight_norm.growth for layer in case.run.layers if layer.weight_norm.growth >= 0), default=1.0)
    has_shrunk = growth < _SHRUNK
    l1 = restraint.l1 / restraint.slope
    bound_of_l2, bound_of_l1 = (_L2_OF_COLLAPSE, _L1_OF_COLLAPSE) if growth < _COLLAPSED else (_L2, _L1)
    times = max(
        l2 / bound_of_l2 if has_shrunk else 0.0,
        l1 / bound_of_l1 if has_shrunk else 0.0,
        restraint.decay / _DECAY if has_shrunk else 0.0,
        _BOUND / restraint.bound if restraint.at_bound > 0.5 else 0.0,
    )
    if not times > 1:
        return None
    evidence = (
        Evidence(
            "factor of the L2 penalty in a step's loss, over the loss's curvature", l2, bound_of_l2 if l2 > bound_of_l2 else None
        ),
        Evidence(
            "factor of the L1 penalty in a step's loss, over the deviation of the loss's slope",
            l1,
            bound_of_l1 if l1 > bound_of_l1 else None,
        ),
        Evidence(
            "share of the weights that decay takes in a step", restraint.decay, _DECAY if restraint.decay > _DECAY else None
        ),
        Evidence("bound on weights into a unit over their norm before training", restraint.bound, _BOUND, is_above=False),
        Evidence(
            "norm of a layer's weights over that before training, the smallest", growth, _SHRUNK if has_shrunk else None, False
        ),
    )
    told = tuple(each for each in evidence if each.threshold is not None and (each.value > each.threshold) == each.is_above)
    return Finding("over_regularized", "harm", sureness(times), told, _MEANING, "L21", _CURES, because_of=_CAUSES)


_CURES = (
    Cure("weaken the penalty", {"l2": 1e-4}, "The loss decides again where the weights go.", "L21"),
    Cure("take the penalty away", {"l2": 0.0}, "Whether one is needed shows only once the training rows are learned.", "L21"),
)
