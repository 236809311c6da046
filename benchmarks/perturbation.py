"""Perturbed weights against back propagation, at equal numbers of forward passes: ``python -m benchmarks.perturbation``.

The lecture's argument (rows L8, L9): a perturbation tells of one number how the loss changes, back propagation tells it of every
weight, for the price of some three forward passes. A pass is one over the whole training set; a step of back propagation counts
as three, a trial of perturbed weights as one, though the engine computes less of it. Each method has the best of its step sizes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from lamina.layers import Dense
from lamina.network import Sequential
from lamina.optimizers import GradientDescent, Optimizer, PerturbAll, PerturbationOptimizer, PerturbOne
from lamina.training import Trainer

_BACK_PROPAGATION = 3  # forward passes that forward, backward and update cost together
_METHODS: dict[str, tuple[Callable[[float], Optimizer], tuple[float, ...]]] = {
    "back propagation": (GradientDescent, (0.5, 2.0, 8.0)),
    "perturb all, antithetic": (PerturbAll, (0.002, 0.01, 0.05)),
    "perturb all, one-sided": (lambda rate: PerturbAll(rate, antithetic=False), (0.002, 0.01, 0.05)),
    "perturb all, mean of 16": (lambda rate: PerturbAll(rate, trials=16), (0.02, 0.1, 0.5)),
    "perturb one": (lambda scale: PerturbOne(scale=scale, trials=99), (0.1, 0.5, 2.0)),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Training loss and test accuracy at every number of passes asked for, and the seconds up to the last."""

    step_size: float
    losses: list[float]
    accuracies: list[float]
    duration_s: float


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.perturbation", description=str(__doc__).split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--passes", type=int, nargs="+", default=[100, 1_000, 10_000], help="numbers of forward passes")
    parser.add_argument("--hidden", type=int, default=16, help="hidden units")
    arguments = parser.parse_args()
    budgets = sorted(arguments.passes)
    outcomes = {name: best_of(name, arguments.hidden, budgets) for name in _METHODS}
    Console(width=120).print(as_table(outcomes, budgets, arguments.hidden))


def best_of(name: str, hidden: int, budgets: Sequence[int]) -> Outcome:
    """The outcome of the step size with the lowest loss in the end."""
    make, sizes = _METHODS[name]
    return min((run(make(size), size, hidden, budgets) for size in sizes), key=lambda outcome: outcome.losses[-1])


def run(optimizer: Optimizer, step_size: float, hidden: int, budgets: Sequence[int]) -> Outcome:
    """Train a network on scikit-learn's 1,797 digits, the whole training set a step."""
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split((X / 16).astype(np.float32), y, random_state=0, stratify=y)
    network = Sequential([Dense(hidden, activation="tanh"), Dense(10)])
    trainer = Trainer(network, "softmax_cross_entropy", optimizer, batch_size=None, seed=1, n_threads=1)
    per_step = optimizer.passes if isinstance(optimizer, PerturbationOptimizer) else _BACK_PROPAGATION
    losses, accuracies, duration_s = [], [], 0.0
    for budget in budgets:
        began = time.perf_counter()
        if budget // per_step > trainer.epoch:
            trainer.fit(X_train, y_train, max_epochs=budget // per_step - trainer.epoch)
        duration_s += time.perf_counter() - began
        losses.append(trainer.evaluate(X_train, y_train)["loss"])
        accuracies.append(float((trainer.predict(X_test).argmax(axis=1) == y_test).mean()))
    return Outcome(step_size, losses, accuracies, duration_s)


def as_table(outcomes: dict[str, Outcome], budgets: Sequence[int], hidden: int) -> Table:
    """A line a method."""
    num_weights = 64 * hidden + hidden + 10 * hidden + 10
    table = Table(
        title=f"Digits, 64-{hidden}-10 ({num_weights:,} weights): training loss / test accuracy after so many forward passes"
    )
    for head in ("method", *(f"{budget:,} passes" for budget in budgets), "step size", "seconds"):
        table.add_column(head, justify="left" if head == "method" else "right")
    for name, outcome in outcomes.items():
        cells = [f"{loss:.3f} / {accuracy:.1%}" for loss, accuracy in zip(outcome.losses, outcome.accuracies, strict=True)]
        table.add_row(name, *cells, f"{outcome.step_size:g}", f"{outcome.duration_s:.1f}")
    return table


if __name__ == "__main__":
    main()
