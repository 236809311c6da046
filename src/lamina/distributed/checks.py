"""What several processes cannot train together, said before any of them begins."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lamina.distributed.communicator import Communicator
from lamina.engine.plan import Batches
from lamina.engine.program import Program
from lamina.errors import DataError, InvalidSettingError, counted, phrase
from lamina.losses import CustomLoss
from lamina.optimizers import StepOptimizer
from lamina.training import ArrayBlocks, Trainer
from lamina.training.blocks.source import Blocks, BlockSource
from lamina.training.contradictions import first_batch_norm

__all__ = ["check_batch", "check_rows", "check_source", "check_trainer", "check_whole"]


def check_trainer(trainer: Trainer) -> None:
    """Raise if a trainer's steps cannot be divided among processes.

    Raises
    ------
    InvalidSettingError
    """
    if not isinstance(trainer.optimizer, StepOptimizer):
        rule, repair = "must follow the gradient of a batch with several workers", "Choose one that takes steps, such as Adam."
        raise InvalidSettingError(phrase("optimizer", rule, trainer.optimizer, repair=repair, owner="fit"))
    custom = [loss.name for loss in trainer.losses if isinstance(loss, CustomLoss)]
    if custom:
        repair = "Choose one of lamina.losses.LOSSES."
        raise InvalidSettingError(
            phrase("loss", "must be a built-in loss with several workers", custom, repair=repair, owner="fit")
        )


def check_rows(data: Batches, communicator: Communicator) -> None:
    """Raise, on all ranks, if they have different numbers of rows or of columns.

    Raises
    ------
    DataError
    """
    own = [data.num_rows, sum(array.shape[1] for array in data.inputs)]
    counts = np.zeros((communicator.size, len(own)))
    counts[communicator.rank] = own
    flat = counts.ravel()
    communicator.all_reduce(flat)
    if (flat.reshape(counts.shape) != own).any():
        shown = ", ".join(
            f"{counted(int(rows), 'row')} of {counted(int(columns), 'column')} on rank {rank}"
            for rank, (rows, columns) in enumerate(flat.reshape(counts.shape))
        )
        raise DataError(f"fit: all ranks must have the same rows, got {shown}.")


def check_source(source: BlockSource) -> Callable[[int, int], BlockSource]:
    """What gives the share of each rank of a source of blocks.

    Raises
    ------
    InvalidSettingError
        If it cannot be shared out.
    """
    if isinstance(source, ArrayBlocks):
        rule = "must not be a memory-mapped file that is trained on in blocks by several workers"
        repair = "Give np.asarray(X), or set the trainer's shuffle_rows to the number of rows."
        raise InvalidSettingError(phrase("X", rule, f"{source.num_rows} rows", repair=repair, owner="fit"))
    share: Callable[[int, int], BlockSource] | None = getattr(source, "share", None)
    if not callable(share) or (isinstance(source, Blocks) and not isinstance(source.blocks, list | tuple)):
        given = source.blocks if isinstance(source, Blocks) else source
        rule = "must be a source of blocks that several workers can share"
        repair = "Give it a method share(rank, size) that returns the source of one worker, or give arrays or a list of blocks."
        raise InvalidSettingError(phrase("X", rule, type(given).__name__, repair=repair, owner="fit"))
    return share


def check_batch(batch_size: int | None, size: int, program: Program) -> None:
    """Raise if ranks that have rows of their own would have none of a batch, or one row, which has no variance.

    Raises
    ------
    InvalidSettingError
    """
    least = size if first_batch_norm(program) is None else 2 * size
    if batch_size is not None and batch_size < least:
        times = "" if least == size else "twice "
        rule = f"must be at least {times}the number of workers, {least}, where rows come in blocks"
        raise InvalidSettingError(phrase("batch_size", rule, batch_size, repair="Make it larger.", owner="fit"))


def check_whole(data: Batches, num_rows: int) -> None:
    """Raise if these are other rows than all ranks have: of an epoch that a subclass of the trainer trains on its own.

    Raises
    ------
    InvalidSettingError
    """
    if data.num_rows != num_rows:
        rule = f"must be the {num_rows} rows of fit with several workers"
        raise InvalidSettingError(phrase("data", rule, data.num_rows, owner="fit_epoch"))
