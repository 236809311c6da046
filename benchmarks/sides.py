"""Who trains: one function a library, (workload, x, y) → final training loss. All on one thread."""

from __future__ import annotations

import warnings

import numpy as np
import sklearn.neural_network
from sklearn.exceptions import ConvergenceWarning

import lamina
from benchmarks.workloads import Workload

__all__ = ["SIDES"]


def _settings(workload: Workload) -> dict[str, object]:
    return {
        "hidden_layer_sizes": workload.hidden,
        "batch_size": workload.batch_size,
        "max_iter": workload.epochs,
        "tol": 0.0,
        "n_iter_no_change": np.inf,
        "random_state": 0,
    }


def _fit(estimator: object, x: np.ndarray, y: np.ndarray) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return float(estimator.fit(x, y).loss_)


def train_lamina(workload: Workload, x: np.ndarray, y: np.ndarray) -> float:
    return _fit(lamina.MLPClassifier(**_settings(workload), n_threads=1), x, y)


def train_scikit_learn(workload: Workload, x: np.ndarray, y: np.ndarray) -> float:
    return _fit(sklearn.neural_network.MLPClassifier(**_settings(workload)), x, y)


SIDES = {"lamina": train_lamina, "scikit-learn": train_scikit_learn}
