"""The rules of AutoTrainer (Zhang, Zhai, Ma & Shen 2021: "AUTOTRAINER: An Automatic DNN Training Problem Detection and Repair
System", ICSE), with the thresholds and the order of solutions of its published code.

Theta = 0.7, the accuracy below which a training counts as failed; beta_1 = 1e-3 and beta_2 = 1e-4 (vanishing), beta_3 = 70
(exploding), gamma = 0.7 (dying ReLU), delta = 0.01 (slow convergence), zeta = 0.03 and eta = 0.2 (oscillation). It knows
classification; where numbers are learned, R² takes the place of the accuracy.
"""

from __future__ import annotations

from typing import final

import numpy as np

from benchmarks.doctor.baselines.watched import Watched, watch
from benchmarks.doctor.case import Case, quietly
from benchmarks.doctor.doctors import Opinion

__all__ = ["AUTOTRAINER", "problems"]

_THETA, _BETA_1, _BETA_2, _BETA_3, _GAMMA, _DELTA, _ZETA, _ETA = 0.7, 1e-3, 1e-4, 70.0, 0.7, 0.01, 0.03, 0.2

#: The problem, in the tool's word, as findings and as the settings that its solutions change, in its order ("balance").
_MEANING: dict[str, tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]] = {
    "explode": (("exploding_gradient", "divergence"), (("activation",), ("clip_norm",), ("batch_norm",))),
    "vanish": (("vanishing_gradient",), (("activation",), ("batch_norm",))),
    "relu": (("dead_units",), (("activation",), ("batch_norm",), ("weight_init",))),
    "not converge": (("learning_rate_too_low", "stalled"), (("optimizer",), ("learning_rate",))),
    "unstable": (("oscillating_loss", "learning_rate_too_high"), (("optimizer",), ("learning_rate",), ("batch_size",))),
}


def problems(seen: Watched) -> list[str]:
    """The problems in the tool's words; at most two."""
    found = ["explode"] if seen.broke_off else []
    score, validation = seen.score, seen.validation_score
    if not len(score):
        return found
    slow = _largest_rise(score) < _DELTA and _largest_rise(validation) < _DELTA
    if slow or min(score.max(), validation.max()) < _THETA:
        cause = _of_gradients(seen) or ("not converge" if slow else "")
        return [*found, cause] if cause and cause not in found else found
    return [*found, "unstable"] if _swings(score) else found


def _of_gradients(seen: Watched) -> str:
    """What the gradients of the layers' weights say, at any probe: of the first layer, relative to the last."""
    probes = seen.record.probes
    if not len(probes.steps):
        return ""
    norms = probes.weight_gradient_norm
    with np.errstate(all="ignore"):
        ratios = norms[:, 0] / norms[:, -1]
    if np.any(probes.weight_gradient_zero.mean(axis=1) >= _GAMMA):
        return "relu"
    if np.any(ratios > _BETA_3):
        return "explode"
    return "vanish" if np.any((ratios < _BETA_1) & (norms[:, 0] < _BETA_2)) else ""


def _largest_rise(scores: np.ndarray) -> float:
    return float(np.max(np.diff(scores), initial=0.0))


def _swings(scores: np.ndarray) -> bool:
    """Whether in a fifth of the epochs a local maximum of the accuracy and the minimum beside it are 0.03 apart."""
    before, here, after = scores[:-2], scores[1:-1], scores[2:]
    highs = here[(here >= before) & (here >= after)]
    lows = here[(here <= before) & (here <= after)]
    pairs = min(len(highs), len(lows))
    return bool(np.sum(highs[:pairs] - lows[:pairs] >= _ZETA) >= _ETA * len(scores))


@final
class AutoTrainer:
    """Its problems and solutions; its own repair is not run."""

    name = "AutoTrainer"

    def diagnose(self, case: Case) -> Opinion:
        seen = watch(case)
        with quietly():
            found = problems(seen)
        findings = [finding for problem in found for finding in _MEANING[problem][0]]
        return Opinion(findings, [cure for problem in found for cure in _MEANING[problem][1]])


AUTOTRAINER = AutoTrainer()
