"""The loss of predicted probabilities, which tells whether all sides computed the same thing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.workload import Data

__all__ = ["log_loss_for"]


def log_loss_for(data: Data) -> Callable[[Any], float]:
    """A function of probabilities (n, classes): the mean of -log p of the true class."""

    def log_loss(probabilities: Any) -> float:
        return float(-np.log(np.asarray(probabilities)[np.arange(len(data.y)), data.y]).mean())

    return log_loss
