"""Metrics of predicted labels (n, k), one column unless a row has several labels; (n,) counts as (n, 1). Fractions are rejected.

They equal scikit-learn's, which are not used because importing them takes longer than a typical first fit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.metrics.given import labels, weights

__all__ = ["accuracy", "balanced_accuracy", "f1"]


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
    A :class:`lamina.training.Trainer` passes probabilities to its metrics, so convert them to labels:
    ``metrics={"accuracy": lambda truth, p: accuracy(truth, p > 0.5)}``, or ``p.argmax(axis=1)`` with several classes.

    Examples
    --------
    >>> accuracy(np.array([[0], [1], [1], [0]]), np.array([[0], [1], [0], [0]]))
    0.75
    """
    truth, decided = labels(truth, decided, owner="accuracy")
    hits = (truth == decided).all(axis=1)
    return float(np.average(hits, weights=weights(sample_weight, len(hits), owner="accuracy")))


def balanced_accuracy(truth: Any, decided: Any) -> float:
    """The mean recall over the classes in ``truth``; with several columns, the mean over columns.

    Parameters
    ----------
    truth, decided : array-like of shape (n,) or (n, k)
        Integers or strings.

    References
    ----------
    Brodersen, Ong, Stephan & Buhmann, "The balanced accuracy and its posterior distribution", 2010.

    Examples
    --------
    >>> balanced_accuracy(np.array([[0], [0], [0], [1]]), np.array([[0], [0], [0], [0]]))
    0.5
    """
    truth, decided = labels(truth, decided, owner="balanced_accuracy")
    columns = zip(truth.T, decided.T, strict=True)
    return float(np.mean([np.mean([(d == t)[t == c].mean() for c in np.unique(t)]) for t, d in columns]))


def f1(truth: Any, decided: Any) -> float:
    """``2 tp / (2 tp + fp + fn)``: of class 1 if the only classes are 0 and 1, else the mean over classes (or columns).

    Parameters
    ----------
    truth, decided : array-like of shape (n,) or (n, k)
        Integers or strings.

    References
    ----------
    van Rijsbergen, "Information retrieval", 1979, chapter 7.

    Examples
    --------
    >>> round(f1(np.array([[0], [1], [1], [0]]), np.array([[0], [1], [0], [0]])), 3)
    0.667
    """
    truth, decided = labels(truth, decided, owner="f1")
    return float(np.mean([_f1(t, d) for t, d in zip(truth.T, decided.T, strict=True)]))


def _f1(truth: np.ndarray, decided: np.ndarray) -> float:
    present = np.union1d(truth, decided)
    classes = [1] if np.isin(present, (0, 1)).all() else present
    hits = [2 * ((truth == c) & (decided == c)).sum() / max(1, (truth == c).sum() + (decided == c).sum()) for c in classes]
    return float(np.mean(hits))
