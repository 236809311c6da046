"""A small training that the tests of trackers log."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.layers import Dense
from lamina.network import Sequential
from lamina.training import Callback, Trainer

X = np.random.default_rng(0).normal(size=(90, 4))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)
ROWS = {"validation_data": (X[60:], Y[60:])}


def trainer(*callbacks: Callback, **settings: Any) -> Trainer:
    network = Sequential([Dense(8, activation="relu"), Dense(2)], 4)
    usual = {"batch_size": 16, "metrics": "accuracy", "seed": 1}
    return Trainer(network, "softmax_cross_entropy", callbacks=callbacks, **usual | settings)


class Kill(Callback):
    """Ends the process's training as a kill would: no callback hears of the end."""

    runs_last = True

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_epoch_end(self, trainer: Any, record: Any) -> None:
        if record["epoch"] == self.epoch:
            raise KilledError


class KilledError(Exception):
    pass
