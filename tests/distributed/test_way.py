from __future__ import annotations

import numpy as np
import pytest

from lamina import Dense, Sequential, Trainer
from lamina.distributed.communicator import Alone
from lamina.distributed.way import Timing, chosen_way, measure


def test_steps_longer_than_a_reduction_are_synchronous() -> None:
    assert chosen_way(Timing(step_s=2.0, reduction_s=2.0, average_s=6.0), 100).is_synchronous


@pytest.mark.parametrize(("steps_an_epoch", "every"), [(1000, 60), (10, 10), (1, 1)])
def test_shorter_steps_average_so_rarely_that_it_takes_a_twentieth_but_once_an_epoch(steps_an_epoch: int, every: int) -> None:
    timing = Timing(step_s=1.0, reduction_s=1.5, average_s=3.0)
    assert chosen_way(timing, steps_an_epoch).every == every


def test_measuring_changes_nothing() -> None:
    X = np.random.default_rng(0).normal(size=(30, 3))
    trainer = Trainer(Sequential([Dense(4, activation="relu"), Dense(1)]), "squared_error", "momentum", seed=1)
    data = trainer.batches(X, X[:, 0])
    before = trainer.executor.snapshot()
    timing = measure(trainer.executor, Alone(), data, 10)
    assert min(timing) >= 0.0 and timing.step_s > 0.0
    for one, other in zip(before, trainer.executor.snapshot(), strict=True):
        assert np.array_equal(one, other)
