"""Callback that records how far each layer's weights move in every epoch."""

from __future__ import annotations

import numpy as np

from lamina.training import Callback
from lamina.training.callbacks.callback import Run
from lamina.training.history import Record

__all__ = ["UpdateRecord"]


class UpdateRecord(Callback):
    """Adds the norm and relative change of each layer's parameters to every epoch's record.

    ``<layer>_norm`` is ‖w‖ at the end of the epoch; ``<layer>_update_ratio`` is ‖Δw‖ / ‖w‖, where Δw is the change over the epoch
    and w the parameters at its beginning (just ‖Δw‖ if w is 0). Vanishing gradients show as ratios that fall from the output
    towards the input, exploding gradients as ratios of 1 and more.

    Examples
    --------
    Six layers of sigmoid units: those near the input hardly move.

    >>> from lamina import Dense, Sequential, Trainer
    >>> X = np.random.default_rng(0).normal(size=(200, 8))
    >>> network = Sequential([*(Dense(8, activation="sigmoid") for _ in range(6)), Dense(1)])
    >>> trainer = Trainer(network, "squared_error", "gradient_descent", callbacks=[UpdateRecord()])
    >>> record = trainer.fit(X, X[:, 0], max_epochs=1)[-1]
    >>> record["dense_1_update_ratio"] < 1e-3 * record["dense_7_update_ratio"]
    True
    """

    def __init__(self) -> None:
        self._before = np.empty(0)

    def on_epoch_begin(self, trainer: Run) -> None:
        self._before = trainer.executor.snapshot().parameters

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        program, after = trainer.executor.program, trainer.executor.snapshot().parameters
        # L-BFGS does not call on_epoch_begin, so its first epoch is compared with its own end.
        before = self._before if self._before.shape == after.shape else after
        for layer in dict.fromkeys(parameter.layer for parameter in program.parameters):
            slices = [parameter.slice for parameter in program.parameters if parameter.layer == layer]
            old, new = (np.concatenate([vector[part] for part in slices]).astype(np.float64) for vector in (before, after))
            start, way = float(np.linalg.norm(old)), float(np.linalg.norm(new - old))
            record[f"{layer}_norm"] = float(np.linalg.norm(new))
            record[f"{layer}_update_ratio"] = way / start if start > 0 else way
        self._before = after
