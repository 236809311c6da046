"""Curves by themselves show that a training went on after it was best, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.doctor.by_curves import examine_curves

EPOCHS = np.arange(1.0, 401.0)
FALLING = 0.1 + 1 / EPOCHS


def noisy(curve: np.ndarray, seed: int) -> np.ndarray:
    return curve * np.exp(np.random.default_rng(seed).normal(0, 0.1, len(curve)))


@pytest.mark.parametrize("seed", range(5))
def test_a_validation_loss_that_rises_while_that_of_training_falls_is_found(seed: int) -> None:
    finding = examine_curves(EPOCHS, noisy(1 / EPOCHS, seed), noisy(FALLING + 0.001 * EPOCHS, seed + 100))
    assert finding is not None and finding.name == "stopped_too_late" and finding.row == "L20"
    assert 10 < finding.cures[1].changes["epochs"] < 100


@pytest.mark.parametrize("seed", range(5))
def test_noise_and_runs_that_get_worse_altogether_are_not(seed: int) -> None:
    for losses, validation_losses in (
        (FALLING, FALLING),
        (1 / EPOCHS, np.ones(400)),
        (FALLING + 0.01 * EPOCHS, FALLING + 0.01 * EPOCHS),
    ):
        assert examine_curves(EPOCHS, noisy(losses, seed), noisy(validation_losses, seed + 100)) is None


def test_few_points_and_numbers_that_are_not_finite_tell_nothing() -> None:
    assert examine_curves(EPOCHS[:9], 1 / EPOCHS[:9], EPOCHS[:9]) is None
    assert examine_curves(EPOCHS, np.full(400, np.nan), EPOCHS) is None
    assert examine_curves(np.empty(0), np.empty(0), np.empty(0)) is None


def test_the_lowest_loss_counts_where_the_points_do_not_hold_it() -> None:
    finding = examine_curves(1000 * EPOCHS, 1 / EPOCHS, 1 + 0.01 * EPOCHS, lowest=(20.0, 0.3))
    assert finding is not None
    assert finding.cures[1].changes == {"epochs": 20}
    assert [evidence.value for evidence in finding.evidence[1:3]] == [0.3, pytest.approx(5, rel=0.05)]
