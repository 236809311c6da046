"""The epochs of a perceptron: all its units on the same rows, and what is measured after each epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from lamina.activations import get_activation
from lamina.engine import permutation
from lamina.engine.blas import SingleThreadedBlas
from lamina.estimators.rows import Rows
from lamina.estimators.threshold_unit import ThresholdUnit
from lamina.training import History
from lamina.training.scores import accuracy

__all__ = ["KEPT", "choose", "run_epochs"]

#: The weights that each variant keeps.
KEPT: Mapping[str, Callable[[ThresholdUnit], np.ndarray]] = MappingProxyType(
    {"pocket": lambda unit: unit.pocket, "plain": lambda unit: unit.weights, "averaged": lambda unit: unit.averaged}
)


def run_epochs(
    units: Sequence[ThresholdUnit], train: Rows, validation: Rows | None, variant: str, max_epochs: int, seed: int | None
) -> History:
    """Train until an epoch passes without a mistake, or to the end; ``seed`` is None where rows keep their order."""
    history = History()
    in_order = np.arange(len(train), dtype=np.int64)
    # Products of a millisecond gain nothing from threads, and lose much when the threads are not free.
    with SingleThreadedBlas():
        for epoch in range(max_epochs):
            order = in_order if seed is None else permutation(len(train), seed=seed, epoch=epoch)
            # A unit without a mistake stays as it is, so the others may go on alone.
            learning = [unit for unit in units if not unit.is_done]
            for unit in learning:
                unit.learn(order)
            mistakes = sum(unit.num_mistakes or 0 for unit in learning)
            history.append({"epoch": epoch + 1, "mistakes": mistakes} | _measured(units, train, validation, variant))
            if not mistakes:
                break
    return history


def choose(scores: np.ndarray) -> np.ndarray:
    """Numbers of the classes, (n, 1), for scores (n, units): the step of a single unit, the largest of several."""
    if scores.shape[1] == 1:
        return np.asarray(get_activation("step").value(scores), dtype=np.int64)
    return np.asarray(scores.argmax(axis=1)[:, np.newaxis])


def _measured(units: Sequence[ThresholdUnit], train: Rows, validation: Rows | None, variant: str) -> dict[str, float]:
    """The accuracies of a record."""
    present, kept = (np.array([weights(unit) for unit in units]) for weights in (KEPT["plain"], KEPT[variant]))
    measured = {"accuracy": _accuracy(train, present), "kept_accuracy": _accuracy(train, kept)}
    if validation is not None:
        measured["validation_accuracy"] = _accuracy(validation, present)
        measured["kept_validation_accuracy"] = _accuracy(validation, kept)
    return measured


def _accuracy(rows: Rows, weights: np.ndarray) -> float:
    """The (weighted) share of rows that units with weights (units, d + 1) get right."""
    scores: Any = rows.X @ weights[:, :-1].T + weights[:, -1]
    return accuracy(rows.truth, choose(np.asarray(scores)), rows.weight)
