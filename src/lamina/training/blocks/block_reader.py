"""Checks blocks and makes of them what the engine reads; an error says which block is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from lamina.engine.plan import Batches
from lamina.errors import DataError, ShapeError, counted, phrase
from lamina.training.batches import num_input_rows
from lamina.training.blocks.source import Block
from lamina.training.finite import is_beyond, repair_of
from lamina.training.weighted_network import WeightedNetwork

__all__ = ["BlockReader", "inputs_of", "parts_of"]


def parts_of(block: Any, number: int) -> tuple[Any, Any, Any]:
    """X, y and the weights (or None) of a block, which is the ``number``-th of its pass, from 0.

    Raises
    ------
    DataError
        If it is no block.
    """
    if not isinstance(block, tuple) or len(block) not in (2, 3):
        came = f"a tuple of {len(block)}" if isinstance(block, tuple) else type(block).__name__
        raise DataError(phrase(f"Block {number}", "must be a tuple (X, y) or (X, y, sample_weight)", came))
    return (*block, None) if len(block) == 2 else block


def inputs_of(block: Any) -> Any:
    """X of a block, or what stands alone in its place."""
    return block[0] if isinstance(block, tuple) and block else block


class BlockReader:
    """Reads blocks for a network; every pass must be of one kind, with weights or without.

    Parameters
    ----------
    model : WeightedNetwork
    """

    def __init__(self, model: WeightedNetwork) -> None:
        self._model = model

    def num_rows(self, block: Block, number: int) -> int:
        """The number of a block's rows, before anything else is known of it."""
        X, *_ = parts_of(block, number)
        return num_input_rows(X, self._model.network.input_names)

    def read(self, blocks: Iterable[Block], *, expected: int | None = None, reason: str = "") -> Iterator[Batches]:
        """The blocks with rows, checked and converted.

        Parameters
        ----------
        blocks : iterable of Block
        expected : int, optional
            How many rows they must have together.
        reason : str, optional
            Where that number comes from.

        Raises
        ------
        DataError, ShapeError
            If a block is none, does not fit the network or the loss, or differs from the first one in having weights; if there
            are no rows, too few or too many; if all weights are 0. The message says which block it is.
        """
        for data, _ in self.read_with_targets(blocks, expected=expected, reason=reason):
            yield data
            del data, _  # the next block needs the memory

    def _check_range(self, data: Batches) -> None:
        dtype = self._model.executor.dtype
        for array in data.inputs:
            if is_beyond(array, dtype):
                raise DataError(f"X holds numbers beyond the range of {dtype}. {repair_of(dtype)}")

    def read_with_targets(
        self, blocks: Iterable[Block], *, expected: int | None = None, reason: str = ""
    ) -> Iterator[tuple[Batches, Any]]:
        """As :meth:`read`, each with its y as given."""
        total, number, has_weight, is_blank = 0, -1, None, True
        for number, block in enumerate(blocks):
            X, y, weight = parts_of(block, number)
            try:
                if num_input_rows(X, self._model.network.input_names) == 0:
                    continue
                data = self._model.batches(X, y, weight, may_be_blank=True)
                self._check_range(data)
            except (DataError, ShapeError) as error:
                raise type(error)(f"Block {number}: {error}") from error
            total += data.num_rows
            if expected is not None and total > expected:
                raise DataError(phrase("The number of rows", f"must be {expected}, {reason}", f"more with block {number}"))
            if has_weight is None:
                has_weight = weight is not None
            if has_weight != (weight is not None):
                rule = f"must have {'a' if has_weight else 'no'} sample_weight, as the blocks before it"
                raise DataError(phrase(f"Block {number}", rule, "none" if has_weight else "one"))
            is_blank = is_blank and data.sample_weight is not None and not np.any(data.sample_weight)
            yield data, y
            del block, X, y, weight, data  # the next one needs the memory
        if not total:
            came = counted(number + 1, "block") + (" of 0 rows" if number >= 0 else "")
            raise DataError(phrase("A source of blocks", "must give at least one row in every epoch", came))
        if expected is not None and total < expected:
            raise DataError(phrase("The number of rows", f"must be {expected}, {reason}", total))
        if is_blank:
            raise DataError(phrase("sample_weight", "must not be 0 in all rows", f"{total} times 0"))
