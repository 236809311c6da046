"""What the features of a column are of its values, as data: for whoever computes them elsewhere, from a model that was exported.

``ColumnEncoder.write`` computes the same, as fast as NumPy can.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from lamina.engine.formulas.array import Array

__all__ = ["MISSING_DATE", "Arithmetic", "Formula", "Lookup"]

MISSING_DATE = int(np.iinfo(np.int64).min)
"""The microseconds of a missing date, as NumPy has it."""


@dataclass(frozen=True)
class Formula:
    """Features by arithmetic.

    Attributes
    ----------
    of : callable
        From values (n,) to the features, arrays (n,) float64 each; of any library that follows the array API standard. Numbers
        and truth values, 1 and 0, are float64, NaN where missing; dates are int64 microseconds since 1970,
        ``MISSING_DATE`` where missing.
    """

    of: Callable[[Array], Sequence[Array]]


@dataclass(frozen=True, eq=False)
class Lookup:
    """Features by the name of a category.

    Attributes
    ----------
    names : tuple of str
    features : ndarray of shape (number of names + 2, number of features) float32
        Of each category, then of one that is not among the names, and last of a missing one.
    """

    names: tuple[str, ...]
    features: np.ndarray


Arithmetic: TypeAlias = Formula | Lookup
