"""An estimator's objective for perturbed weights, in terms of the user's labels and numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lamina.metrics import LABEL_METRICS, NUMBER_METRICS
from lamina.optimizers import PerturbationOptimizer
from lamina.validation import returned_number

if TYPE_CHECKING:
    from lamina.estimators.decision import Decision
    from lamina.estimators.labels import LabelEncoding
    from lamina.estimators.multilayer_perceptron import MultilayerPerceptron

__all__ = ["LabelObjective", "NumberObjective", "with_objective"]

_Function = Callable[[np.ndarray, np.ndarray], float]


def with_objective(optimizer: PerturbationOptimizer, estimator: MultilayerPerceptron) -> PerturbationOptimizer:
    """The optimizer with the estimator's ``objective``, or its own, as a function of what the trainer knows."""
    chosen = optimizer.objective if estimator.objective is None else estimator.objective
    if chosen is None:
        return optimizer
    function = estimator._objective_function(chosen)
    function.__name__ = chosen if isinstance(chosen, str) else getattr(chosen, "__name__", "objective")
    return replace(optimizer, objective=function, maximize=optimizer.maximize or isinstance(chosen, str))  # type: ignore[type-var]


@dataclass
class LabelObjective:
    """A function of targets and predictions that compares labels: "accuracy", "f1", or ``chosen(y_true, y_pred)``.

    An object rather than a function within a function, which no pickle takes.
    """

    chosen: str | _Function
    decision: Decision
    encoding: LabelEncoding

    def __call__(self, targets: np.ndarray, predictions: np.ndarray) -> float:
        encoding, decision = self.encoding, self.decision
        chosen_rows, true_rows = decision.choose(encoding, predictions), decision.labels_of(encoding, targets)
        if isinstance(self.chosen, str):
            return LABEL_METRICS[self.chosen](true_rows, chosen_rows)
        returned = self.chosen(_labels(true_rows, encoding), _labels(chosen_rows, encoding))
        return returned_number(returned, "the objective", owner="MLPClassifier")


@dataclass
class NumberObjective:
    """A function of targets and predictions: "r2", or ``chosen(y_true, y_pred)``, both flat where there is one column."""

    chosen: str | _Function

    def __call__(self, targets: np.ndarray, predictions: np.ndarray) -> float:
        if isinstance(self.chosen, str):
            return NUMBER_METRICS[self.chosen](targets, predictions)
        flat = targets.shape[1] == 1 and predictions.shape[1] == 1
        returned = self.chosen(targets.ravel(), predictions.ravel()) if flat else self.chosen(targets, predictions)
        return returned_number(returned, "the objective", owner="MLPRegressor")


def _labels(encoded: np.ndarray, encoding: LabelEncoding) -> np.ndarray:
    if encoding.kind == "multilabel":
        return encoded
    labels: np.ndarray = encoding.classes[np.minimum(encoded.ravel(), encoding.num_classes - 1)]
    return labels
