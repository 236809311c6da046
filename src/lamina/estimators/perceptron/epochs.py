"""Runs the epochs of a perceptron: all its units on the same rows, with measurements after each epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.engine.blas import SingleThreadedBlas
from lamina.estimators.perceptron.threshold_unit import ThresholdUnit
from lamina.estimators.rows import Rows
from lamina.metrics import accuracy
from lamina.tasks import map_in_threads
from lamina.training import History

__all__ = ["Watch", "choose", "run_epochs"]


@dataclass(frozen=True, slots=True)
class Watch:
    """What to measure after every epoch: accuracies on ``train`` and, if given, on ``validation``; ``report``, if given, is
    called with the record and the units that ran."""

    train: Rows
    validation: Rows | None = None
    report: Callable[[dict[str, Any], Sequence[ThresholdUnit]], None] | None = None


def run_epochs(units: Sequence[ThresholdUnit], seed: int | None, *, watch: Watch | None = None, num_threads: int = 1) -> History:
    """Train until every unit is done; ``seed`` is None if rows keep their order.

    Without ``watch`` each unit runs independently, in ``num_threads`` threads.
    """
    # Matrix products of a millisecond gain nothing from threads, and lose much if the threads are busy.
    with SingleThreadedBlas():
        if watch is not None:
            return _watched(units, seed, watch)
        if num_threads == 1:
            for unit in units:
                unit.learn_to_the_end(seed)
        else:
            map_in_threads(lambda unit: unit.learn_to_the_end(seed), units, num_threads)
    return History(_record(units, epoch) for epoch in range(max(len(unit.losses) for unit in units)))


def choose(scores: np.ndarray) -> np.ndarray:
    """Class indices (n, 1) for scores (n, units): by the sign for a single unit, else the largest."""
    return scores > 0 if scores.shape[1] == 1 else scores.argmax(axis=1)[:, np.newaxis]


def _watched(units: Sequence[ThresholdUnit], seed: int | None, watch: Watch) -> History:
    """Run all units together, epoch by epoch."""
    history = History()
    while learning := [unit for unit in units if not unit.is_done]:
        for unit in learning:
            unit.learn(seed)
        record = _record(units, len(history)) | _measured(units, watch)
        history.append(record)
        if watch.report is not None:
            watch.report(record, learning)
    return history


def _record(units: Sequence[ThresholdUnit], epoch: int) -> dict[str, Any]:
    """Sums over the units; a unit that is done counts with its last epoch."""
    at = [min(epoch, len(unit.losses) - 1) for unit in units]
    loss = sum(unit.losses[i] for unit, i in zip(units, at, strict=True))
    mistakes = sum(unit.mistakes[i] for unit, i in zip(units, at, strict=True))
    return {"epoch": epoch + 1, "loss": loss, "mistakes": mistakes}


def _measured(units: Sequence[ThresholdUnit], watch: Watch) -> dict[str, float]:
    """The accuracies of a record."""
    present, kept = np.array([unit.weights for unit in units]), np.array([unit.kept for unit in units])
    measured = {"accuracy": _accuracy(watch.train, present), "kept_accuracy": _accuracy(watch.train, kept)}
    if watch.validation is not None:
        measured["validation_accuracy"] = _accuracy(watch.validation, present)
        measured["kept_validation_accuracy"] = _accuracy(watch.validation, kept)
    return measured


def _accuracy(rows: Rows, weights: np.ndarray) -> float:
    """The (weighted) accuracy of units with weights (units, d + 1)."""
    weights = weights.astype(rows.X.dtype)
    scores: Any = rows.X @ weights[:, :-1].T + weights[:, -1]
    return accuracy(rows.truth, choose(np.asarray(scores)), rows.weight)
