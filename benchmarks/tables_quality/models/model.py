"""What a model is to the benchmark: a function that trains on rows, and gives back one that predicts."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.tables_quality.table import Rows

__all__ = ["Fit", "Model", "Predict", "predict_with"]

Predict = Callable[[pd.DataFrame], np.ndarray]
Fit = Callable[[Rows, int], Predict]


@dataclass(frozen=True, slots=True)
class Model:
    """``module`` must be there. Slow ones have ``sets``: they are measured on these alone, and where asked for."""

    name: str
    fit: Fit
    module: str
    sets: tuple[str, ...] = ()

    @property
    def is_slow(self) -> bool:
        return bool(self.sets)

    @property
    def is_present(self) -> bool:
        return importlib.util.find_spec(self.module) is not None

    @property
    def version(self) -> str:
        own = getattr(importlib.import_module(self.module), "__version__", None)
        return own or importlib.metadata.version(self.module)


def predict_with(fitted: Any, rows: Rows, prepare: Callable[[pd.DataFrame], Any]) -> Predict:
    """Numbers, or probabilities with a column a class."""
    if rows.task == "regression":
        return lambda X: np.asarray(fitted.predict(prepare(X)), dtype=float).ravel()

    def probabilities(X: pd.DataFrame) -> np.ndarray:
        found = np.zeros((len(X), rows.num_classes))
        found[:, np.asarray(fitted.classes_, dtype=int)] = fitted.predict_proba(prepare(X))
        return found

    return probabilities
