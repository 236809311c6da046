"""Callback that records the symmetry of layers after every epoch."""

from __future__ import annotations

from lamina.analysis.symmetry import symmetry_of_program
from lamina.training import Callback
from lamina.training.callbacks.callback import Run
from lamina.training.history import Record

__all__ = ["SymmetryRecord"]


class SymmetryRecord(Callback):
    """Adds ``<layer>_symmetry`` and ``<layer>_distinct`` (units) of each dense layer to every epoch's record.

    Examples
    --------
    Constant initial weights never break the symmetry: after 50 epochs all hidden units are still equal.

    >>> import numpy as np
    >>> from lamina import Dense, Sequential, Trainer
    >>> X = np.random.default_rng(0).normal(size=(64, 2))
    >>> from lamina.initializers import Constant
    >>> layers = [Dense(6, activation="tanh", weight_init=Constant(0.5)), Dense(1, weight_init=Constant(0.5))]
    >>> trainer = Trainer(Sequential(layers), "squared_error", callbacks=[SymmetryRecord()])
    >>> history = trainer.fit(X, X[:, 0] * X[:, 1], max_epochs=50)
    >>> history[-1, "dense_1_distinct"]
    1
    """

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        measured = symmetry_of_program(trainer.executor.program, trainer.executor.snapshot().parameters)
        for row in measured.layers:
            record[f"{row.layer}_symmetry"] = row.symmetry
            record[f"{row.layer}_distinct"] = row.distinct
