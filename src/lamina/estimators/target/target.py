"""The interface of targets, whether they are labels or numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from lamina.estimators.parameters import Parameters

if TYPE_CHECKING:
    from lamina.losses import Loss

__all__ = ["Target"]


@dataclass(frozen=True, eq=False)
class Target(ABC):
    """What a fit learns about y, and how y is encoded for the loss.

    The *truth* is the user's labels or numbers as a numeric array (n, k); *targets* are what the loss compares logits with.
    """

    loss: Loss

    @classmethod
    @abstractmethod
    def learn(cls, y: Any, parameters: Parameters, known: Self | None = None) -> Self:
        """The target for ``y``; raises if ``y`` contradicts the target ``known`` from an earlier fit."""

    @classmethod
    def learn_part(cls, y: Any, parameters: Parameters, known: Self | None, classes: Any) -> Self:
        """The target for ``partial_fit``, of which ``y`` is only a part; ``classes`` are all possible labels, if any."""
        return cls.learn(y, parameters, known)

    @classmethod
    @abstractmethod
    def from_state(cls, state: Mapping[str, Any], parameters: Parameters) -> Self:
        """The target from the result of :meth:`state`, with the same parameters."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """What was learned about y, as JSON-able values."""

    @property
    @abstractmethod
    def num_outputs(self) -> int:
        """The number of logits that the loss needs."""

    @property
    def out_activation(self) -> str:
        """The function that turns logits into predictions, under scikit-learn's name."""
        return "logistic" if self.loss.link == "sigmoid" else self.loss.link or "function"

    @abstractmethod
    def encode(self, y: Any) -> np.ndarray:
        """The truth, of shape (n, k)."""

    @abstractmethod
    def targets(self, truth: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """What the loss compares logits with."""

    @abstractmethod
    def score(self, truth: np.ndarray, predicted: np.ndarray, weight: np.ndarray | None) -> float:
        """The score of predictions; NaN if a prediction is not finite."""

    @abstractmethod
    def objective(self, chosen: str | Callable[[Any, Any], float]) -> Callable[[Any, Any], float]:
        """A named score, or the user's function of y and predictions, as a function of targets and predictions."""

    def row_weights(self, truth: np.ndarray, weight: np.ndarray | None) -> np.ndarray | None:
        """The weights of the rows, including the weights of their classes."""
        return weight

    def strata(self, truth: np.ndarray) -> np.ndarray | None:
        """The strata for the choice of validation rows; None if they are not stratified."""
        return None
