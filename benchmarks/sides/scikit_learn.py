"""scikit-learn's multilayer perceptron. With two classes it has one output where the others have two."""

from __future__ import annotations

import sklearn
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.sides.estimators import prepare_estimator
from benchmarks.sides.side import Job
from benchmarks.workload import Data, Workload

NAME = "scikit-learn"
VERSION = f"scikit-learn {sklearn.__version__}"


def prepare(workload: Workload, data: Data) -> Job | None:
    if workload.mixed:
        return None
    return prepare_estimator(MLPClassifier, MLPRegressor, workload, data)
