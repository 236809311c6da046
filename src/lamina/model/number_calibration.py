"""What a regressor learned from rows that its training did not see: how far off its predictions are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from lamina.errors import ShapeError, phrase
from lamina.model.conformal import check_scores, conformal_quantile
from lamina.model.difficulty import Difficulty, learn_slope

__all__ = ["NumberCalibration"]


@dataclass(frozen=True, eq=False)
class NumberCalibration:
    """Makes intervals around predicted numbers.

    Parameters
    ----------
    scores : ndarray of shape (n, targets)
        For each row that was calibrated on, the distance between target and prediction on the scale that was learned, over the
        row's difficulty; each column sorted.
    difficulty : Difficulty or None
        None: all rows are equally difficult.
    """

    kind: ClassVar[str] = "numbers"
    scores: np.ndarray
    difficulty: Difficulty | None = None

    def __post_init__(self) -> None:
        check_scores(self.scores, num_dimensions=2)
        if self.difficulty is not None and self.scores.shape[1] != len(self.difficulty.scale):
            raise ShapeError(phrase("the scores", f"must have {len(self.difficulty.scale)} columns", self.scores.shape[1]))

    @classmethod
    def learn(cls, X: Any, predicted: np.ndarray, y: np.ndarray, folds: np.ndarray, difficulty: Difficulty | None) -> Self:
        """Learn from predictions that no row has chosen.

        Parameters
        ----------
        X : ndarray or csr_matrix of shape (n, features)
        predicted, y : ndarray of shape (n, targets)
            On the scale that was learned.
        folds : ndarray of shape (n,)
            The slope by which a row is scored is that of the other folds' rows.
        difficulty : Difficulty or None
            With whatever slopes.
        """
        errors = np.abs(y - predicted)
        if difficulty is None:
            return cls(np.sort(errors, axis=0))
        logarithms = difficulty.logarithms(X, predicted)
        scores = np.empty_like(errors)
        for fold in np.unique(folds):
            outside, inside = folds != fold, folds == fold
            scores[inside] = errors[inside] / np.exp(_slopes(logarithms[outside], errors[outside]) * logarithms[inside])
        believed = replace(difficulty, slope=_slopes(logarithms, errors))
        return cls(np.sort(scores, axis=0), believed) if believed.is_of_use else cls(np.sort(errors, axis=0))

    def margins(self, X: Any, predicted: np.ndarray, coverage: float, *, owner: str) -> np.ndarray:
        """How far targets lie from predictions (n, targets) at most, in a share of ``coverage`` of the rows; of that shape."""
        width = conformal_quantile(self.scores, coverage, owner=owner)
        factors = 1.0 if self.difficulty is None else self.difficulty.factors(X, predicted)
        return np.asarray(np.broadcast_to(width * factors, predicted.shape))


def _slopes(logarithms: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """The slope of each target."""
    return np.array([learn_slope(*columns) for columns in zip(logarithms.T, errors.T, strict=True)])
