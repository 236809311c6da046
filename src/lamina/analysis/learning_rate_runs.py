"""Short training runs of a copy of a trainer at given learning rates, all from the same weights and on the same batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from lamina.engine import permutation
from lamina.engine.plan import StepValues
from lamina.errors import NonFiniteError
from lamina.training import Trainer
from lamina.training.adaptation import adapted_to
from lamina.training.batches import input_widths
from lamina.training.contradictions import check_batches
from lamina.training.weighted_network import WeightedNetwork

__all__ = ["LearningRateRuns"]

_ROWS_AT_ONCE = 1_000_000


class LearningRateRuns:
    """Trains a copy of the trainer's model; the trainer itself does not change.

    Parameters
    ----------
    trainer : Trainer
        Every run starts from its current weights and optimizer state.
    X, y, sample_weight
        As for ``trainer.fit``.

    Raises
    ------
    InvalidSettingError
        If ``trainer.fit`` would refuse the batches.
    """

    def __init__(self, trainer: Trainer, X: Any, y: Any, sample_weight: Any) -> None:
        network = trainer.network
        network = network if network.is_built else network.build(input_widths(X, network.input_names))
        settings = (trainer.dtype, trainer.engine, trainer.n_threads, trainer.seed)
        self._model = WeightedNetwork(network, trainer.losses, trainer.loss_weights, {}, *settings, device=trainer.device)
        self._model.configure(trainer.settings.plan(), trainer.optimizer)
        self._data = self._model.batches(X, y, sample_weight)
        if trainer.network.is_built:
            self._model.executor.restore(*trainer.executor.snapshot())
            self._model.executor.restore(parameters=trainer.first_weights(self._data))
        elif network.adapts_weights:
            drawn = self._model.executor.snapshot()[:2]
            self._model.executor.restore(parameters=adapted_to(self._data, network, *drawn, trainer.seed))
        self._start = self._model.executor.snapshot()
        program, chosen = self._model.executor.program, trainer.settings.chosen_batch_size
        check_batches(program, trainer.optimizer, chosen, self._data.num_rows, owner="learning_rate_range")
        self._batch_size = min(trainer.batch_size or self._data.num_rows, self._data.num_rows)
        self._seed = trainer.seed
        self._first_step = trainer.step
        self._weight_decay = getattr(trainer.optimizer, "weight_decay", 0.0)

    def losses(self, rates: np.ndarray) -> np.ndarray:
        """The loss of each step's batch before the step, from the start; shorter than ``rates`` if a number is not finite."""
        self._model.executor.restore(*self._start)
        found: list[np.ndarray] = []
        for part in self._parts(len(rates)):
            decays = np.full(len(part), self._weight_decay) if self._weight_decay else None
            order = self._order(part.start * self._batch_size, len(part) * self._batch_size)
            values = StepValues(rates[part.start : part.stop], decays)
            result = self._model.stepper.train(self._data, order, self._batch_size, self._first_step + part.start, values)
            found.append(np.array(result.losses))
            if result.failure is not None:
                break
        return np.concatenate(found)

    def untrained_losses(self, num_steps: int) -> np.ndarray:
        """The losses of the same batches at the weights of the start: those of a run at rate 0.

        Raises
        ------
        NonFiniteError
            If a loss is not finite.
        """
        losses = self.losses(np.zeros(num_steps))
        if len(losses) < num_steps:
            message = f"the loss of batch {len(losses) + 1} is not finite before any training"
            raise NonFiniteError(f"learning_rate_range: {message}. Scale the data, or start from other weights.")
        return losses

    def _parts(self, num_steps: int) -> Iterator[range]:
        """The steps in parts whose row numbers fit into memory."""
        size = max(1, _ROWS_AT_ONCE // self._batch_size)
        for first in range(0, num_steps, size):
            yield range(first, min(first + size, num_steps))

    def _order(self, first: int, count: int) -> np.ndarray:
        """The row numbers at positions ``first`` and following of one shuffle after the other."""
        num_rows = self._data.num_rows
        epochs = range(first // num_rows, -(-(first + count) // num_rows))
        shuffles = [permutation(num_rows, seed=self._seed, epoch=epoch) for epoch in epochs]
        return np.concatenate(shuffles)[first % num_rows :][:count]
