"""Conformal prediction: from how odd known rows are to how odd a new one may be."""

from __future__ import annotations

import math

import numpy as np

from lamina.data.notes import note
from lamina.errors import InvalidSettingError, phrase
from lamina.validation import check_parameters, number

__all__ = ["check_scores", "conformal_quantile", "fewest_rows"]

_ROUNDING = 1e-9


def conformal_quantile(scores: np.ndarray, coverage: float, *, owner: str) -> np.ndarray:
    """What the score of a new row does not exceed, with a probability of at least ``coverage``.

    Of ``n`` scores it is the one of rank ``ceil((n + 1) coverage)``: were the new row one of n + 1 in random order, its score
    would be at most this one in a share of at least ``coverage`` of the orders.

    Parameters
    ----------
    scores : ndarray of shape (n,) or (n, k)
        Each column sorted; n >= 1.
    coverage : float
        In (0, 1). A note says so if it needs more rows than there are; then the largest score is taken.
    owner : str
        Whose parameter ``coverage`` is.

    Returns
    -------
    ndarray of shape () or (k,)

    Raises
    ------
    InvalidSettingError
        If the coverage is out of range.

    References
    ----------
    Vovk, Gammerman and Shafer, "Algorithmic learning in a random world", 2005; Lei et al., "Distribution-free predictive
    inference for regression", 2018, section 2.2.

    Examples
    --------
    >>> float(conformal_quantile(np.arange(1.0, 20.0), 0.9, owner="model"))
    18.0
    """
    check_parameters({"coverage": coverage}, {"coverage": number(0, 1, "neither")}, owner=owner)
    n, fewest = len(scores), fewest_rows(coverage)
    if n < fewest:
        reached = round(n / (n + 1), len(str(n)) + 2)
        needs = f"coverage {coverage} needs {fewest:,} rows to calibrate on"
        note(f"{needs}, of which there are {n:,}: what is given covers {reached}.")
    rank = math.ceil((n + 1) * coverage - _ROUNDING)
    return np.asarray(scores[min(rank, n) - 1])


def fewest_rows(coverage: float) -> int:
    """The fewest rows that a coverage can be calibrated on, from ``ceil((n + 1) coverage) <= n``.

    >>> fewest_rows(0.9), fewest_rows(0.95), fewest_rows(0.99)
    (9, 19, 99)
    """
    return math.ceil(coverage / (1 - coverage) * (1 - _ROUNDING))


def check_scores(scores: np.ndarray, *, num_dimensions: int) -> None:
    """Reject what are no sorted scores; a file may hold anything.

    Raises
    ------
    InvalidSettingError
    """
    is_array = scores.ndim == num_dimensions and scores.size > 0
    if not (is_array and np.isfinite(scores).all() and (scores >= 0).all() and (np.diff(scores, axis=0) >= 0).all()):
        rule = f"must be finite numbers >= 0 in {num_dimensions} dimensions, sorted"
        raise InvalidSettingError(phrase("the scores", rule, scores.shape))
