"""A trainer without its engine: what a pickle keeps of it, so that ``partial_fit`` goes on after loading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.training import Callback, History, StopReason, Trainer

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
_ARRAYS = ("parameters", "state", "slots")


@dataclass(frozen=True, slots=True)
class FrozenTrainer:
    """Settings, counters and arrays of a trainer of one network with one loss."""

    settings: dict[str, Any]
    loss: Any
    dtype: str
    epoch: int
    step: int
    history: list[dict[str, Any]]
    stop_reason: StopReason | None
    arrays: dict[str, np.ndarray]

    @classmethod
    def of(cls, trainer: Trainer) -> FrozenTrainer:
        """Freeze a trainer; its arrays are copied."""
        return cls(
            settings={name: getattr(trainer, name) for name in _SETTINGS},
            loss=trainer.losses[0],
            dtype=trainer.dtype.name,
            epoch=trainer.epoch,
            step=trainer.step,
            history=trainer.history.to_list(),
            stop_reason=trainer.stop_reason,
            arrays={name: getattr(trainer.executor, name).copy() for name in _ARRAYS},
        )

    def thaw(self, callbacks: Sequence[Callback]) -> Trainer:
        """The trainer again, with an engine of this process."""
        settings = dict(self.settings)
        trainer = Trainer(settings.pop("network"), self.loss, dtype=self.dtype, callbacks=callbacks, **settings)
        reactive = self.settings["schedule"].reactive
        if reactive is not None and trainer.schedule.reactive is not None:
            trainer.schedule.reactive.state = reactive.state
        trainer.epoch, trainer.step, trainer.stop_reason = self.epoch, self.step, self.stop_reason
        trainer.history = History(self.history)
        for name, array in self.arrays.items():
            getattr(trainer.executor, name)[:] = array
        return trainer
