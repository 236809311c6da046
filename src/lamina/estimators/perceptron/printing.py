"""Prints a perceptron's epochs for ``verbose``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.estimators.perceptron.threshold_unit import ThresholdUnit

__all__ = ["print_epoch"]


def print_epoch(record: dict[str, Any], units: Sequence[ThresholdUnit]) -> None:
    """Print two lines for each unit that is still training, in scikit-learn's format."""
    for unit in units:
        w, bias = unit.weights[:-1], unit.weights[-1]
        print(f"-- Epoch {record['epoch']}")
        print(
            f"Norm: {np.linalg.norm(w):.2f}, NNZs: {np.count_nonzero(w)}, Bias: {bias:.6f}, "
            f"Mistakes: {unit.mistakes[-1]}, Avg. loss: {unit.losses[-1]:f}"
        )
