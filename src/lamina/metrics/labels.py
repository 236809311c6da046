"""Metrics of predicted labels, given as integers (n, k), one column unless a row has several labels.

They equal scikit-learn's, which are not used because importing them takes longer than a typical first fit.
"""

from __future__ import annotations

import numpy as np

__all__ = ["accuracy", "balanced_accuracy", "f1"]


def accuracy(truth: np.ndarray, decided: np.ndarray, sample_weight: np.ndarray | None = None) -> float:
    """The (weighted) fraction of rows in which ``decided`` equals ``truth`` in every column.

    Parameters
    ----------
    truth, decided : ndarray of shape (n, k)
        Integers.
    sample_weight : ndarray of shape (n,), optional
        >= 0.

    Examples
    --------
    >>> accuracy(np.array([[0], [1], [1], [0]]), np.array([[0], [1], [0], [0]]))
    0.75
    """
    return float(np.average((truth == decided).all(axis=1), weights=sample_weight))


def balanced_accuracy(truth: np.ndarray, decided: np.ndarray) -> float:
    """The mean recall over the classes in ``truth``; with several columns, the mean over columns.

    Parameters
    ----------
    truth, decided : ndarray of shape (n, k)
        Integers.

    References
    ----------
    Brodersen, Ong, Stephan & Buhmann, "The balanced accuracy and its posterior distribution", 2010.

    Examples
    --------
    >>> balanced_accuracy(np.array([[0], [0], [0], [1]]), np.array([[0], [0], [0], [0]]))
    0.5
    """
    columns = zip(truth.T, decided.T, strict=True)
    return float(np.mean([np.mean([(d == t)[t == c].mean() for c in np.unique(t)]) for t, d in columns]))


def f1(truth: np.ndarray, decided: np.ndarray) -> float:
    """``2 tp / (2 tp + fp + fn)``: of class 1 if the only classes are 0 and 1, else the mean over classes (or columns).

    Parameters
    ----------
    truth, decided : ndarray of shape (n, k)
        Integers.

    References
    ----------
    van Rijsbergen, "Information retrieval", 1979, chapter 7.

    Examples
    --------
    >>> round(f1(np.array([[0], [1], [1], [0]]), np.array([[0], [1], [0], [0]])), 3)
    0.667
    """
    if truth.shape[1] > 1:
        return float(np.mean([f1(truth[:, [j]], decided[:, [j]]) for j in range(truth.shape[1])]))
    present = np.union1d(truth, decided)
    classes = [1] if np.isin(present, (0, 1)).all() else present
    hits = [2 * ((truth == c) & (decided == c)).sum() / max(1, (truth == c).sum() + (decided == c).sum()) for c in classes]
    return float(np.mean(hits))
