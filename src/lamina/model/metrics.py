"""How good predictions are: the numbers of a report, beside those of the best constant guess."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from scipy.stats import rankdata

from lamina.moments import common_exponent

__all__ = ["CLASSIFICATION_METRICS", "REGRESSION_METRICS", "area_under_curve", "constant_prediction", "score"]


def area_under_curve(y: np.ndarray, probabilities: np.ndarray) -> float:
    """Area under the ROC curve: the chance that a row of a class is rated higher than a row of another, ties counting half.

    With two classes that of the second; with more, the mean over classes of one against the rest. Classes that ``y`` lacks, or
    that are all of it, have no such area and are left out; NaN if none has.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Class indices.
    probabilities : ndarray of shape (n, classes)
        Rated probabilities.

    References
    ----------
    Hanley and McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC) curve", 1982.

    Examples
    --------
    >>> area_under_curve(np.array([0, 0, 1, 1]), np.array([[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8]]))
    0.75
    """
    num_classes = probabilities.shape[1]
    areas = []
    for label in range(1, 2) if num_classes == 2 else range(num_classes):
        inside = y == label
        num_inside, num_outside = int(inside.sum()), int((~inside).sum())
        if num_inside and num_outside:
            rank_sum = rankdata(probabilities[:, label])[inside].sum()
            areas.append((rank_sum - num_inside * (num_inside + 1) / 2) / (num_inside * num_outside))
    return float(np.mean(areas)) if areas else float("nan")


def _accuracy(y: np.ndarray, probabilities: np.ndarray) -> float:
    return float((probabilities.argmax(axis=1) == y).mean())


def _balanced_accuracy(y: np.ndarray, probabilities: np.ndarray) -> float:
    """The mean over the classes in ``y`` of the share of their rows that are found."""
    hit = probabilities.argmax(axis=1) == y
    return float(np.mean([hit[y == label].mean() for label in np.unique(y)]))


def _log_loss(y: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean of -log p(class of the row), p being kept one rounding error away from 0."""
    eps = np.finfo(probabilities.dtype).eps
    return float(-np.log(np.clip(probabilities[np.arange(len(y)), y].astype(np.float64), eps, 1.0)).mean())


def _r2(y: np.ndarray, prediction: np.ndarray) -> float:
    """1 - squared error over that of the mean; NaN when ``y`` does not vary."""
    if y.min() == y.max():
        return float("nan")
    exponent = common_exponent(y, prediction)
    y, prediction = np.ldexp(y, -exponent), np.ldexp(prediction, -exponent)
    total = float(((y - y.mean()) ** 2).sum())
    return 1.0 - float(((y - prediction) ** 2).sum()) / total if total else -float("inf")


def _mean_absolute_error(y: np.ndarray, prediction: np.ndarray) -> float:
    return float(np.abs(y - prediction).mean())


def _root_mean_squared_error(y: np.ndarray, prediction: np.ndarray) -> float:
    exponent = common_exponent(y, prediction)
    squares = np.ldexp(y - prediction, -exponent) ** 2
    return float(np.ldexp(np.sqrt(squares.mean()), exponent))


Metric = Callable[[np.ndarray, np.ndarray], float]

CLASSIFICATION_METRICS: Mapping[str, Metric] = MappingProxyType(
    {"accuracy": _accuracy, "balanced_accuracy": _balanced_accuracy, "auc": area_under_curve, "log_loss": _log_loss}
)
REGRESSION_METRICS: Mapping[str, Metric] = MappingProxyType(
    {"r2": _r2, "mae": _mean_absolute_error, "rmse": _root_mean_squared_error}
)


def score(task: str, y: np.ndarray, prediction: np.ndarray) -> dict[str, float]:
    """All metrics of a task: ``prediction`` holds probabilities (n, classes) for classification, numbers (n,) for regression."""
    metrics = CLASSIFICATION_METRICS if task == "classification" else REGRESSION_METRICS
    return {name: metric(y, prediction) for name, metric in metrics.items()}


def constant_prediction(task: str, y: np.ndarray, num_classes: int) -> np.ndarray:
    """The best guess that looks at no column: the shares of the classes (classes,), or the mean as an array of shape ()."""
    if task == "classification":
        return np.bincount(y, minlength=num_classes) / len(y)
    return np.asarray(y.mean())
