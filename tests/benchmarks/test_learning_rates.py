"""The benchmark of the range test: its rules, and its tables."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.learning_rates import NETWORKS, OPTIMIZERS, PROBLEMS, Case, by_case, by_rule, measure, rates_of
from lamina.optimizers import Adam


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("network", NETWORKS)
def test_every_rule_suggests_a_rate_within_the_range(problem: str, network: str) -> None:
    rates = rates_of(Case(problem, network, Adam, 0), [100])
    assert rates.keys() >= {"trials of 100 steps", "lowest / 10", "steepest", "valley"}
    assert all(rate is not None and 1e-7 <= rate <= 10 for rate in rates.values())


@pytest.mark.filterwarnings("ignore::lamina.training.TrainingWarning")  # the grid has rates that are too large
def test_ratios_are_to_the_best_rate_of_the_grid_and_become_tables() -> None:
    case = Case("numbers", "linear", Adam, 0)
    ratios = measure(case, 1, [100])
    assert all(ratio > 0.8 for ratio in ratios.values())
    assert list(ratios)[-1] == "the grid's best, other seed"
    lines = by_rule([{"a": 1.0}, {"a": 1.3}, {"a": np.inf}, {"a": 1.1}]).splitlines()
    assert lines[2] == "| a | 50 % | 1.10 | 1.30 | 1 |"
    cases = [Case("numbers", network, optimizer, 0) for optimizer in OPTIMIZERS for network in NETWORKS]
    assert by_case(cases, [1.0, 1.3] * 16).count("| 100 % | 0 % | 100 % | 0 % |") == len(OPTIMIZERS)
