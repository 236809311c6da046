"""What several processes cannot train together, said before any of them begins."""

from __future__ import annotations

import numpy as np

from lamina.distributed.communicator import Communicator
from lamina.engine.plan import Batches
from lamina.errors import DataError, InvalidSettingError, phrase
from lamina.losses import CustomLoss
from lamina.optimizers import StepOptimizer
from lamina.training import Trainer

__all__ = ["check_rows", "check_targets", "check_trainer", "check_whole"]


def check_trainer(trainer: Trainer) -> None:
    """Raise if a trainer's steps cannot be divided among processes.

    Raises
    ------
    InvalidSettingError
    """
    if not isinstance(trainer.optimizer, StepOptimizer):
        repair = "Choose one that takes steps, such as Adam."
        raise InvalidSettingError(
            phrase("optimizer", "must follow the gradient of a batch", trainer.optimizer, repair=repair, owner="fit")
        )
    custom = [loss.name for loss in trainer.losses if isinstance(loss, CustomLoss)]
    if custom:
        repair = "Choose one of lamina.losses.LOSSES."
        raise InvalidSettingError(
            phrase("loss", "must be a built-in loss with several workers", custom, repair=repair, owner="fit")
        )


def check_rows(data: Batches, communicator: Communicator) -> None:
    """Raise, on all ranks, if they have different numbers of rows.

    Raises
    ------
    DataError
    """
    own = data.num_rows
    counts = np.zeros(communicator.size)
    counts[communicator.rank] = own
    communicator.all_reduce(counts)
    if (counts != own).any():
        shown = ", ".join(f"{int(count)} on rank {rank}" for rank, count in enumerate(counts))
        raise DataError(f"fit: all ranks must have the same rows, got {shown}.")


def check_targets(y: object) -> None:
    """Raise if the rows are a source of blocks, which has its targets inside.

    Raises
    ------
    InvalidSettingError
    """
    if y is None:
        rule = "must be given: several workers share rows in arrays, not in blocks"
        raise InvalidSettingError(phrase("y", rule, y, repair="Train on blocks with one process.", owner="fit"))


def check_whole(data: Batches, num_rows: int) -> None:
    """Raise if these are some of the rows: the trainer cut a memory-mapped file into blocks.

    Raises
    ------
    InvalidSettingError
    """
    if data.num_rows != num_rows:
        rule = "must not be a memory-mapped file that is trained on in blocks"
        repair = "Give np.asarray(X), or set the trainer's shuffle_rows to the number of rows."
        raise InvalidSettingError(phrase("X", rule, f"{num_rows} rows", repair=repair, owner="fit"))
