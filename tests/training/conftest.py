"""Small data and trainers that several tests share."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.layers import BatchNorm, Dense, Dropout
from lamina.network import Sequential
from lamina.training import Trainer


@pytest.fixture
def table():
    """60 rows, 5 features, and a target that depends on them with noise."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 5))
    y = (X[:, 0] * X[:, 1] + X[:, 2] + 0.3 * rng.normal(size=60) > 0).astype(np.int64)
    return X, y


@pytest.fixture
def make_trainer():
    """A function that makes equal trainers: dropout and batch norm, so that masks and running statistics matter."""

    def make(**settings):
        network = Sequential([Dense(8, activation="relu"), BatchNorm(), Dropout(0.3), Dense(2)], 5)
        usual = {"loss": "softmax_cross_entropy", "batch_size": 16, "dtype": "float64", "seed": 7}
        return Trainer(network, **usual | settings)

    return make
