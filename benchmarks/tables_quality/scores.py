"""What a model's answers on the test rows are worth: a dict of scores, of which the smaller the better but for the AUC."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.tables_quality.table import Task

__all__ = ["scores"]

_LEAST_PROBABILITY = 1e-7


def scores(truth: np.ndarray, predicted: np.ndarray, task: Task) -> dict[str, float]:
    """Of numbers ``rmse`` and ``relative_rmse``, over that of the mean; of probabilities ``error``, ``log_loss`` and ``auc``.

    ``predicted`` are numbers of shape (n,), or probabilities of shape (n, num_classes). The AUC is for two classes only.

    >>> scores(np.array([1.0, 3.0]), np.array([1.0, 2.0]), "regression")
    {'rmse': 0.7071067811865476, 'relative_rmse': 0.7071067811865476}
    """
    if not np.isfinite(predicted).all():
        raise ValueError("some predictions are not finite")
    if task == "regression":
        rmse = float(np.sqrt(np.mean((truth - predicted) ** 2)))
        return {"rmse": rmse, "relative_rmse": rmse / float(np.std(truth))}
    error = float(np.mean(predicted.argmax(axis=1) != truth))
    of_truth = predicted[np.arange(len(truth)), truth] / predicted.sum(axis=1)
    found = {"error": error, "log_loss": float(-np.mean(np.log(np.maximum(of_truth, _LEAST_PROBABILITY))))}
    return found | ({"auc": float(roc_auc_score(truth, predicted[:, 1]))} if task == "binary" else {})
