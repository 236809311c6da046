"""Whether a training learned next to nothing, which needs no control to be seen."""

from __future__ import annotations

from lamina.doctor.patients.intake import Intake
from lamina.doctor.probes.loss_course import loss_course
from lamina.doctor.probes.row_losses import constant_loss

__all__ = ["nothing_learned"]

_OPEN = 0.95  # of a constant prediction's loss


def nothing_learned(watched: Intake) -> bool:
    """Whether numbers stopped being finite, or the loss ended where that of a constant prediction lies, or above."""
    trainer, record = watched.trainer, watched.record
    assert trainer is not None
    if record.failure is not None:
        return True
    return loss_course(trainer.history, record.step_loss, constant_loss(trainer, watched.training)).open_share > _OPEN
