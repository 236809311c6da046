"""The rows to train on of a table of many files, encoded for a network, epoch after epoch."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from lamina.data.columns import CategoryColumn, CodedColumn
from lamina.data.dense_features import dense_features
from lamina.data.encoder import TableEncoder
from lamina.data.several_targets import AnyTarget
from lamina.data.shards.first_pass import RowReader
from lamina.data.shards.shards import Block, Piece, Shards
from lamina.data.shards.spill import Spill, Spilled
from lamina.data.shards.split import Split
from lamina.data.sparse_features import sparse_features
from lamina.data.table_reader import ReadTable
from lamina.data.target import TargetColumn
from lamina.training.blocks.dealing import dealt

__all__ = ["EncodedRows"]

_AT_ONCE = 4  # pieces, whose blocks take turns: so rows that lie together in one are mixed with others


class _Packed(NamedTuple):
    """Encoded rows in the file: an array for each encoder, and the targets."""

    columns: list[Spilled]
    y: Spilled


class EncodedRows:
    """A source of blocks ``(X, y)`` (:class:`lamina.training.BlockSource`): the rows to train on, in another order every epoch.

    The order of pieces (row groups of Parquet, record batches of Feather, whole files of text) is drawn anew for each epoch, and
    blocks of four pieces take turns. The first time that a piece is read, its rows are encoded, and written to a temporary file
    as long as there is room; from then on they come from there.

    Parameters
    ----------
    shards : Shards
    reader : RowReader
    split : Split
        What tells the rows to train on.
    encoder : TableEncoder
        Fitted.
    goal : Target or SeveralTargets
        With all classes.
    rows_of_pieces : sequence of int
        How many rows each piece of the shards gives.
    seed : int
        Of the order of the pieces.
    spill : Spill, optional
        Where encoded rows are kept; by default they are encoded anew in every epoch.
    """

    def __init__(
        self,
        shards: Shards,
        reader: RowReader,
        split: Split,
        encoder: TableEncoder,
        goal: AnyTarget,
        *,
        rows_of_pieces: Sequence[int],
        seed: int,
        spill: Spill | None = None,
    ) -> None:
        self._rows_of_pieces = tuple(rows_of_pieces)
        self._numbers = list(range(len(self._rows_of_pieces)))  # of the pieces that are gone through
        self._shards, self._reader, self._split = shards, reader, split
        self._encoder, self._goal, self._seed = encoder, goal, seed
        self._spill = spill
        self._spills = 0 if spill is None else 1  # how many such files there are on this machine at most
        self._kept: dict[Piece, list[_Packed]] = {}

    @property
    def num_rows(self) -> int:
        """How many rows a pass gives."""
        return sum(self._rows_of_pieces[number] for number in self._numbers)

    def share(self, rank: int, size: int) -> EncodedRows:
        """The rows of one of several processes, which reads its own pieces, and keeps them in a file of its own.

        Raises
        ------
        InvalidSettingError
            If there are fewer pieces than processes.
        """
        own = copy.copy(self)
        sizes = [self._rows_of_pieces[number] for number in self._numbers]
        repair = "Ask for fewer workers, or write more or smaller row groups or files."
        numbers = dealt(sizes, rank, size, what="pieces (row groups of Parquet, batches of Feather, text files)", repair=repair)
        own._numbers = [self._numbers[number] for number in numbers]
        own._spill, own._spills, own._kept = None, self._spills * size, {}
        return own

    def __getstate__(self) -> dict[str, Any]:
        """Without the rows that this process has kept."""
        return vars(self) | {"_spill": None, "_kept": {}}

    def passes(self, epoch: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The blocks of an epoch: features, dense or sparse, and class indices or numbers."""
        pieces = self._shards.pieces
        if self._spills and self._spill is None:
            self._spill = Spill(self._spills)
        order = np.random.default_rng([self._seed, epoch]).permutation(len(self._numbers))
        waiting = deque(pieces[self._numbers[i]] for i in order.tolist())
        running: deque[Iterator[tuple[np.ndarray, np.ndarray]]] = deque()
        while waiting or running:
            while waiting and len(running) < _AT_ONCE:
                running.append(self._blocks(waiting.popleft()))
            blocks = running.popleft()
            block = next(blocks, None)
            if block is not None:
                running.append(blocks)
                yield block

    def close(self) -> None:
        """Delete what was kept; no pass may be running."""
        self._kept.clear()
        if self._spill is not None:
            self._spill.close()
            self._spill, self._spills = None, 0

    def _blocks(self, piece: Piece) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        kept = self._kept.get(piece)
        if kept is None:
            yield from self._read(piece)
        else:
            for packed in kept:
                yield self._unpacked(packed)

    def _read(self, piece: Piece) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The blocks of a piece, from its file."""
        kept: list[_Packed] | None = [] if self._spill is not None and self._can_be_kept else None
        for block in self._shards.read(piece):
            table, y = self._training_rows(block)
            if len(y):
                columns = self._columns(table)
                yield self._features(columns, len(y)), y
                kept = None if kept is None else self._packed(kept, columns, y)
        if kept is not None:
            self._kept[piece] = kept

    def _training_rows(self, block: Block) -> tuple[ReadTable, np.ndarray]:
        table, present = self._reader.read(block)
        mask = self._split.parts(table).training
        if not mask.all():
            table, present = table.take(np.flatnonzero(mask)), present[mask]
        with block.named():
            found = [
                target.encoded(target.read(TargetColumn(target.name, block.columns[target.name])).take(present))
                for target in self._goal.targets
            ]
        return table, found[0] if len(found) == 1 else np.column_stack(found)

    @property
    def _can_be_kept(self) -> bool:
        """Whether what encoders are given of a row is always a number; texts are not."""
        return not (self._encoder.is_sparse and any(encoder.kind == "text" for encoder in self._encoder.encoders_))

    def _columns(self, table: ReadTable) -> list[np.ndarray]:
        """For each encoder what is kept of its column: codes of categories, and else the features, unless they are sparse."""
        columns = []
        for encoder in self._encoder.encoders_:
            entries = encoder.entries(table[encoder.column])
            if not (self._encoder.is_sparse or isinstance(encoder, CategoryColumn | CodedColumn)):
                entries = dense_features([encoder], [entries], table.num_rows)
            columns.append(entries)
        return columns

    def _features(self, columns: list[np.ndarray], num_rows: int) -> np.ndarray:
        encoders = self._encoder.encoders_
        if self._encoder.is_sparse:
            return sparse_features(encoders, columns, num_rows)  # type: ignore[return-value]  # only where asked for
        features = np.empty((num_rows, sum(len(encoder.feature_names) for encoder in encoders)), np.float32)
        first = 0
        for encoder, column in zip(encoders, columns, strict=True):
            place = features[:, first : first + len(encoder.feature_names)]
            if column.ndim == 2:
                place[:] = column
            else:
                encoder.write(column, place)
            first += place.shape[1]
        return features

    def _packed(self, kept: list[_Packed], columns: list[np.ndarray], y: np.ndarray) -> list[_Packed] | None:
        assert self._spill is not None
        places = self._spill.write([*columns, y])
        return None if places is None else [*kept, _Packed(places[:-1], places[-1])]

    def _unpacked(self, packed: _Packed) -> tuple[np.ndarray, np.ndarray]:
        assert self._spill is not None
        y = self._spill.read(packed.y)
        return self._features([self._spill.read(place) for place in packed.columns], len(y)), y
