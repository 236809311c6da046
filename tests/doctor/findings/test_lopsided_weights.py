"""Weights that leave one class next to no say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lamina import Adam, Dense, MLPClassifier, Sequential, Trainer, diagnose
from lamina.doctor.rows import balanced_weights

RNG = np.random.default_rng(0)
Y = (RNG.uniform(size=600) < 0.2).astype(int)
X = RNG.normal(size=(600, 4)) + 1.3 * Y[:, None]


def network(weights: Any) -> MLPClassifier:
    return MLPClassifier((16,), class_weight=weights, learning_rate_init=0.005, max_iter=40, random_state=0)


def test_weights_the_wrong_way_round_are_named():
    found = diagnose(network({0: 20.0, 1: 1.0}), X, Y)
    assert found.findings[0].name == "lopsided_weights"
    assert found.findings[0].cures[0].changes == {"class_weight": "balanced"}


@pytest.mark.parametrize("weights", [None, "balanced", {0: 1.0, 1: 4.0}, {0: 1.0, 1: 8.0}])
def test_weights_that_make_up_for_a_rare_class_are_not(weights: Any):
    assert "lopsided_weights" not in diagnose(network(weights), X, Y)


def test_weights_of_rows_are_seen_too_and_their_cure_makes_up_for_them():
    weight = np.where(Y == 1, 0.02, 1.0)
    trainer = Trainer(Sequential([Dense(16, activation="relu"), Dense(1)]), "sigmoid_cross_entropy", Adam(0.005), seed=0)
    assert "lopsided_weights" in diagnose(trainer, X + 0.5 * Y[:, None], Y, max_epochs=40, sample_weight=weight)
    totals = np.bincount(Y, balanced_weights(Y, weight))
    assert totals[0] == pytest.approx(totals[1])
