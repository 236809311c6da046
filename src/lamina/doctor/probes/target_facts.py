"""Targets before training: how often each class comes, or how large numbers are and how they spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina.doctor.probes.given_rows import LARGEST_NUMBER

__all__ = ["ClassFacts", "NumberFacts", "class_facts", "number_facts"]


@dataclass(frozen=True, slots=True)
class ClassFacts:
    """Classes as targets.

    Attributes
    ----------
    counts : tuple of int
        Rows of each class, by class number.
    shares : tuple of float
        The same as shares of the rows' total weight.
    run_ratio : float
        How many runs of equal classes the rows have in the order given, over how many random order has on average:
        near 1 in random order, near 0 if rows are sorted by class.
    """

    counts: tuple[int, ...]
    shares: tuple[float, ...]
    run_ratio: float

    @property
    def num_classes(self) -> int:
        """Classes that have rows."""
        return sum(count > 0 for count in self.counts)

    @property
    def majority(self) -> float:
        """The largest share."""
        return max(self.shares, default=1.0)

    @property
    def minority(self) -> float:
        """The smallest share of a class that has rows."""
        return min((share for share, count in zip(self.shares, self.counts, strict=True) if count), default=1.0)

    @property
    def imbalance(self) -> float:
        """The largest share over the smallest one."""
        return self.majority / self.minority if self.minority > 0 else np.inf


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """Numbers as targets, k of them in each row.

    Attributes
    ----------
    mean, std, min, max : tuple of float
        Of each of the k, by its finite numbers; magnitudes are capped at 1e100.
    skew : tuple of float
        Third standardized moment; 0 for a constant.
    distinct : tuple of int
    non_finite : int
    order : float
        Correlation of the first target's ranks with the row numbers: ±1 if rows are sorted by it.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    min: tuple[float, ...]
    max: tuple[float, ...]
    skew: tuple[float, ...]
    distinct: tuple[int, ...]
    non_finite: int
    order: float

    @property
    def size(self) -> float:
        """The largest root mean square of a target."""
        return max((float(np.hypot(m, s)) for m, s in zip(self.mean, self.std, strict=True)), default=0.0)

    @property
    def scale_ratio(self) -> float:
        """The largest standard deviation of a target over the smallest one; 1 if there is but one."""
        spread = [s for s in self.std if s > 0]
        return max(spread) / min(spread) if spread else 1.0


def class_facts(numbers: np.ndarray, sample_weight: np.ndarray | None = None) -> ClassFacts:
    """Count the classes, whose numbers are an ndarray of shape (n,) of whole numbers from 0.

    >>> facts = class_facts(np.array([0, 0, 0, 1]))
    >>> facts.counts, facts.imbalance, facts.run_ratio
    ((3, 1), 3.0, 0.8)
    """
    counts = np.bincount(numbers)
    weights = counts if sample_weight is None else np.bincount(numbers, weights=sample_weight)
    total = weights.sum()
    shares = weights / total if total > 0 else np.zeros(len(counts))
    n = max(len(numbers), 1)
    expected = 1 + (n * n - float((counts.astype(np.float64) ** 2).sum())) / n  # of runs: Wald and Wolfowitz 1940
    runs = 1 + int((numbers[1:] != numbers[:-1]).sum())
    return ClassFacts(tuple(counts.tolist()), tuple(shares.tolist()), runs / expected)


def number_facts(y: np.ndarray) -> NumberFacts:
    """Measure targets, an ndarray of shape (n, k).

    >>> facts = number_facts(np.array([[1000.0], [2000.0], [3000.0]]))
    >>> facts.mean, facts.order
    ((2000.0,), 1.0)
    """
    each = [_of_one(column) for column in y.T]
    mean, std, low, high, skew, distinct = zip(*each, strict=True) if each else ((),) * 6
    missing = int((~np.isfinite(y)).sum())
    return NumberFacts(mean, std, low, high, skew, distinct, missing, _order(y[:, 0]) if y.shape[1] else 0.0)


def _of_one(numbers: np.ndarray) -> tuple[float, float, float, float, float, int]:
    finite = np.clip(numbers[np.isfinite(numbers)], -LARGEST_NUMBER, LARGEST_NUMBER)
    if not finite.size:
        return 0.0, 0.0, 0.0, 0.0, 0.0, 0
    low, high = float(finite.min()), float(finite.max())
    mean = float(np.clip(finite.mean(), low, high))
    std = float(finite.std()) if low < high else 0.0
    skew = float((((finite - mean) / std) ** 3).mean()) if std > 0 else 0.0
    return mean, std, low, high, skew, len(np.unique(finite))


def _order(numbers: np.ndarray) -> float:
    if len(numbers) < 3 or (numbers == numbers[0]).all():
        return 0.0
    from scipy.stats import rankdata

    ranks = rankdata(numbers)
    return float(np.corrcoef(ranks, np.arange(len(ranks)))[0, 1])
