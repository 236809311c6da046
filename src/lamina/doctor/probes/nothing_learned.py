"""Whether a training learned next to nothing, which needs no control to be seen."""

from __future__ import annotations

from lamina.doctor.probes.loss_course import LossCourse, loss_course
from lamina.doctor.probes.row_losses import constant_loss
from lamina.engine.plan import Batches
from lamina.training import MonitorRecord, Trainer

__all__ = ["ended_open", "nothing_learned"]

_OPEN = 0.95  # of a constant prediction's loss


def nothing_learned(trainer: Trainer, record: MonitorRecord, data: Batches) -> bool:
    """Whether numbers stopped being finite, or the loss ended where that of a constant prediction lies, or above."""
    if record.failure is not None:
        return True
    return ended_open(loss_course(trainer.history, record.step_loss, constant_loss(trainer, data)))


def ended_open(loss: LossCourse) -> bool:
    """Whether a loss ended where that of a constant prediction lies, or above."""
    return loss.open_share > _OPEN
