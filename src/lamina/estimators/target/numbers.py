"""A target of numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from lamina import losses, metrics
from lamina.errors import DataError, phrase
from lamina.estimators.parameters import Parameters
from lamina.estimators.target.target import Target
from lamina.training.finite import converted
from lamina.validation import returned_number

if TYPE_CHECKING:
    from lamina.losses import Loss

__all__ = ["NumberTarget"]

_Function = Callable[[np.ndarray, np.ndarray], float]


@dataclass(frozen=True, eq=False)
class NumberTarget(Target):
    """``num_targets`` numbers per row, each predicted in one column, or in several if the loss predicts several per number."""

    num_targets: int

    @classmethod
    def learn(cls, y: np.ndarray, parameters: Parameters, known: Self | None = None) -> Self:
        num_targets = 1 if y.ndim == 1 else y.shape[1]
        if known is not None and num_targets != known.num_targets:
            rule = f"must have {known.num_targets} column(s), as in the previous call"
            repair = "Fit a new model for another number of outputs."
            raise DataError(phrase("y", rule, num_targets, repair=repair, owner="MLPRegressor"))
        target = cls(losses.get_loss(parameters.loss), num_targets)
        _check_domain(y, target.loss, target.num_outputs)
        return target

    @classmethod
    def from_state(cls, state: Mapping[str, Any], parameters: Parameters) -> Self:
        return cls(losses.get_loss(parameters.loss), state["num_targets"])

    def state(self) -> dict[str, Any]:
        return {"num_targets": self.num_targets}

    @property
    def num_outputs(self) -> int:
        return self.loss.width_for(self.num_targets)

    def encode(self, y: np.ndarray) -> np.ndarray:
        return y.reshape(-1, 1) if y.ndim == 1 else y

    def targets(self, truth: np.ndarray, dtype: np.dtype) -> np.ndarray:
        return np.ascontiguousarray(converted(truth, dtype, "y"))

    def score(self, truth: np.ndarray, predicted: np.ndarray, weight: np.ndarray | None) -> float:
        return metrics.r2(self.loss.truth_of(truth), predicted, weight)

    def objective(self, chosen: str | _Function) -> _Function:
        return _Objective(chosen, self.loss)


@dataclass
class _Objective:
    """A function of targets and predictions (flat for a custom function if there is one column); unlike a closure it pickles."""

    chosen: str | _Function
    loss: Loss

    def __call__(self, targets: np.ndarray, predictions: np.ndarray) -> float:
        if isinstance(self.chosen, str):
            return metrics.NUMBER_METRICS[self.chosen](self.loss.truth_of(targets), predictions)
        flat = targets.shape[1] == 1 and predictions.shape[1] == 1
        returned = self.chosen(targets.ravel(), predictions.ravel()) if flat else self.chosen(targets, predictions)
        return returned_number(returned, "the objective", owner="MLPRegressor")


def _check_domain(y: np.ndarray, loss: Loss, num_outputs: int) -> None:
    domain = loss.domain(num_outputs)
    if domain.holds is not None and not (held := domain.holds(y)).all():
        repair = 'Use loss="squared_error" for numbers of any sign and size.'
        rule = f"{domain.rule} with the {loss.name} loss"
        raise DataError(phrase("y", rule, float(y[~held][0]), repair=repair, owner="MLPRegressor"))
