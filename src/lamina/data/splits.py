"""Splitting off a holdout part of the rows."""

from __future__ import annotations

import numpy as np

from lamina.data.notes import note
from lamina.errors import InvalidSettingError, phrase

__all__ = ["holdout"]


def holdout(n: int, fraction: float, *, seed: int, labels: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Split ``n`` rows at random into a part to keep and a part to hold out.

    With ``labels``, the same share of each class is held out (up to rounding by one row), and a class with a single row keeps
    it.

    Parameters
    ----------
    n : int
        Number of rows, at least 2.
    fraction : float
        Share of the rows to hold out, in (0, 1). Each part gets at least one row.
    seed : int
        Equal seeds give equal splits.
    labels : ndarray of shape (n,), default=None
        The class of each row.

    Returns
    -------
    kept, held_out : ndarray of int64
        Row numbers in ascending order; together they cover every row once.

    Examples
    --------
    >>> kept, held_out = holdout(10, 0.2, seed=0)
    >>> len(kept), len(held_out)
    (8, 2)
    """
    if not 0.0 < fraction < 1.0:
        raise InvalidSettingError(
            phrase("fraction to hold out", "must be in (0, 1)", fraction, repair="Use 0.2 for the usual setting.")
        )
    rng = np.random.default_rng(seed)
    order = rng.permutation(n)
    if labels is None:
        num_held = min(max(round(fraction * n), 1), n - 1)
        return np.sort(order[num_held:]), np.sort(order[:num_held])
    return _stratified(order, fraction, np.asarray(labels)[order])


def _stratified(order: np.ndarray, fraction: float, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split class by class, carrying over rounding errors so that the total is right too."""
    held: list[np.ndarray] = []
    owed = 0.0
    for label in np.unique(labels):
        rows = order[labels == label]
        if len(rows) == 1:
            note(f"class {label!s} has only one row, which is kept for training, so no held-out row tests this class.")
            continue
        owed += fraction * len(rows)
        count = min(max(round(owed), 0), len(rows) - 1)
        owed -= count
        held.append(rows[:count])
    held_out = np.sort(np.concatenate(held)) if held else np.array([], dtype=np.int64)
    if len(held_out) == 0:
        held_out = order[:1]
    return np.setdiff1d(order, held_out), held_out
