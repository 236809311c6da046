"""What a classifier learned from rows that its training did not see: a temperature, and how improbable true classes are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from lamina.errors import InvalidSettingError, phrase
from lamina.estimators import MLPClassifier
from lamina.estimators.fitted import meaning_of_logits
from lamina.model.conformal import check_scores, conformal_quantile
from lamina.model.temperature import learn_temperature

__all__ = ["ClassCalibration"]

_SMALLEST = 1e-15  # a probability that rounding made 0


@dataclass(frozen=True, eq=False)
class ClassCalibration:
    """Calibrates the probabilities of classes, and makes sets of classes.

    Parameters
    ----------
    temperature : float
        Logits are divided by it; 1 if none made the log loss lower.
    scores : ndarray of shape (n,)
        One minus the probability of its class, for each row that was calibrated on; sorted.
    """

    kind: ClassVar[str] = "classes"
    temperature: float
    scores: np.ndarray

    def __post_init__(self) -> None:
        check_scores(self.scores, num_dimensions=1)
        if not 0 < self.temperature < np.inf:
            raise InvalidSettingError(phrase("the temperature", "must be above 0", self.temperature))

    @classmethod
    def learn(
        cls, classifier: MLPClassifier, logits: np.ndarray, y: np.ndarray, folds: np.ndarray, weight: np.ndarray | None = None
    ) -> Self:
        """Learn from logits that no row has chosen.

        Parameters
        ----------
        classifier : MLPClassifier
            Says what logits mean.
        logits : ndarray of shape (n, outputs)
        y : ndarray of shape (n,)
            Indices of the true classes.
        folds : ndarray of shape (n,)
            The temperature by which a row is scored is that of the other folds' rows.
        weight : ndarray of shape (n,), optional
            Weights of the rows, for the temperature.
        """
        exact, at = logits.astype(np.float64), (np.arange(len(y)), y)

        def of_classes(temperature: Any) -> np.ndarray:
            divisor = temperature[:, None] if np.ndim(temperature) else temperature
            return np.asarray(meaning_of_logits(classifier, exact / divisor)[at])

        def losses(temperature: Any) -> np.ndarray:
            return np.asarray(-np.log(np.maximum(of_classes(temperature), _SMALLEST)))

        temperature, of_others = learn_temperature(losses, folds, weight)
        return cls(temperature, np.sort(1 - of_classes(of_others)))

    def sets(self, probabilities: np.ndarray, coverage: float, *, owner: str) -> np.ndarray:
        """Which classes are in the set of each row, ndarray of shape (n, classes) bool.

        A class is in the set if its probability is not below the quantile of those of true classes: of all ways to be right as
        often, the one with the smallest sets (Sadinle, Lei and Wasserman 2019). The most probable class always is.
        """
        bound = conformal_quantile(self.scores, coverage, owner=owner)
        chosen = np.asarray(1 - probabilities.astype(np.float64) <= bound)
        chosen[np.arange(len(chosen)), probabilities.argmax(axis=1)] = True
        return chosen
