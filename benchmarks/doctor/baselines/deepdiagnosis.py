"""The rules of DeepDiagnosis (Wardat, Cruz, Le & Rajan 2022: "DeepDiagnosis: Automatically Diagnosing Faults and Recommending
Actionable Fixes in Deep Learning Programs", ICSE), with the thresholds of the published code.

It stops at the first of its eight symptoms, and a tree of decisions names the cause: weights of poor variance (below 1e-5 or
above 10), data beyond -1 and 1, a ratio of update to weight a hundred times above or below 1e-3, else the optimizer. Saturated
means sums beyond -5 and 5; of the histogram the bin that begins nearest, 4, is taken. A dead layer has 70 % of its outputs at
zero or below.
"""

from __future__ import annotations

from typing import final

import numpy as np

from benchmarks.doctor.baselines.watched import Watched, watch
from benchmarks.doctor.case import Case, quietly
from benchmarks.doctor.doctors import Opinion

__all__ = ["DEEPDIAGNOSIS", "symptom"]

_RANGES = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "relu": (0.0, np.inf)}
_STILL_EPOCHS = 20
_OF_SYMPTOMS = {
    "numerical error": ("divergence",),
    "saturated activation": ("saturated_units",),
    "dead node": ("dead_units",),
    "out of range": ("wrong_output_activation",),
    "loss not decreasing": ("stalled",),
    "accuracy not increasing": ("stalled",),
    "unchanged weight": ("stalled",),
    "vanishing gradient": ("vanishing_gradient",),
}
_OF_CAUSES = {
    "poor weights": (("poor_initial_variance",), (("weight_init",),)),
    "data": (("unscaled_inputs",), (("scale_inputs",),)),
    "rate too high": (("learning_rate_too_high",), (("learning_rate",),)),
    "rate too low": (("learning_rate_too_low",), (("learning_rate",),)),
    "optimizer": ((), (("optimizer",),)),
    "output": ((), (("output_activation",), ("loss",))),
    "activation": ((), (("activation",),)),
}


def symptom(seen: Watched) -> str:
    """The first symptom, in the order in which a step is examined; empty if there is none."""
    probes = seen.record.probes
    checks = {
        "numerical error": seen.broke_off,
        "saturated activation": _saturated(seen),
        "dead node": "relu" in seen.activations and bool(np.any(probes.zero >= 0.7)),
        "out of range": _out_of_range(seen),
        "loss not decreasing": _is_still(seen.loss),
        "accuracy not increasing": _is_still(seen.score),
        "vanishing gradient": bool(np.any(probes.weight_gradient_rms < 1e-7)),
        "unchanged weight": bool(np.any(np.nan_to_num(probes.update_norm, nan=1.0) == 0)),
    }
    return next((name for name, holds in checks.items() if holds), "")


def cause(seen: Watched, found: str) -> str:
    """The decision tree."""
    if found == "out of range":
        return "output"
    if found == "vanishing gradient":
        return _rate(seen) or "activation"
    if np.any(seen.weight_variance > 10) or np.any(seen.weight_variance < 1e-5):
        return "poor weights"
    if found != "unchanged weight" and (seen.X.min() < -1 or seen.X.max() > 1):
        return "data"
    return _rate(seen) or "optimizer"


def _saturated(seen: Watched) -> bool:
    if not {"sigmoid", "tanh"} & set(seen.activations):
        return False
    edges = seen.record.bins
    is_far = (edges[:-1] >= 4) | (edges[1:] <= -4)
    return bool(np.any(seen.record.probes.histogram[:, :, is_far].sum(axis=2) > 0.5))


def _out_of_range(seen: Watched) -> bool:
    """Whether the output's activation cannot reach all targets; only where there is one after the last dense layer."""
    if len(seen.activations) <= seen.num_hidden:
        return False
    low, high = _RANGES.get(seen.activations[-1], (-np.inf, np.inf))
    return not seen.classifies and bool(seen.y.min() < low or seen.y.max() > high)


def _is_still(values: np.ndarray) -> bool:
    """Whether the mean over 20 epochs is their maximum: no change at all."""
    starts = range(0, len(values) - _STILL_EPOCHS + 1, _STILL_EPOCHS)
    return any(bool(np.ptp(values[start : start + _STILL_EPOCHS]) == 0) for start in starts)


def _rate(seen: Watched) -> str:
    ratios = seen.record.probes.update_ratio
    if np.any(ratios > 0.1):
        return "rate too high"
    return "rate too low" if np.any(ratios < 1e-5) else ""


@final
class DeepDiagnosis:
    """The symptom, its cause, and the fix that belongs to it."""

    name = "DeepDiagnosis"

    def diagnose(self, case: Case) -> Opinion:
        seen = watch(case)
        with quietly():
            found = symptom(seen)
            if not found:
                return Opinion(())
            causes, cures = _OF_CAUSES[cause(seen, found)]
        return Opinion([*causes, *_OF_SYMPTOMS[found]], cures)


DEEPDIAGNOSIS = DeepDiagnosis()
