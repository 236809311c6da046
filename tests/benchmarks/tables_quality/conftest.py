"""Lines of results made by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def line() -> Callable[..., dict[str, Any]]:
    return _line


def _line(
    name: str, seed: int, model: str, error: float, *, rows: int = 100, task: str = "binary", seconds: float = 1.0
) -> dict[str, Any]:
    found = {"relative_rmse": error, "rmse": 2 * error} if task == "regression" else {"error": error, "log_loss": 1 - error}
    return {
        "set": name, "train_rows": rows, "seed": seed, "model": model, "task": task, "scores": found, "fit_cpu_s": seconds,
        "predict_cpu_s": 0.1, "load": 0.5, "test_rows": 30, "numbers": 3, "few_valued": 2, "repeated": 0.125,
        "categories": 1, "most_categories": 4, "missing": 0.25,
        "classes": 2 if task == "binary" else 0, "version": "1", "date": "2026-01-01", "processor": "some processor",
    }  # fmt: skip
