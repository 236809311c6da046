"""How many epochs brought no improvement: the one counter behind early stopping, learning rates and the estimators.

Frameworks agree that somebody counts, and differ in what counts, in what the next value is compared with, and in when patience
is over. Each way is a row of :data:`CONVENTIONS`.
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
    # torch multiplies the value itself: below zero its relative threshold asks for less than no improvement.
    return value < (best * (1.0 - sign * tol) if relative else best - tol)


def _scikit_learn_improves(value: float, best: float, tol: float, relative: bool, sign: float) -> bool:
    return value <= best - tol


class Convention(NamedTuple):
    """How a framework counts.

    Parameters
    ----------
    improves : callable
        Whether a value counts as an improvement: a function of value and best (both so that smaller is better), ``tol``,
        ``relative``, and the sign that made them so. False for NaN.
    follows_all : bool
        Whether the best moves with any lower value, or with those alone that count.
    spare : int
        How many epochs more than ``patience`` must bring nothing for patience to be over: 0 or 1.
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
    """Counts the epochs in a row without an improvement, as one of three frameworks does.

    For a number that should fall::

        "keras"         improves: value < best − tol    best moves with it              over: count >= patience
        "torch"         improves: value < best − tol    best moves with it              over: count > patience
        "scikit-learn"  improves: value <= best − tol   best ← min(best, value) always  over: count > patience

    With ``relative``, ``tol`` is a share of the best: ``best − tol · |best|`` in Keras' row, ``best · (1 − tol)`` in torch's. For
    a number that should grow all is mirrored. NaN is never an improvement. What follows from each: :doc:`/how-to/early-stopping`.

    Parameters
    ----------
    patience : float
        How many epochs may bring nothing, >= 0; inf: patience is never over.
    tol : float
        How much better counts, >= 0.
    convention : str
        A key of :data:`CONVENTIONS`.
    mode : {"min", "max"}, default="min"
        Whether smaller or larger is better.
    relative : bool, default=False
        Whether ``tol`` is a share of the best; scikit-learn knows no such thing.

    Attributes
    ----------
    best : float
        What the next value is compared with, in the number's own sign. Under Keras' and torch's rules better ones may have been
        seen, which did not count.
    count : int
        The epochs in a row without an improvement.

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
        """Take note of an epoch's number; whether it counts as an improvement."""
        given, best = self._sign * value, self._sign * self.best
        improved = self._convention.improves(given, best, self._tol, self._relative, self._sign)
        self.count = 0 if improved else self.count + 1
        if improved or (self._convention.follows_all and given < best):
            self.best = value
        return improved

    def restart(self) -> None:
        """Count from 0 again; the best stays."""
        self.count = 0

    @property
    def is_over(self) -> bool:
        """Whether more epochs brought nothing than may."""
        return self.count >= self._limit

    @property
    def epochs_left(self) -> float:
        """In how many epochs patience is over at the earliest, >= 1."""
        return max(1, self._limit - self.count)

    def finding(self, unit: str = "epoch") -> str:
        """What was counted, as the end of a sentence that begins with the number's name; ``unit`` is what was counted."""
        counted = f"{self.count} {unit}{'' if self.count == 1 else 's'}"
        if not self._convention.follows_all:
            amount = f"{100 * self._tol:g} %" if self._relative else f"{self._tol:g}"
            return f"did not improve{f' by more than {amount}' if self._tol else ''} for {counted}"
        # Small steps may add up to tol, since each is compared with the one before.
        span = f"in {counted}" if self.count == 1 else f"in any of {counted} in a row"
        return f"did not improve by {self._tol:g} or more {span}" if self._tol else f"did not reach its best again {span}"

    def state(self) -> dict[str, Any]:
        """What a checkpoint stores, JSON-able."""
        return {"best": self.best, "count": self.count}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take back what :meth:`state` gave."""
        self.best, self.count = float(state["best"]), int(state["count"])
