"""P5: a network that memorizes its training rows; its validation loss turns up, and early stopping keeps the best epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.layers import Dense
from lamina.network import Sequential
from lamina.optimizers import Adam
from lamina.training import EarlyStopping, History, StopReason, Trainer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EarlyStop", "compute", "draw"]

EPOCHS = 150
PATIENCE = 20
NUM_INPUTS = 20
NUM_ROWS = 100


@dataclass(frozen=True)
class EarlyStop:
    """A training that stopped early, and the same training continued.

    Attributes
    ----------
    history : History
        Of the continued training.
    best_epoch, stopped_at : int
        Of the training that stopped.
    stop_reason : StopReason
        Why it stopped.
    """

    history: History
    best_epoch: int
    stopped_at: int
    stop_reason: StopReason

    def __str__(self) -> str:
        best, last = (self.history[epoch - 1, "validation_loss"] for epoch in (self.best_epoch, len(self.history)))
        kept = f"epoch {self.best_epoch} is kept, validation loss {best:.3f}"
        return f"{self.stop_reason.text}\n{kept}; after {len(self.history)} epochs it would be {last:.3f}."


def compute(*, seed: int = 0) -> EarlyStop:
    """Train 100 + 50 tanh units on 100 rows of twenty inputs, with and without early stopping."""
    rng = np.random.default_rng(seed)
    train, validation = _rows(rng, NUM_ROWS), _rows(rng, 1000)

    def make(callbacks: list[EarlyStopping]) -> Trainer:
        network = Sequential([Dense(100, activation="tanh"), Dense(50, activation="tanh"), Dense(1)], NUM_INPUTS)
        return Trainer(network, "sigmoid_cross_entropy", Adam(0.0005), batch_size=20, seed=seed, callbacks=callbacks)

    stopping = EarlyStopping(patience=PATIENCE)
    stopped = make([stopping])
    stopped.fit(*train, validation_data=validation, max_epochs=EPOCHS)
    assert stopped.stop_reason is not None
    history = make([]).fit(*train, validation_data=validation, max_epochs=EPOCHS)
    return EarlyStop(history, stopping.best_epoch, stopped.epoch, stopped.stop_reason)


def _rows(rng: np.random.Generator, num_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows whose class is the sign of the first two inputs' sum, wrong for one row in ten; the other inputs say nothing."""
    X = rng.normal(size=(num_rows, NUM_INPUTS))
    is_wrong = rng.random(num_rows) < 0.1
    return X, ((X[:, 0] + X[:, 1] > 0) ^ is_wrong).astype(np.int64)


def draw(result: EarlyStop) -> Figure:
    """Draw both losses, the epoch that is kept, the patience, and the stopping point."""
    from lamina.plots import plot_early_stopping
    from lamina.plots.style import figure_of

    settings: Any = {"patience": PATIENCE, "label": "loss (nats per example)"}
    return figure_of(plot_early_stopping(result.history, result.best_epoch, result.stopped_at, **settings))
