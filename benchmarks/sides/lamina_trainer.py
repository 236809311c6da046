"""Lamina, as one uses it with a network of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import lamina
from benchmarks.sides.losses import log_loss_for
from benchmarks.sides.side import Job
from benchmarks.workload import Data, Workload
from lamina.layers import Layer

__all__ = ["NAME", "VERSION", "prepare", "prepare_with_threads", "trainer_of"]

NAME = "lamina"
VERSION = f"lamina {lamina.__version__}"
_LOSSES = {"softmax": "softmax_cross_entropy", "sigmoid": "sigmoid_cross_entropy", "squared": "squared_error"}


def prepare(workload: Workload, data: Data) -> Job:
    return prepare_with_threads(workload, data, workload.threads)


def prepare_with_threads(workload: Workload, data: Data, n_threads: int | None, callbacks: Sequence[lamina.Callback] = ()) -> Job:
    if workload.predicts:
        trainer = trainer_of(workload, data, n_threads)
        return Job(lambda: _predict(trainer, workload, data), loss=log_loss_for(data))
    held: list[lamina.Trainer] = []

    def reset() -> None:
        held[:] = [trainer_of(workload, data, n_threads, callbacks)]

    def run() -> float:
        # The evaluation that ends a fit, which the others do not make, is counted apart: docs/performance.md.
        return float(held[0].fit(data.x, data.y, max_epochs=workload.epochs, final_check=False)[-1]["loss"])

    return Job(run, reset)


def _predict(trainer: lamina.Trainer, workload: Workload, data: Data) -> np.ndarray:
    precision = trainer.precision
    for _ in range(workload.calls):
        probabilities = trainer.predict(data.x, precision=precision)
    return probabilities


def trainer_of(
    workload: Workload, data: Data, n_threads: int | None, callbacks: Sequence[lamina.Callback] = (), **settings: Any
) -> lamina.Trainer:
    """A trainer with the first weights; ``settings`` as in :class:`lamina.Trainer`."""
    clipping = lamina.Clipping(norm=1.0) if workload.regular else None
    network = lamina.Sequential(_layers(workload), input_width=workload.widths[0])
    trainer = lamina.Trainer(
        network,
        _LOSSES[workload.loss],
        lamina.Adam(1e-3),
        batch_size=workload.batch_size,
        clipping=clipping,
        callbacks=callbacks,
        precision="mixed" if workload.mixed else "full",
        n_threads=n_threads,
        **settings,
    )
    dense = [view for name, view in trainer.weights.items() if name.startswith("dense")]
    for view, first in zip(dense, (array for pair in data.weights for array in pair), strict=True):
        view[...] = np.reshape(first, view.shape)
    return trainer


def _layers(workload: Workload) -> list[Layer]:
    l2 = 1e-4 if workload.regular else 0.0
    layers: list[Layer] = []
    for width in workload.widths[1:-1]:
        if workload.regular:
            layers += [
                lamina.Dense(width, l2=l2),
                lamina.BatchNorm(),
                lamina.Activation(workload.activation),
                lamina.Dropout(0.2),
            ]
        else:
            layers.append(lamina.Dense(width, activation=workload.activation))
    return [*layers, lamina.Dense(workload.widths[-1], l2=l2)]
