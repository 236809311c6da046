"""Whether the range test's suggestion trains as well as the best rate of a grid: ``python -m benchmarks.learning_rates``.

Two problems (numbers and three classes, both with noise), four networks, all gradient optimizers, several seeds, which also move
the data. A rate passes if training with it ends with a loss on the training rows at most 20 % above that of the best rate of a
grid. The trials' suggestion is compared with rules that use the curve of the range test alone: fastai's "valley", "steep" and
"minimum" (a tenth of the rate of the lowest loss), and larger parts of that rate.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from lamina import learning_rate_range
from lamina.analysis import LearningRateRange
from lamina.errors import NonFiniteError
from lamina.layers import Activation, BatchNorm, Dense, Layer
from lamina.network import Sequential
from lamina.optimizers import Adagrad, Adam, AdamW, GradientDescent, Momentum, Nadam, Nesterov, RMSprop, StepOptimizer
from lamina.tasks import map_in_threads
from lamina.training import Trainer

GRID = np.geomspace(1e-4, 10.0, 16)
ENOUGH = 1.2  # of the loss of the grid's best rate
NUM_ROWS, BATCH_SIZE = 1000, 32
PROBLEMS = ("numbers", "classes")
NETWORKS: dict[str, Callable[[int], list[Layer]]] = {
    "linear": lambda outputs: [Dense(outputs)],
    "one hidden layer": lambda outputs: [Dense(32, activation="tanh"), Dense(outputs)],
    "two hidden layers": lambda outputs: [Dense(32, activation="relu"), Dense(32, activation="relu"), Dense(outputs)],
    "batch norm": lambda outputs: [*_normalized(), *_normalized(), Dense(outputs)],
}
OPTIMIZERS = (GradientDescent, Momentum, Nesterov, RMSprop, Adagrad, Adam, AdamW, Nadam)


def _normalized() -> list[Layer]:
    return [Dense(32), BatchNorm(), Activation("relu")]


@dataclass(frozen=True, slots=True)
class Case:
    """One training task: a problem, a network, an optimizer and a seed."""

    problem: str
    network: str
    optimizer: type[StepOptimizer]
    seed: int

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """1000 rows of 20 numbers, and targets with noise."""
        rng = np.random.default_rng(self.seed)
        X = rng.normal(size=(NUM_ROWS, 20)).astype(np.float32)
        wave, product_ = np.sin(2 * X[:, 0]), X[:, 1] * X[:, 2]
        if self.problem == "numbers":
            return X, wave + product_ + 0.5 * rng.normal(size=NUM_ROWS)
        scores = 2 * np.stack([wave, product_, X[:, 3]], axis=1)
        return X, (scores + rng.gumbel(size=scores.shape)).argmax(axis=1)

    def trainer(self, rate: float, seed: int | None = None) -> Trainer:
        """A new trainer with initial weights and an order of the batches by this seed, or by the case's own."""
        outputs, loss = {"numbers": (1, "squared_error"), "classes": (3, "softmax_cross_entropy")}[self.problem]
        network = Sequential(NETWORKS[self.network](outputs))
        optimizer = self.optimizer(learning_rate=rate)  # type: ignore[call-arg]
        return Trainer(network, loss, optimizer, batch_size=BATCH_SIZE, seed=self.seed if seed is None else seed, n_threads=1)

    def loss_after(self, rate: float, epochs: int, seed: int | None = None) -> float:
        """The loss on the training rows after training; infinite if it broke off."""
        X, y = self.data()
        trainer = self.trainer(rate, seed)
        try:
            trainer.fit(X, y, max_epochs=epochs)
        except NonFiniteError:
            return float("inf")
        return float(trainer.evaluate(X, y)["loss"])


def rates_of(case: Case, trial_steps: Iterable[int]) -> dict[str, float | None]:
    """The rate that each rule suggests; None where there is none."""
    X, y = case.data()
    tests = {steps: learning_rate_range(case.trainer(0.01), X, y, trial_steps=steps) for steps in trial_steps}
    rates = {f"trials of {steps} steps": test.suggestion for steps, test in tests.items()}
    return rates | curve_rates(next(iter(tests.values())))


def curve_rates(test: LearningRateRange) -> dict[str, float | None]:
    """The rates that the curve of the range test alone suggests."""
    lowest = test.lowest
    parts = {f"lowest / {part}": None if lowest is None else lowest / part for part in (1, 2, 3, 4, 10)}
    return {**parts, "steepest": test.steepest, "valley": valley(test)}


def valley(test: LearningRateRange) -> float:
    """The rate in the middle of the longest subsequence of falling losses, smoothed and cut at both ends as fastai does."""
    weights = 0.98 ** np.arange(len(test.losses))
    smoothed = np.convolve(test.losses, weights)[: len(weights)] / np.cumsum(weights)
    kept = slice(len(weights) // 10, -5)
    losses, rates = smoothed[kept], test.learning_rates[kept]
    lengths = np.ones(len(losses), dtype=int)
    for step in range(1, len(losses)):
        lengths[step] = 1 + np.max(lengths[:step], initial=0, where=losses[:step] > losses[step])
    end = int(lengths.argmax())
    return float(rates[max(0, end - int(lengths[end]) // 2)])


def measure(case: Case, epochs: int, trial_steps: Iterable[int]) -> dict[str, float]:
    """For each rule, the loss relative to that of the grid's best rate; infinite where it suggests none.

    The last is that of the grid's best rate itself with other initial weights and batches: how much of a ratio is luck.
    """
    losses = {rate: case.loss_after(rate, epochs) for rate in GRID.tolist()}
    best = min(losses, key=lambda rate: losses[rate])
    rates = rates_of(case, trial_steps)
    found = {rule: float("inf") if rate is None else case.loss_after(rate, epochs) for rule, rate in rates.items()}
    found["the grid's best, other seed"] = case.loss_after(best, epochs, seed=case.seed + 1000)
    return {rule: loss / losses[best] for rule, loss in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.learning_rates", description=str(__doc__).split("\n")[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=15, help="length of the trainings, of 32 steps an epoch")
    parser.add_argument("--trial-steps", type=int, nargs="+", default=[400])
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    cases = [Case(*parts) for parts in product(PROBLEMS, NETWORKS, OPTIMIZERS, range(arguments.seeds))]
    settings = (arguments.epochs, arguments.trial_steps)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rates that are too large, which the grid has
        ratios = map_in_threads(lambda case: measure(case, *settings), cases, arguments.jobs)
    print(by_rule(ratios))
    print(by_case(cases, [each[f"trials of {arguments.trial_steps[-1]} steps"] for each in ratios]))


def by_rule(ratios: list[dict[str, float]]) -> str:
    """A table: the share of the cases that each rule passes, and how it does in the median and the tenth worst of ten cases."""
    lines = ["| rule | within 20 % | median | 90 % below | no rate |", "|---|---:|---:|---:|---:|"]
    for rule in ratios[0]:
        found = np.array([each[rule] for each in ratios])
        spread = [f"{value:.2f}" for value in np.quantile(found, [0.5, 0.9], method="lower")]
        lines.append(f"| {rule} | {_percent(found)} | {' | '.join(spread)} | {int(np.isinf(found).sum())} |")
    return "\n".join(lines) + "\n"


def by_case(cases: list[Case], ratios: list[float]) -> str:
    """A table: the share of the cases that pass, per network and optimizer."""
    lines = ["| | " + " | ".join(NETWORKS) + " |", "|---|" + "---:|" * len(NETWORKS)]
    for optimizer in OPTIMIZERS:
        chosen = [[r for c, r in zip(cases, ratios, strict=True) if (c.optimizer, c.network) == (optimizer, n)] for n in NETWORKS]
        lines.append(f"| {optimizer.__name__} | {' | '.join(_percent(part) for part in chosen)} |")
    return "\n".join(lines) + "\n"


def _percent(ratios: Any) -> str:
    return f"{100 * np.mean(np.asarray(ratios) <= ENOUGH):.0f} %"


if __name__ == "__main__":
    main()
