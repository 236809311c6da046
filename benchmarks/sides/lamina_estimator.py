"""Lamina's estimators, called as scikit-learn's are."""

from __future__ import annotations

import lamina
from benchmarks.sides.estimators import prepare_estimator
from benchmarks.sides.side import Job
from benchmarks.workload import Data, Workload

NAME = "lamina estimator"
VERSION = f"lamina {lamina.__version__}"


def prepare(workload: Workload, data: Data) -> Job | None:
    if workload.mixed:
        return None
    return prepare_estimator(lamina.MLPClassifier, lamina.MLPRegressor, workload, data, n_threads=workload.threads)
