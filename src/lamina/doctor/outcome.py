"""How good a trained model is, on its training rows and on held-out ones."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Outcome"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Scores of a trained model: accuracy of labels, R squared of numbers. NaN or −inf where training failed.

    Attributes
    ----------
    train : float
        On the training rows.
    held_out : float
        On rows that training never saw.
    constant : float
        On the held-out rows, of the best prediction that ignores all inputs.
    num_held_out : int
    learns_labels : bool
    """

    train: float
    held_out: float
    constant: float
    num_held_out: int
    learns_labels: bool

    @property
    def learned(self) -> float:
        """The share of what a constant prediction leaves open: 0 is as good as a constant, 1 is perfect, on held-out rows."""
        open_part = 1.0 - self.constant
        return (self.held_out - self.constant) / open_part if open_part > 0 else 0.0

    @property
    def spread(self) -> float:
        """The standard error of ``held_out`` by the number of its rows."""
        if not self.learns_labels:
            # of R squared for normal errors, about 2 (1 − R²) sqrt(R² / n), and not below that of one that explains a quarter
            explained = min(max(self.held_out, 0.25), 1.0)
            return 2 * (1 - explained) * math.sqrt(explained / self.num_held_out)
        p = min(max(self.held_out, 1 / (self.num_held_out + 1)), 1 - 1 / (self.num_held_out + 1))
        return math.sqrt(p * (1 - p) / self.num_held_out)

    def is_behind(self, other: Outcome, *, margin: float = 0.02) -> bool:
        """Whether it is worse than another on the same rows, by two standard errors of the difference and by ``margin``."""
        if not math.isfinite(self.held_out):
            return math.isfinite(other.held_out)
        # both are measured on the same rows, where errors go together: the spread of the better one alone is used
        return other.held_out - self.held_out > max(2 * min(self.spread, other.spread), margin)
