"""A fit with L-BFGS, whose iterations are epochs of one step each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.engine.plan import Batches, Failure, TrainingResult
from lamina.errors import InvalidSettingError, phrase
from lamina.losses import CustomLoss, Loss
from lamina.optimizers import LBFGS
from lamina.training.callbacks.callback import Run
from lamina.training.history import Record
from lamina.training.moments import Moments
from lamina.training.output_losses import loss_key

if TYPE_CHECKING:
    from lamina.training.steppers.full_batch import FullBatch

__all__ = ["FullBatchFit", "check_losses"]


class FullBatchFit:
    """The descent of a fit with L-BFGS: the running one, or what a checkpoint has of it."""

    def __init__(self) -> None:
        self._running: FullBatch | None = None
        self._stored: dict[str, Any] | None = None

    @property
    def is_begun(self) -> bool:
        """Whether a descent is running, or will go on from a checkpoint."""
        return self._running is not None or self._stored is not None

    @property
    def is_stored(self) -> bool:
        """Whether a descent will go on from a checkpoint."""
        return self._stored is not None

    def state(self) -> dict[str, Any] | None:
        """The running descent's state, for a checkpoint."""
        return None if self._running is None else self._running.state()

    def load_state(self, state: dict[str, Any] | None) -> None:
        """Go on from there in the next :meth:`run`."""
        self._stored = state

    def run(
        self,
        trainer: Run,
        data: Batches,
        output_names: Sequence[str],
        moments: Moments,
        most: int,
        end_epoch: Callable[[Record, float], Record],
        stop_at: Callable[[Failure | None], None],
    ) -> None:
        """Descend on all rows for up to ``most`` iterations.

        ``end_epoch`` gets what was measured in an iteration and when it began, ``stop_at`` what was not finite at the start.
        """
        from lamina.training.steppers.full_batch import FullBatch  # few runs need it

        optimizer, clock = trainer.optimizer, [time.perf_counter()]
        assert isinstance(optimizer, LBFGS)

        def on_iteration(loss: float, by_output: Sequence[float]) -> bool:
            moments.call("on_steps_done", trainer, trainer.step, TrainingResult(np.array([loss]), None, 0, None))
            trainer.step += 1
            pairs = zip(output_names, by_output, strict=False)
            norm = {"gradient_norm": descent.gradient_norm} if moments.needs_gradient_norms else {}
            end_epoch({"loss": loss, **{loss_key(name): each for name, each in pairs}, **norm}, clock[0])
            clock[0] = time.perf_counter()
            return trainer.stop_reason is None

        self._running = descent = FullBatch(trainer.executor, data, optimizer, self._stored)
        self._stored = None
        try:
            failure = descent.failure(trainer.step)
            if failure is not None:
                moments.call("on_steps_done", trainer, trainer.step, TrainingResult(np.empty(0), None, 0, failure))
            stop_at(failure)
            if trainer.stop_reason is None:
                trainer.stop(*descent.run(most, on_iteration, lambda: trainer.stop_reason is not None))
        finally:
            self._running = None


def check_losses(losses: Sequence[Loss]) -> None:
    """Raise if a loss is a function of the user's, whose objective the engine does not know."""
    names = [loss.name for loss in losses if isinstance(loss, CustomLoss)]
    if names:
        raise InvalidSettingError(phrase("loss", "must be a built-in loss with L-BFGS", names, owner="Trainer"))
