"""The values that targets may take."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

__all__ = ["ANYTHING", "FRACTIONS", "NON_NEGATIVE", "NUMBERS", "POSITIVE", "PROBABILITIES", "SIGNS", "Domain", "class_indices"]


class Domain(NamedTuple):
    """A set of allowed targets.

    Parameters
    ----------
    rule : str
        What the target must be, in the words of the error.
    holds : callable, optional
        Takes an array and tells which elements are in the set; None means all.
    """

    rule: str
    holds: Callable[[np.ndarray], np.ndarray] | None = None


def _is_fraction(target: np.ndarray) -> np.ndarray:
    return np.asarray((target >= 0) & (target <= 1))


ANYTHING = Domain("may be anything")
"""For custom losses, whose rule only the user knows."""
NUMBERS = Domain("must be numbers")
"""Of any sign and size, so targets may be shifted and scaled."""
NON_NEGATIVE = Domain("must not be negative", lambda target: target >= 0)
POSITIVE = Domain("must be positive", lambda target: target > 0)
FRACTIONS = Domain("must lie in [0, 1]", _is_fraction)
PROBABILITIES = Domain("must hold probabilities", _is_fraction)
SIGNS = Domain("must be -1 or +1", lambda target: np.abs(target) == 1)


def class_indices(num_classes: int) -> Domain:
    """Integers from 0, one per class.

    >>> class_indices(3).rule
    'must hold class indices 0 to 2'
    """
    rule = f"must hold class indices 0 to {num_classes - 1}"
    return Domain(rule, lambda target: (target >= 0) & (target < num_classes) & (target == np.floor(target)))
