"""The built-in rules of Amazon SageMaker Debugger, with their default parameters.

Source: "List of Debugger built-in rules", Amazon SageMaker AI Developer Guide (docs.aws.amazon.com/sagemaker/latest/dg,
debugger-built-in-rules). Steps of the rules are the record's probes, as theirs are the steps that are saved (by default one in
500); mean absolute gradients are replaced by the root of the mean square, which is no smaller. Of the histograms the bin that
begins nearest to a threshold is taken: 8 for tanh (9.5 there), 16 for sigmoid (17 and -23 there).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np

from benchmarks.doctor.baselines.watched import Watched, watch
from benchmarks.doctor.case import Case, quietly
from benchmarks.doctor.doctors import Opinion

__all__ = ["RULES", "SAGEMAKER"]


def exploding_tensor(seen: Watched) -> bool:
    """Any number that is not finite."""
    return seen.broke_off or bool(np.nansum(seen.record.probes.non_finite) > 0)


def vanishing_gradient(seen: Watched) -> bool:
    """The mean of a layer's absolute gradients is below 1e-7."""
    return bool(np.any(seen.record.probes.weight_gradient_rms < 1e-7))


def large_updates(seen: Watched) -> bool:
    """WeightUpdateRatio: the updates of a layer are more than 10 times its weights."""
    return bool(np.any(seen.record.probes.update_ratio > 10))


def small_updates(seen: Watched) -> bool:
    """WeightUpdateRatio: they are less than 1e-8 of its weights."""
    return bool(np.any(seen.record.probes.update_ratio < 1e-8))


def dead_relu(seen: Watched) -> bool:
    """More than half of a layer's ReLUs are active in less than 1 % of the rows (here: in none)."""
    return "relu" in seen.activations and bool(np.any(seen.record.probes.dead > 0.5))


def saturated_activation(seen: Watched) -> bool:
    """More than half of the inputs of tanh or sigmoid units are where the gradient is below 1e-7."""
    bounds = [bound for name, bound in (("tanh", 8.0), ("sigmoid", 16.0)) if name in seen.activations]
    if not bounds:
        return False
    edges = seen.record.bins
    is_far = (edges[:-1] >= bounds[0]) | (edges[1:] <= -bounds[0])
    return bool(np.any(seen.record.probes.histogram[:, :, is_far].sum(axis=2) > 0.5))


def poor_weight_initialization(seen: Watched) -> bool:
    """A poor start, by the first ten steps.

    The variances of the activations' inputs differ by more than a factor of 10 between layers, or the 5th and the 95th percentile
    of a layer's gradients by less than 0.001 (here, as of a normal distribution: 3.29 root mean squares).
    """
    probes = seen.record.probes
    first = probes.steps < max(10, probes.steps.min(initial=10) + 1)
    variances = probes.sum_std[first] ** 2
    with np.errstate(all="ignore"):
        ratios = variances.max(axis=1) / variances.min(axis=1)
    return bool(np.any(ratios > 10) or np.any(3.29 * probes.weight_gradient_rms[first] < 0.001))


def loss_not_decreasing(seen: Watched) -> bool:
    """The loss falls by less than 0.1 % between two probes that are ten steps apart or more."""
    probes = seen.record.probes
    chosen = _apart(probes.steps, 10)
    losses = probes.loss[chosen]
    return bool(np.any(losses[1:] > (1 - 0.001) * losses[:-1]))


def overfit(seen: Watched) -> bool:
    """The validation loss exceeds the training loss by more than a tenth of it."""
    return bool(np.any(seen.validation_loss - seen.loss > 0.1 * np.abs(seen.loss)))


def overtraining(seen: Watched) -> bool:
    """No improvement by 0.01 of the training loss for 5 epochs, or of the validation loss for 10."""
    return _waits(seen.loss, 5) or _waits(seen.validation_loss, 10)


def class_imbalance(seen: Watched) -> bool:
    """The largest class has more than 10 times the rows of the smallest, or more than 70 % of a class are wrong."""
    if not seen.classifies:
        return False
    counts = np.unique(seen.y, return_counts=True)[1]
    return bool(counts.max() > 10 * counts.min() or np.any(seen.class_errors > 0.7))


def tensor_variance(seen: Watched) -> bool:
    """The variance of a layer's weights is above 10 or below 1e-5."""
    return bool(np.any(seen.weight_variance > 10) or np.any(seen.weight_variance < 1e-5))


def unchanged_tensor(seen: Watched) -> bool:
    """A layer's weights stay within 1e-5 of themselves (numpy.allclose) over three probes."""
    still = seen.record.probes.update_ratio < 1e-5
    return bool(np.any(still[2:] & still[1:-1] & still[:-2])) if len(still) > 2 else False


def all_zero(seen: Watched) -> bool:
    """All outputs of a layer are zero."""
    return bool(np.any(seen.record.probes.zero == 1))


#: Each rule, and the finding that it stands for, in the manual's order of causes before symptoms.
RULES: tuple[tuple[Callable[[Watched], bool], str], ...] = (
    (exploding_tensor, "divergence"),
    (vanishing_gradient, "vanishing_gradient"),
    (dead_relu, "dead_units"),
    (all_zero, "dead_units"),
    (saturated_activation, "saturated_units"),
    (poor_weight_initialization, "poor_initial_variance"),
    (tensor_variance, "poor_initial_variance"),
    (large_updates, "learning_rate_too_high"),
    (small_updates, "learning_rate_too_low"),
    (class_imbalance, "imbalance_ignored"),
    (overfit, "overfitting"),
    (overtraining, "stopped_too_late"),
    (unchanged_tensor, "stalled"),
    (loss_not_decreasing, "stalled"),
)


@final
class SageMaker:
    """All rules at once; it names no cures."""

    name = "SageMaker Debugger"

    def diagnose(self, case: Case) -> Opinion:
        seen = watch(case)
        with quietly():
            return Opinion(list(dict.fromkeys(finding for rule, finding in RULES if rule(seen))))


SAGEMAKER = SageMaker()


def _apart(steps: np.ndarray, distance: int) -> list[int]:
    """Places of probes that are so many steps apart or more, from the first on."""
    chosen: list[int] = []
    for place, step in enumerate(steps):
        if not chosen or step - steps[chosen[-1]] >= distance:
            chosen.append(place)
    return chosen


def _waits(losses: np.ndarray, patience: int, delta: float = 0.01) -> bool:
    best, waited = np.inf, 0
    for loss in losses:
        best, waited = (loss, 0) if loss < best - delta else (best, waited + 1)
        if waited >= patience:
            return True
    return False
