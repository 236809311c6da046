"""One fit: what it takes in processor time, and what its answers are worth."""

from __future__ import annotations

import os
import time
import warnings
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks.machine import describe_machine
from benchmarks.tables_quality.models import Model
from benchmarks.tables_quality.scores import scores
from benchmarks.tables_quality.split import Split
from benchmarks.tables_quality.table import Rows, Task

__all__ = ["measure"]

_WARM_UP_ROWS = 64


def measure(model: Model, split: Split, seed: int) -> dict[str, Any]:
    """Scores, processor seconds of the fit and of the predictions, and how busy the machine was.

    What fails is a result too: ``failure`` says why, in place of the scores.
    """
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            _warm_up(model, split.train.task)
            return _measured(model, split, seed)
        except Exception as error:  # of another library, whatever it is
            return {"failure": f"{type(error).__name__}: {error}"[:300]}


def _measured(model: Model, split: Split, seed: int) -> dict[str, Any]:
    load = os.getloadavg()[0]
    began, began_cpu = time.perf_counter(), time.process_time()
    predict = model.fit(split.train, seed)
    fit_s, fit_cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
    began_cpu = time.process_time()
    predicted = predict(split.X_test)
    return {
        "scores": scores(split.y_test, predicted, split.train.task),
        "fit_cpu_s": round(fit_cpu_s, 4),
        "fit_s": round(fit_s, 4),
        "predict_cpu_s": round(time.process_time() - began_cpu, 4),
        "load": round(load, 2),
        "processor": describe_machine()["processor"],
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
    }


@lru_cache
def _warm_up(model: Model, task: Task) -> None:
    """A first tiny fit, so that imports count for no table."""
    random = np.random.default_rng(0)
    number = random.normal(size=_WARM_UP_ROWS)
    y = number if task == "regression" else np.searchsorted([0] if task == "binary" else [-0.5, 0.5], number)
    X = pd.DataFrame({"number": number, "category": pd.Categorical(random.choice(["a", "b"], _WARM_UP_ROWS))})
    model.fit(Rows(X, y, task), 0)(X)
