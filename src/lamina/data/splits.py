"""Splitting off a holdout part of the rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamina.data.notes import note
from lamina.errors import InvalidSettingError, first_of, phrase

__all__ = ["holdout"]

_SHOWN = 5


def holdout(
    n: int,
    fraction: float,
    *,
    seed: int,
    labels: np.ndarray | None = None,
    names: Sequence[str] = (),
    groups: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
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
    names : sequence of str, default=()
        Of the classes, where ``labels`` are their indices; for notes.
    groups : ndarray of shape (n,), default=None
        Rows with equal entries stay on one side, with the class of the first of them; the share is then one of groups.

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
    if labels is not None:
        _note_single(np.asarray(labels), names)
    held_out = None if groups is None else _held_groups(groups, fraction, seed, labels)
    if held_out is None:
        held_out = _held_out(n, fraction, seed, labels)
    is_held = np.zeros(n, dtype=bool)
    is_held[held_out] = True
    return np.flatnonzero(~is_held), np.flatnonzero(is_held)


def _held_groups(groups: np.ndarray, fraction: float, seed: int, labels: np.ndarray | None) -> np.ndarray | None:
    """The rows of the groups to hold out; None if all rows are one group, or each is one."""
    _, first, group = np.unique(groups, return_index=True, return_inverse=True)
    if not 1 < len(first) < len(groups):
        return None
    firsts = None if labels is None else np.asarray(labels)[first]
    return np.flatnonzero(np.isin(group, _held_out(len(first), fraction, seed, firsts)))


def _held_out(n: int, fraction: float, seed: int, labels: np.ndarray | None) -> np.ndarray:
    """The rows, or groups of them, to hold out."""
    order = np.random.default_rng(seed).permutation(n)
    if labels is None:
        return order[: min(max(round(fraction * n), 1), n - 1)]
    return _stratified(order, fraction, np.asarray(labels)[order])


def _stratified(order: np.ndarray, fraction: float, labels: np.ndarray) -> np.ndarray:
    """The numbers to hold out, class by class, carrying over rounding errors so that the total is right too; a lone one stays."""
    held: list[np.ndarray] = []
    owed = 0.0
    for label in np.unique(labels):
        rows = order[labels == label]
        if len(rows) > 1:
            owed += fraction * len(rows)
            count = min(max(round(owed), 0), len(rows) - 1)
            owed -= count
            held.append(rows[:count])
    held_out = np.concatenate(held) if held else np.array([], dtype=np.int64)
    if len(held_out) == 0:  # a row of the largest class, which has the most to spare
        classes, counts = np.unique(labels, return_counts=True)
        held_out = order[labels == classes[counts.argmax()]][:1]
    return held_out


def _note_single(labels: np.ndarray, names: Sequence[str]) -> None:
    """Say which classes no held-out row can test."""
    found, counts = np.unique(labels, return_counts=True)
    classes = [str(names[label] if names else label) for label in found[counts == 1]]
    if len(classes) == 1:
        note(f"class {classes[0]} has only one row, which is kept for training, so no held-out row tests this class.")
    elif classes:
        note(
            f"classes {first_of(classes, _SHOWN)} have only one row each, which is kept for training, so no held-out row "
            "tests these classes."
        )
