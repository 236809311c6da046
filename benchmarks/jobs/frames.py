"""What the jobs of libraries that take data frames share: reading the files, and the score."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["read", "run"]


def read(train: str, test: str) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Training rows, test rows, and the columns of text, which are categories."""
    rows = [pd.read_csv(path) for path in (train, test)]
    texts = [name for name in rows[0] if not pd.api.types.is_numeric_dtype(rows[0][name])]
    return rows[0], rows[1], texts


def run(job: Callable[..., Any]) -> None:
    """Do ``job(train, test, target, task, model)``, which returns true and predicted values of the test rows; print the score."""
    train, test, target, task, model = sys.argv[1:]
    truth, predicted = (np.asarray(values).ravel() for values in job(train, test, target, task, model))
    print(json.dumps({"score": _r2(truth, predicted) if task == "regression" else float(np.mean(truth == predicted))}))


def _r2(truth: np.ndarray, predicted: np.ndarray) -> float:
    return float(1 - np.sum((truth - predicted) ** 2) / np.sum((truth - truth.mean()) ** 2))
