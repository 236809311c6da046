"""The rows of a fit as users give them: arrays, or blocks; for training, and for validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lamina.engine.plan import Batches
from lamina.errors import DataError, InvalidSettingError, ShapeError, phrase
from lamina.optimizers import LBFGS
from lamina.training.blocks.array_blocks import ArrayBlocks, has_memmap
from lamina.training.blocks.block_reader import BlockReader
from lamina.training.blocks.source import BlockSource, as_source, check_passes, is_iterable, is_list_of_blocks, source_alone
from lamina.training.blocks.streamed_rows import StreamedRows, default_shuffle_rows
from lamina.training.class_weights import with_class_weights
from lamina.training.contradictions import check_blocks
from lamina.training.rows import ArrayRows, Rows
from lamina.training.settings import TrainerSettings
from lamina.training.validation_rows import ArrayValidation, BlockValidation, ValidationRows

__all__ = ["GivenRows"]


class GivenRows:
    """Makes of rows as users give them what a fit needs.

    Parameters
    ----------
    settings : TrainerSettings
    batches : callable
        Checks arrays ``(X, y, sample_weight)`` and converts them for the engine; builds the network if it must.
    reader : callable
        What reads the blocks of a source; builds the network if it must.
    """

    def __init__(
        self,
        settings: TrainerSettings,
        batches: Callable[..., Batches],
        reader: Callable[[BlockSource], BlockReader],
    ) -> None:
        self._settings = settings
        self._batches = batches
        self._reader = reader

    def training(
        self, X: Any, y: Any, sample_weight: Any, class_weight: str | Mapping[Any, float] | None, max_epochs: int
    ) -> Batches | BlockSource:
        """The training rows as they were given: arrays, converted for the engine, or a source of blocks."""
        source = self._source_of(X, y, sample_weight)
        if source is None:
            data = self._batches(X, y, sample_weight)
            if class_weight is None:
                return data
            weights = with_class_weights(class_weight, data.targets, self._settings.losses, data.sample_weight)
            return Batches(data.inputs, data.targets, weights.astype(self._settings.dtype))
        if class_weight is not None:
            rule, repair = "must be None where rows come in blocks", "Give each block its weights: (X, y, sample_weight)."
            raise InvalidSettingError(phrase("class_weight", rule, class_weight, repair=repair, owner="Trainer.fit"))
        check_blocks(self._settings)
        if max_epochs > 1:
            check_passes(source, "X", f"for {max_epochs} epochs", owner="Trainer.fit")
        self._reader(source)  # builds the network for the first block
        return source

    def rows(self, given: Batches | BlockSource) -> Rows:
        """The rows of what :meth:`training` returned."""
        if isinstance(given, Batches):
            return ArrayRows(given)
        settings = self._settings
        return StreamedRows(given, self._reader(given), settings.chosen_shuffle_rows, np.dtype(settings.dtype))

    def validation(self, given: Any) -> ValidationRows | None:
        """The validation data converted for the engine."""
        if given is None:
            return None
        listed = is_list_of_blocks(given, len(self._settings.network.input_names))
        if listed or (not isinstance(given, tuple | list) and is_iterable(given)):
            source = as_source(given, "validation_data", owner="Trainer.fit")
            check_passes(source, "validation_data", "after every epoch", owner="Trainer.fit")
            return BlockValidation(source, self._reader(source))
        if not isinstance(given, tuple | list) or len(given) not in (2, 3):
            rule = "must be (X, y) or (X, y, sample_weight), or a source or list of blocks"
            raise InvalidSettingError(phrase("validation_data", rule, type(given).__name__, owner="Trainer.fit"))
        try:
            return ArrayValidation(self._batches(*given), given[1])
        except (DataError, ShapeError) as error:
            raise type(error)(f"validation_data: {error}") from error

    def _source_of(self, X: Any, y: Any, sample_weight: Any) -> BlockSource | None:
        """The source of blocks that was given, or that cuts a memory-mapped file; None for arrays."""
        settings = self._settings
        if y is None:
            return source_alone(X, sample_weight, owner="Trainer.fit")
        if isinstance(settings.optimizer, LBFGS) or settings.rows_a_step is None or not has_memmap(X):
            return None
        blocks = ArrayBlocks(X, y, sample_weight, seed=settings.seed if settings.shuffle else None)
        most = settings.chosen_shuffle_rows or default_shuffle_rows(blocks.numbers_a_row, np.dtype(settings.dtype))
        return blocks if blocks.num_rows > most else None
