"""What Lamina's and scikit-learn's estimators have in common: the same calls."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from benchmarks.sides.losses import log_loss_for
from benchmarks.sides.side import Job
from benchmarks.workload import Data, Workload

__all__ = ["prepare_estimator"]


def prepare_estimator(classifier: Any, regressor: Any, workload: Workload, data: Data, **further: object) -> Job | None:
    """The work for estimators of scikit-learn's kind, which have neither dropout nor batch normalization."""
    if workload.regular:
        return None
    kind = regressor if workload.loss == "squared" else classifier
    estimator = kind(
        hidden_layer_sizes=workload.widths[1:-1],
        activation=workload.activation,
        alpha=0.0,
        batch_size=workload.batch_size,
        max_iter=workload.epochs,
        tol=0.0,
        n_iter_no_change=np.inf,
        random_state=0,
        **further,
    )
    if workload.predicts:
        _train_once(estimator, workload, data)
        return Job(lambda: _predict(estimator, workload, data), loss=log_loss_for(data))
    y = data.y.ravel() if workload.loss == "squared" else data.y
    return Job(lambda: _fit(estimator, data.x, y))


def _fit(estimator: Any, x: Any, y: np.ndarray) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return float(estimator.fit(x, y).loss_)


def _predict(estimator: Any, workload: Workload, data: Data) -> np.ndarray:
    for _ in range(workload.calls):
        probabilities: np.ndarray = estimator.predict_proba(data.x)
    return probabilities


def _train_once(estimator: Any, workload: Workload, data: Data) -> None:
    """Fit anything, then put the given weights in their places. Two classes have one logit here: the difference of two."""
    x = np.zeros((4, workload.widths[0]), dtype=np.float32)
    _fit(estimator.set_params(batch_size=4, max_iter=1), x, np.array([0, 1, 0, 1]))
    *hidden, (weight, bias) = data.weights
    last = (weight[:, 1:] - weight[:, :1], bias[1:] - bias[:1])
    for i, (its_weight, its_bias) in enumerate([*hidden, last]):
        estimator.coefs_[i][...], estimator.intercepts_[i][...] = its_weight, its_bias
