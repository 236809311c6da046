"""The heuristics of UMLAUT (Schoop, Huang & Hartmann 2021: "UMLAUT: Debugging Deep Learning Programs using Program Structure and
Model Behavior", CHI), with the thresholds of the published code.

Inputs beyond -1 and 1; a loss that is not a number; a learning rate above 0.01 or below 1e-7; an epoch in which the training loss
falls and the validation loss rises; after the third epoch, a validation accuracy above 95 % or above that of training (something
leaks); hidden layers without an activation. Its check that softmax comes before the loss does not apply: here losses contain it.
"""

from __future__ import annotations

from typing import final

import numpy as np

from benchmarks.doctor.baselines.watched import Watched, watch
from benchmarks.doctor.case import Case, quietly
from benchmarks.doctor.doctors import Opinion

__all__ = ["UMLAUT", "errors"]

_CURES = {
    "unscaled_inputs": "scale_inputs",
    "learning_rate_too_high": "learning_rate",
    "learning_rate_too_low": "learning_rate",
    "divergence": "learning_rate",
    "overfitting": "dropout",
    "linear_network": "activation",
}
_FIRST_EPOCHS = 3


def errors(seen: Watched) -> list[str]:
    """The findings, those that are critical there first."""
    loss, validation = np.diff(seen.loss), np.diff(seen.validation_loss)
    hidden = seen.activations[: seen.num_hidden]
    late, late_training = seen.validation_score[_FIRST_EPOCHS:], seen.score[_FIRST_EPOCHS:]
    checks = {
        "linear_network": seen.num_hidden > 0 and (len(hidden) < seen.num_hidden or "identity" in hidden),
        "unscaled_inputs": bool(seen.X.min() < -1 or seen.X.max() > 1),
        "divergence": seen.broke_off,
        "learning_rate_too_high": seen.learning_rate > 0.01,
        "learning_rate_too_low": seen.learning_rate < 1e-7,
        "overfitting": bool(np.any((validation > 0) & (loss <= 0))),
        "leak": seen.classifies and bool(np.any(late > 0.95) or np.any(late > late_training)),
    }
    return [finding for finding, holds in checks.items() if holds]


@final
class Umlaut:
    """Its errors, and the fix that each names first."""

    name = "UMLAUT"

    def diagnose(self, case: Case) -> Opinion:
        seen = watch(case)
        with quietly():
            found = errors(seen)
        return Opinion(found, [(_CURES[finding],) for finding in found if finding in _CURES])


UMLAUT = Umlaut()
