"""Rows that are sorted, and that each epoch takes as they stand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from lamina import Adam, Dense, MLPClassifier, Sequential, Trainer, diagnose
from lamina.doctor.probes.row_order import likeness_in_batches
from lamina.engine.plan import Batches
from lamina.losses import get_loss

PIXELS, DIGITS = load_digits(return_X_y=True)
PIXELS = PIXELS / 16
SORTED = np.argsort(DIGITS, kind="stable")


def network(**settings: Any) -> MLPClassifier:
    usual = {"hidden_layer_sizes": (32,), "solver": "sgd", "learning_rate_init": 0.05, "batch_size": 16, "max_iter": 10}
    return MLPClassifier(**usual | {"random_state": 0} | settings)


def test_rows_sorted_by_class_that_are_not_shuffled_are_the_first_cause():
    found = diagnose(network(shuffle=False), PIXELS[SORTED], DIGITS[SORTED])
    assert found.findings[0].name == "rows_in_order"
    assert found.findings[0].cures[0].changes == {"shuffle": True}
    assert "shuffle=True" in str(found)


@pytest.mark.parametrize(("order", "shuffle"), [(SORTED, True), (np.arange(len(DIGITS)), False)], ids=["shuffled", "any order"])
def test_rows_that_are_shuffled_or_stand_in_no_order_are_not_named(order: np.ndarray, shuffle: bool):
    assert "rows_in_order" not in diagnose(network(shuffle=shuffle), PIXELS[order], DIGITS[order])


def test_a_network_that_learns_them_all_the_same_is_healthy():
    trainer = Trainer(
        Sequential([Dense(32, activation="relu"), Dense(10)]), "softmax_cross_entropy", Adam(0.003), shuffle=False, seed=0
    )
    found = diagnose(trainer, PIXELS[SORTED], DIGITS[SORTED], max_epochs=60)
    assert "rows_in_order" not in found


@pytest.mark.parametrize("size", [1, 10, 32])
def test_the_likeness_of_rows_within_batches_is_that_beyond_chance(size: int):
    y = np.repeat(np.arange(4.0), 100)[:, None]
    labels, numbers = get_loss("softmax_cross_entropy"), get_loss("squared_error")
    in_order, at_random = (Batches([y], [rows]) for rows in (y, np.random.default_rng(0).permutation(y)))
    for loss in (labels, numbers):
        assert likeness_in_batches(in_order, loss, size) > 0.8
        assert likeness_in_batches(at_random, loss, size) < 0.05
        assert likeness_in_batches(in_order, loss, len(y)) == 0.0
