"""Metrics of predicted labels (n, k), one column unless a row has several labels; (n,) counts as (n, 1). Fractions are rejected.

They equal scikit-learn's, which are not used because importing them takes longer than a typical first fit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lamina.metrics.given import labels, weights

__all__ = ["accuracy", "balanced_accuracy", "f1", "precision", "recall"]


def accuracy(truth: Any, decided: Any, sample_weight: Any = None) -> float:
    """The (weighted) fraction of rows in which ``decided`` equals ``truth`` in every column.

    Parameters
    ----------
    truth, decided : array-like of shape (n,) or (n, k)
        Integers or strings.
    sample_weight : array-like of shape (n,), optional
        >= 0, and not all 0.

    Notes
    -----
    A :class:`lamina.training.Trainer` converts probabilities to labels for ``metrics=["accuracy"]``. Functions get them as they
    are: ``metrics={"hits": lambda truth, p: accuracy(truth, p > 0.5)}``, or ``p.argmax(axis=1)`` with several classes.

    Examples
    --------
    >>> accuracy(np.array([[0], [1], [1], [0]]), np.array([[0], [1], [0], [0]]))
    0.75
    """
    truth, decided = labels(truth, decided, owner="accuracy")
    hits = (truth == decided).all(axis=1)
    return float(np.average(hits, weights=weights(sample_weight, len(hits), owner="accuracy")))


def balanced_accuracy(truth: Any, decided: Any, sample_weight: Any = None) -> float:
    """The mean recall over the classes in ``truth``; with several columns, the mean over columns.

    Parameters
    ----------
    truth, decided : array-like of shape (n,) or (n, k)
        Integers or strings.
    sample_weight : array-like of shape (n,), optional
        >= 0, and not all 0. A class whose rows all have weight 0 is left out.

    References
    ----------
    Brodersen, Ong, Stephan & Buhmann, "The balanced accuracy and its posterior distribution", 2010.

    Examples
    --------
    >>> balanced_accuracy(np.array([[0], [0], [0], [1]]), np.array([[0], [0], [0], [0]]))
    0.5
    """
    truth, decided = labels(truth, decided, owner="balanced_accuracy")
    weight = weights(sample_weight, len(truth), owner="balanced_accuracy")
    columns = zip(truth.T, decided.T, strict=True)
    return float(np.mean([_mean_recall(t, d, weight) for t, d in columns]))


def _mean_recall(truth: np.ndarray, decided: np.ndarray, weight: np.ndarray) -> float:
    recalls = []
    for label in np.unique(truth[weight > 0]):
        inside = truth == label
        recalls.append(np.average((decided == label)[inside], weights=weight[inside]))
    return float(np.mean(recalls))


def precision(truth: Any, decided: Any, sample_weight: Any = None, *, num_classes: int | None = None) -> float:
    """``tp / (tp + fp)``: of the rows decided as a class, the share that is of it; 0 for a class that no row is decided as.

    Of class 1 if the only classes are 0 and 1, else the mean over classes; with several columns, the mean over columns.

    Parameters
    ----------
    truth, decided : array-like of shape (n,) or (n, k)
        Integers or strings.
    sample_weight : array-like of shape (n,), optional
        >= 0, and not all 0.
    num_classes : int, optional
        How many classes there are, in case the rows lack some: 2 for the value of class 1, more for the mean over the classes
        that occur. By default 2 if only 0 and 1 occur.

    References
    ----------
    van Rijsbergen, "Information retrieval", 1979, chapter 7.

    Examples
    --------
    >>> precision(np.array([0, 1, 1, 0]), np.array([0, 1, 1, 1]))
    0.6666666666666666
    """

    def of_class(hits: float, decisions: float, _: float) -> float:
        return hits / decisions if decisions else 0.0

    return _mean_over_classes(of_class, truth, decided, sample_weight, num_classes, owner="precision")


def recall(truth: Any, decided: Any, sample_weight: Any = None, *, num_classes: int | None = None) -> float:
    """``tp / (tp + fn)``: of the rows of a class, the share that is decided as it; 0 for a class that ``truth`` lacks.

    Of class 1 if the only classes are 0 and 1, else the mean over classes; with several columns, the mean over columns.

    Parameters
    ----------
    truth, decided : array-like of shape (n,) or (n, k)
        Integers or strings.
    sample_weight : array-like of shape (n,), optional
        >= 0, and not all 0.
    num_classes : int, optional
        How many classes there are, in case the rows lack some: 2 for the value of class 1, more for the mean over the classes
        that occur. By default 2 if only 0 and 1 occur.

    References
    ----------
    van Rijsbergen, "Information retrieval", 1979, chapter 7.

    Examples
    --------
    >>> recall(np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0]))
    0.5
    """

    def of_class(hits: float, _: float, rows: float) -> float:
        return hits / rows if rows else 0.0

    return _mean_over_classes(of_class, truth, decided, sample_weight, num_classes, owner="recall")


def f1(truth: Any, decided: Any, sample_weight: Any = None, *, num_classes: int | None = None) -> float:
    """``2 tp / (2 tp + fp + fn)``: of class 1 if the only classes are 0 and 1, else the mean over classes (or columns).

    Parameters
    ----------
    truth, decided : array-like of shape (n,) or (n, k)
        Integers or strings.
    sample_weight : array-like of shape (n,), optional
        >= 0, and not all 0.
    num_classes : int, optional
        How many classes there are, in case the rows lack some: 2 for the value of class 1, more for the mean over the classes
        that occur. By default 2 if only 0 and 1 occur.

    References
    ----------
    van Rijsbergen, "Information retrieval", 1979, chapter 7.

    Examples
    --------
    >>> round(f1(np.array([[0], [1], [1], [0]]), np.array([[0], [1], [0], [0]])), 3)
    0.667
    """

    def of_class(hits: float, decisions: float, rows: float) -> float:
        return 2 * hits / (decisions + rows) if decisions + rows else 0.0

    return _mean_over_classes(of_class, truth, decided, sample_weight, num_classes, owner="f1")


def _mean_over_classes(
    of_class: Callable[[float, float, float], float],
    truth: Any,
    decided: Any,
    sample_weight: Any,
    num_classes: int | None,
    *,
    owner: str,
) -> float:
    """The mean of ``of_class(hits, rows decided as the class, rows of the class)``, over classes and then over columns."""
    truth, decided = labels(truth, decided, owner=owner)
    weight = weights(sample_weight, len(truth), owner=owner)
    means = []
    for t, d in zip(truth.T, decided.T, strict=True):
        values = []
        for label in _classes(t, d, num_classes):
            of_truth, of_decided = t == label, d == label
            values.append(of_class(weight @ (of_truth & of_decided), weight @ of_decided, weight @ of_truth))
        means.append(np.mean(values))
    return float(np.mean(means))


def _classes(truth: np.ndarray, decided: np.ndarray, num_classes: int | None) -> Any:
    """The classes to take the mean over: only 1 if there are but 0 and 1."""
    present = np.union1d(truth, decided)
    # Text is asked for first: isin would take "0" and "1" for numbers.
    of_one = present.dtype.kind not in "SUT" and np.isin(present, (0, 1)).all() and num_classes in (None, 2)
    return [1] if of_one else present
