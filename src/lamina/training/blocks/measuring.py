"""Losses, metrics and predictions of rows that come in blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from scipy import sparse

from lamina.engine.plan import Batches, InputArray
from lamina.errors import DataError, ShapeError
from lamina.training.blocks.ahead import made_ahead
from lamina.training.blocks.block_reader import BlockReader, inputs_of
from lamina.training.blocks.source import Block
from lamina.training.weighted_network import WeightedNetwork

__all__ = ["joined", "loss_of_blocks", "measure_blocks", "predict_in_blocks"]


def measure_blocks(model: WeightedNetwork, reader: BlockReader, blocks: Iterable[Block]) -> dict[str, float]:
    """As :meth:`WeightedNetwork.measure <lamina.training.weighted_network.WeightedNetwork.measure>`, block by block.

    Metrics are computed of all targets and predictions, which are kept for them.
    """
    targets: list[Any] = []
    predictions: list[Any] = []

    def kept(pairs: Iterable[tuple[Batches, Any]]) -> Iterator[Batches]:
        for data, y in pairs:
            yield data
            if model.has_metrics:
                targets.append(y)
                predictions.append(model.predictions(data.inputs))

    with made_ahead(reader.read_with_targets(blocks)) as pairs:
        losses = _losses_of(model, kept(pairs))
    several = len(model.network.output_names) > 1
    return model.named(losses, joined(targets, several), joined(predictions, several))


def loss_of_blocks(model: WeightedNetwork, reader: BlockReader, blocks: Iterable[Block]) -> float:
    """The loss of all rows, in inference mode."""
    with made_ahead(reader.read(blocks)) as batches:
        return model.total(_losses_of(model, batches))


def _losses_of(model: WeightedNetwork, batches: Iterable[Batches]) -> np.ndarray:
    """The loss of each output (heads,), of all rows."""
    total, weight = np.zeros(len(model.executor.program.heads)), 0.0
    for data in batches:
        share = _weight(data)
        total += share * model.losses_of(data)
        weight += share
    return total / weight


def predict_in_blocks(model: WeightedNetwork, blocks: Iterable[Any], *, mixed: bool) -> Iterator[Any]:
    """The predictions of each block, of which only X is read; in mixed precision or not.

    Raises
    ------
    DataError, ShapeError
        If X cannot be read; the message says which block it is.
    """

    def read() -> Iterator[list[InputArray]]:
        for number, block in enumerate(blocks):
            try:
                inputs = model.inputs(inputs_of(block))
            except (DataError, ShapeError) as error:
                raise type(error)(f"Block {number}: {error}") from error
            yield inputs

    with made_ahead(read()) as all_inputs:
        for inputs in all_inputs:
            yield model.predictions(inputs, mixed=mixed)


def joined(parts: list[Any], several: bool) -> Any:
    """Arrays of several blocks as one; if ``several``, each part is a list or dict of one per output."""
    if not parts:
        return None
    if several and isinstance(parts[0], Mapping):
        return {name: _concatenated([part[name] for part in parts]) for name in parts[0]}
    if several:
        return [_concatenated(list(arrays)) for arrays in zip(*parts, strict=True)]
    return _concatenated(parts)


def _concatenated(arrays: list[Any]) -> Any:
    if len(arrays) == 1:
        return arrays[0]
    return sparse.vstack(arrays) if sparse.issparse(arrays[0]) else np.concatenate(arrays)


def _weight(data: Batches) -> float:
    return float(data.num_rows if data.sample_weight is None else data.sample_weight.sum(dtype=np.float64))
