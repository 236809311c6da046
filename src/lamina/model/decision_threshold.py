"""From which probability on a row counts as the second of two classes."""

from __future__ import annotations

from typing import Literal

import numpy as np

from lamina.errors import InvalidSettingError, phrase
from lamina.model.setting_words import OWNER
from lamina.model.table_model import TableModel
from lamina.validation import check_parameters, choice, number, one_of

__all__ = ["best_threshold", "check_threshold"]

_METRICS = ("f1", "balanced_accuracy")  # by which a threshold can be chosen


def best_threshold(
    metric: Literal["f1", "balanced_accuracy"], y: np.ndarray, probability: np.ndarray, weight: np.ndarray | None = None
) -> float:
    """The threshold with the best metric; of several the one nearest to 0.5.

    Parameters
    ----------
    metric : {"f1", "balanced_accuracy"}
        F1 of the second class, or the mean share of rows of each class that is found.
    y : ndarray of shape (n,)
        Class indices, 0 or 1.
    probability : ndarray of shape (n,)
        Of class 1.
    weight : ndarray of shape (n,), optional
        Weights of the rows.

    Returns
    -------
    threshold : float
        Halfway between two probabilities that occur. Rows above it are predicted as class 1.

    Examples
    --------
    >>> round(best_threshold("f1", np.array([0, 0, 1, 0, 1]), np.array([0.1, 0.2, 0.3, 0.1, 0.4])), 6)
    0.25
    """
    order = np.argsort(probability, kind="stable")
    p = probability[order].astype(np.float64)
    weights = np.ones(len(y)) if weight is None else weight[order].astype(np.float64)
    yes, no = weights * (y[order] == 1), weights * (y[order] == 0)
    # by cut: the weight of each class above it, where all rows from the cut on are predicted as class 1
    hits = yes.sum() - np.concatenate([[0.0], np.cumsum(yes)])
    alarms = no.sum() - np.concatenate([[0.0], np.cumsum(no)])
    if metric == "f1":
        scores = 2 * hits / np.maximum(hits + alarms + yes.sum(), np.finfo(float).tiny)
    else:
        scores = _share(hits, yes.sum()) + 1 - _share(alarms, no.sum())
    edges = np.concatenate([[0.0], p, [1.0]])
    thresholds = (edges[:-1] + edges[1:]) / 2
    cuts = np.flatnonzero(edges[:-1] < edges[1:])  # equal probabilities cannot be told apart
    best = cuts[scores[cuts] >= scores[cuts].max() - 1e-12]
    return float(thresholds[best][np.argmin(np.abs(thresholds[best] - 0.5))])


def check_threshold(threshold: float | str, model: TableModel, *, has_rows: bool) -> None:
    """Reject a threshold for other than two classes with probabilities, or one to be chosen without rows to choose it on.

    Raises
    ------
    InvalidSettingError
    """
    known = one_of(choice(_METRICS), number(0, 1, "neither"))
    check_parameters({"decision_threshold": threshold}, {"decision_threshold": known}, owner=OWNER)
    num_classes = len(model.target.classes)
    reason = repair = ""
    if num_classes != 2:
        reason, repair = f"with {num_classes} classes", "Remove it."
    elif not model.has_probabilities:
        reason, repair = "with a loss that gives no probabilities", "Use log_loss."
    elif isinstance(threshold, str) and not has_rows:
        reason, repair = "by a metric without validation rows", "Give a validation share above 0, or a number."
    if reason:
        rule = f"must not be given {reason}"
        raise InvalidSettingError(phrase("decision_threshold", rule, threshold, repair=repair, owner=OWNER))


def _share(part: np.ndarray, whole: float) -> np.ndarray:
    return np.asarray(part / whole if whole else np.zeros_like(part))
