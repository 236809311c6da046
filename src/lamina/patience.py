"""Counts epochs without improvement, for early stopping, reactive learning-rate schedules and the estimators.

Frameworks differ in what counts as an improvement, in what the next value is compared with, and in when patience runs out.
Each convention is a row of :data:`CONVENTIONS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

__all__ = ["CONVENTIONS", "Convention", "Patience"]


def _keras_improves(value: float, best: float, tol: float, relative: bool, sign: float) -> bool:
    margin = tol * abs(best) if relative and math.isfinite(best) else tol
    return value + margin < best


def _torch_improves(value: float, best: float, tol: float, relative: bool, sign: float) -> bool:
    # torch scales the best value itself: below zero a slightly worse value passes its relative threshold.
    return value < (best * (1.0 - sign * tol) if relative else best - tol)


def _scikit_learn_improves(value: float, best: float, tol: float, relative: bool, sign: float) -> bool:
    return value <= best - tol


class Convention(NamedTuple):
    """How a framework counts epochs without improvement.

    Parameters
    ----------
    improves : callable
        Whether a value counts as an improvement: a function of value and best (both signed so that smaller is better), ``tol``,
        ``relative``, and that sign. False for NaN.
    follows_all : bool
        Whether the best follows every lower value, or only values that count as improvements.
    spare : int
        Additional epochs without improvement, after ``patience``, before patience runs out: 0 or 1.
    """

    improves: Callable[[float, float, float, bool, float], bool]
    follows_all: bool
    spare: int


CONVENTIONS: Mapping[str, Convention] = MappingProxyType(
    {
        "keras": Convention(_keras_improves, follows_all=False, spare=0),
        "torch": Convention(_torch_improves, follows_all=False, spare=1),
        "scikit-learn": Convention(_scikit_learn_improves, follows_all=True, spare=1),
    }
)


class Patience:
    """Counts epochs in a row without improvement, by the convention of one of three frameworks.

    For a number that should fall::

        "keras"         improves: value < best − tol    best moves with it              over: count >= patience
        "torch"         improves: value < best − tol    best moves with it              over: count > patience
        "scikit-learn"  improves: value <= best − tol   best ← min(best, value) always  over: count > patience

    With ``relative``, ``tol`` is a fraction of the best: ``best − tol · |best|`` in Keras' row, ``best · (1 − tol)`` in torch's.
    For a number that should rise, everything is mirrored. NaN is never an improvement. For the consequences see
    :doc:`/how-to/early-stopping`.

    Parameters
    ----------
    patience : float
        How many epochs may pass without improvement, >= 0; inf: patience never runs out.
    tol : float
        The smallest change that counts as an improvement, >= 0.
    convention : str
        A key of :data:`CONVENTIONS`.
    mode : {"min", "max"}, default="min"
        Whether smaller or larger is better.
    relative : bool, default=False
        Whether ``tol`` is a fraction of the best; not used by the scikit-learn convention.

    Attributes
    ----------
    best : float
        What the next value is compared with, in its original sign. Under Keras' and torch's rules slightly better values may have
        been seen that did not count.
    count : int
        Epochs in a row without improvement.

    Examples
    --------
    >>> counter = Patience(2, 0.1, "keras")
    >>> [counter.note(loss) for loss in (1.0, 0.95, 0.89, 0.89, 0.85)]
    [True, False, True, False, False]
    >>> counter.is_over, counter.finding()
    (True, 'did not improve by more than 0.1 for 2 epochs')
    """

    best: float
    count: int

    def __init__(self, patience: float, tol: float, convention: str, *, mode: str = "min", relative: bool = False) -> None:
        self._convention = CONVENTIONS[convention]
        self._sign = -1.0 if mode == "max" else 1.0
        self._tol = tol
        self._relative = relative
        self._limit = max(patience + self._convention.spare, 1)
        self.best = self._sign * math.inf
        self.count = 0

    def note(self, value: float) -> bool:
        """Record an epoch's value and return whether it counts as an improvement."""
        given, best = self._sign * value, self._sign * self.best
        improved = self._convention.improves(given, best, self._tol, self._relative, self._sign)
        self.count = 0 if improved else self.count + 1
        if improved or (self._convention.follows_all and given < best):
            self.best = value
        return improved

    def restart(self) -> None:
        """Reset the count to 0 and keep the best."""
        self.count = 0

    @property
    def is_over(self) -> bool:
        """Whether patience has run out."""
        return self.count >= self._limit

    @property
    def epochs_left(self) -> float:
        """The smallest number of further epochs after which patience can run out, at least 1."""
        return max(1, self._limit - self.count)

    def finding(self, unit: str = "epoch") -> str:
        """The outcome as the end of a sentence that starts with the number's name; ``unit`` is what was counted."""
        counted = f"{self.count} {unit}{'' if self.count == 1 else 's'}"
        if not self._convention.follows_all:
            amount = f"{100 * self._tol:g} %" if self._relative else f"{self._tol:g}"
            return f"did not improve{f' by more than {amount}' if self._tol else ''} for {counted}"
        # Each value is compared with the one before, so small steps may add up to more than tol.
        span = f"in {counted}" if self.count == 1 else f"in any of {counted} in a row"
        return f"did not improve by {self._tol:g} or more {span}" if self._tol else f"did not reach its best again {span}"

    def state(self) -> dict[str, Any]:
        """The state for a checkpoint, as JSON-able values."""
        return {"best": self.best, "count": self.count}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`state` returned."""
        self.best, self.count = float(state["best"]), int(state["count"])
