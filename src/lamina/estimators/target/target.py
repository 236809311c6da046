"""What a training needs to know of the target, whether it is labels or numbers."""

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
    """What a fit learns of y, and what the loss makes of it.

    The *truth* are the user's labels or numbers as an array (n, k) of numbers; *targets* are what the loss compares logits with.
    """

    loss: Loss

    @classmethod
    @abstractmethod
    def learn(cls, y: Any, parameters: Parameters, known: Self | None = None) -> Self:
        """The target that ``y`` is an example of; refuses a ``y`` that contradicts the target ``known`` from an earlier fit."""

    @classmethod
    def learn_part(cls, y: Any, parameters: Parameters, known: Self | None, classes: Any) -> Self:
        """The target of which ``y`` shows a part; ``classes`` are all labels that will ever come, where there are such."""
        return cls.learn(y, parameters, known)

    @classmethod
    @abstractmethod
    def from_state(cls, state: Mapping[str, Any], parameters: Parameters) -> Self:
        """What :meth:`state` gave, under the same parameters."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """What was learnt of y, as JSON can hold it."""

    @property
    @abstractmethod
    def num_outputs(self) -> int:
        """How many logits the loss needs."""

    @property
    def out_activation(self) -> str:
        """What turns logits into predictions, as scikit-learn calls it."""
        return "logistic" if self.loss.link == "sigmoid" else self.loss.link or "function"

    @abstractmethod
    def encode(self, y: Any) -> np.ndarray:
        """The truth, of shape (n, k)."""

    @abstractmethod
    def targets(self, truth: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """What the loss is to compare logits with."""

    @abstractmethod
    def score(self, truth: np.ndarray, predicted: np.ndarray, weight: np.ndarray | None) -> float:
        """The score of what the loss predicts from logits; NaN when it is not finite."""

    @abstractmethod
    def objective(self, chosen: str | Callable[[Any, Any], float]) -> Callable[[Any, Any], float]:
        """The score with a name, or the user's function of y and predictions, as a function of targets and predictions."""

    def row_weights(self, truth: np.ndarray, weight: np.ndarray | None) -> np.ndarray | None:
        """Weights of the rows, once those of their classes are counted in."""
        return weight

    def strata(self, truth: np.ndarray) -> np.ndarray | None:
        """What the validation rows must have in the same shares as the others."""
        return None
