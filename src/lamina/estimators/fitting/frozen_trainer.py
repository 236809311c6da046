"""A trainer without its engine: what a pickle keeps of it, so that ``partial_fit`` goes on after loading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lamina.losses import Loss
from lamina.training import Callback, Trainer
from lamina.training.run_state import load_run_state, run_state

__all__ = ["FrozenTrainer"]

_SETTINGS = (
    "network",
    "optimizer",
    "batch_size",
    "schedule",
    "clipping",
    "seed",
    "shuffle",
    "engine",
    "n_threads",
    "penalty_per_row",
)


@dataclass(frozen=True, slots=True)
class FrozenTrainer:
    """Settings and state of a trainer of one network with one loss."""

    settings: dict[str, Any]
    loss: Loss
    dtype: str
    state: dict[str, Any]

    @classmethod
    def of(cls, trainer: Trainer) -> FrozenTrainer:
        """Freeze a trainer; its arrays are copied."""
        settings = {name: getattr(trainer, name) for name in _SETTINGS}
        return cls(settings, trainer.losses[0], trainer.dtype.name, run_state(trainer))

    def thaw(self, callbacks: Sequence[Callback]) -> Trainer:
        """The trainer again, with an engine of this process."""
        trainer = Trainer(loss=self.loss, dtype=self.dtype, callbacks=callbacks, **self.settings)
        load_run_state(trainer, self.state)
        return trainer
