"""Ranks with rows of their own: each reads its share of a source, and takes its part of every batch from it."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.distributed.ranks import ThreadCommunicator, run_ranks

from lamina import BatchNorm, Dense, Dropout, Sequential, Trainer
from lamina.distributed import Report, fit
from lamina.distributed.rank_rows import Own, Place, Stream
from lamina.distributed.shares import share
from lamina.errors import DataError, InvalidSettingError
from lamina.training import Blocks, Callback, Checkpoint, Run

RNG = np.random.default_rng(0)
SIZES = (40, 25, 31, 17, 8, 23)
BLOCKS = [(x := RNG.normal(size=(rows, 5)), x[:, 0] + x[:, 1] ** 2) for rows in SIZES]
WEIGHTED = [(*block, RNG.uniform(0.0, 3.0, size=len(block[1]))) for block in BLOCKS]
BATCH = 16


class Fails(Callback):
    def __init__(self, step: int) -> None:
        self.step = step

    def on_chunk_end(self, run: Run, steps_done: int) -> None:
        if run.epoch == 2 and steps_done >= self.step > 0:
            raise ZeroDivisionError


class EveryChunk(Callback):
    """Makes calls of the engine short."""

    def next_step(self, run: Run) -> int:
        return run.step + 2

    def on_step(self, run: Run, *given: Any) -> None:
        pass


def make_trainer(dtype: str = "float64", **settings: Any) -> Trainer:
    layers = [Dense(16, activation="relu"), Dropout(0.3), Dense(8, activation="tanh"), Dense(1)]
    return Trainer(
        Sequential(layers), "squared_error", **{"batch_size": BATCH, "seed": 3, "dtype": dtype, "n_threads": 1} | settings
    )


def fit_ranks(size: int, make: Any, source: Any, **settings: Any) -> list[tuple[Trainer, Report]]:
    def work(communicator: ThreadCommunicator) -> tuple[Trainer, Report]:
        trainer = make()
        trainer.callbacks = trainer.callbacks if communicator.rank == 0 else []
        return trainer, fit(trainer, source, communicator=communicator, **{"way": "synchronous", "max_epochs": 4} | settings)

    return run_ranks(size, work)


def weights(trainer: Trainer) -> np.ndarray:
    found: np.ndarray = trainer.executor.snapshot().parameters
    return found


class Interleaved:
    """What ranks take together: of every batch the parts of all, one after the other, as blocks of a batch each."""

    def __init__(self, source: Blocks, size: int) -> None:
        self._shares = [source.share(rank, size) for rank in range(size)]
        self._size = size

    def passes(self, epoch: int) -> Iterator[Any]:
        rows = [[np.concatenate(parts) for parts in zip(*each.passes(epoch), strict=True)] for each in self._shares]
        own = [share(BATCH, rank, self._size) for rank in range(self._size)]
        counts = [part.stop - part.start for part in own]
        for step in range(-(-len(rows[0][1]) // counts[0])):
            pieces = [
                [array[step * count : (step + 1) * count] for array in arrays] for arrays, count in zip(rows, counts, strict=True)
            ]
            yield tuple(np.concatenate(parts) for parts in zip(*pieces, strict=True))


@pytest.mark.parametrize("blocks", [BLOCKS, WEIGHTED], ids=["plain", "weighted"])
@pytest.mark.parametrize("size", [2, 3])
def test_ranks_on_their_own_rows_are_one_process_with_the_same_batches(size: int, blocks: Any) -> None:
    """In float32, without dropout: in the last batches, where ranks run out of rows, places of rows differ."""

    def make() -> Trainer:
        return Trainer(
            Sequential([Dense(16, activation="relu"), Dense(1)], 5),
            "squared_error",
            batch_size=BATCH,
            seed=3,
            shuffle=False,
            n_threads=1,
        )

    ranks = fit_ranks(size, make, blocks)
    one, losses = make(), []
    for epoch in range(4):
        batches, weights_of = list(Interleaved(Blocks(blocks), size).passes(epoch)), []
        for block in batches:
            one.batch_size = len(block[1])
            one.fit(*block[:2], sample_weight=block[2] if len(block) > 2 else None, max_epochs=1)
            weights_of.append(block[2].sum() if len(block) > 2 else len(block[1]))
        losses.append(np.average(one.history[-len(batches) :, "loss"], weights=weights_of))
    assert one.step == ranks[0][0].step
    assert ranks[0][1].history[:, "loss"] == pytest.approx(losses, rel=1e-5)
    for trainer, _ in ranks:
        assert weights(trainer) == pytest.approx(weights(one), abs=1e-5)


@pytest.mark.parametrize("way", ["synchronous", "averaging"])
def test_ranks_are_equal_from_run_to_run_to_the_bit_whatever_the_calls(way: str) -> None:
    def run(callbacks: Any) -> list[tuple[Trainer, Report]]:
        return fit_ranks(
            2,
            lambda: make_trainer("float32", callbacks=callbacks),
            WEIGHTED,
            way=way,
            average_every=2 if way == "averaging" else None,
        )

    first, second, short = run(()), run(()), run(EveryChunk())
    for trainer, report in (*first, *second, *short):
        assert np.array_equal(weights(trainer), weights(first[0][0]))
        assert report.history[:, "loss"] == first[0][1].history[:, "loss"]
    losses = first[0][1].history[:, "loss"]
    assert losses[-1] < losses[0]


def test_every_row_is_seen_once_an_epoch_where_shares_are_equal() -> None:
    seen: list[np.ndarray] = []

    class Noted(Blocks):
        def passes(self, epoch: int) -> Iterator[Any]:
            for X, y in super().passes(epoch):
                seen.append(y)
                yield X, y

        def share(self, rank: int, size: int) -> Noted:
            return Noted(super().share(rank, size).blocks)

    fit_ranks(2, make_trainer, Noted(BLOCKS), max_epochs=1)
    found = {float(number) for part in seen for number in part}
    assert found == {float(number) for _, y in BLOCKS for number in y}


@pytest.mark.parametrize("way", ["synchronous", "averaging"])
def test_a_training_that_resumes_amid_an_epoch_is_one_that_was_not_disturbed(way: str, tmp_path: Path) -> None:
    def fitted(name: str, fails_at: int, *, resume: bool = False) -> Trainer:
        def make() -> Trainer:
            callbacks = [EveryChunk(), Checkpoint(tmp_path / name, resume=resume, every_s=1e-9), Fails(fails_at)]
            return make_trainer(callbacks=callbacks, shuffle_rows=40)

        every = 2 if way == "averaging" else None
        return fit_ranks(2, make, WEIGHTED, way=way, average_every=every, max_epochs=5)[0][0]

    undisturbed = fitted("other", 0)
    with pytest.raises(ZeroDivisionError):
        fitted("state", 4)
    resumed = fitted("state", 0, resume=True)
    assert np.array_equal(weights(resumed), weights(undisturbed))
    assert resumed.history[:, "loss"] == undisturbed.history[:, "loss"]


def test_a_stream_is_taken_up_again_at_any_place() -> None:
    """As a worker does that replaces one which was lost."""
    trainer = make_trainer(shuffle_rows=40)
    trainer.batches(*BLOCKS[0])
    own = pickle.loads(pickle.dumps(Own.of(Blocks(BLOCKS).share(1, 2), trainer.settings)))

    def rows(stream: Stream, place: Place, steps: int) -> list[list[float]]:
        turns = stream.next((place, steps), 1, 2).turns(1)
        return [turn.data.targets[0][turn.rows].ravel().tolist() if len(turn.rows) else [] for turn in turns]

    whole, again = Stream(own), Stream(own)
    expected = [rows(whole, Place(epoch, 0, 3), 12) for epoch in range(3)]
    assert any(expected[0]) and not expected[0][-1]  # there are fewer than 12 steps
    assert expected[0] != expected[1]
    for epoch, first, steps in ((1, 3, 4), (1, 7, 2), (2, 0, 5), (0, 2, 10), (2, 11, 1)):
        assert rows(again, Place(epoch, first, 3), steps) == expected[epoch][first : first + steps]
    whole.close()
    again.close()


def test_a_share_that_is_out_of_rows_contributes_nothing() -> None:
    """Rank 0 has the most rows, and decides when the epoch ends."""
    (trainer, _), _ = fit_ranks(2, make_trainer, [BLOCKS[0], BLOCKS[4]], max_epochs=2)
    assert trainer.step == 2 * 5  # 40 rows, 8 a step


def test_batch_norm_normalizes_by_the_parts_and_averages_running_statistics() -> None:
    def make() -> Trainer:
        return Trainer(
            Sequential([Dense(4), BatchNorm(), Dense(1)], 5), "squared_error", "gradient_descent", batch_size=34, dtype="float64"
        )

    blocks = [tuple(part[:17] for part in BLOCKS[0]), BLOCKS[3]]
    ranks = fit_ranks(2, make, blocks, max_epochs=1)
    alone = []
    for X, y in blocks:
        trainer = make()
        trainer.fit(X, y, max_epochs=1)
        alone.append(trainer.executor.snapshot())
    for trainer, _ in ranks:
        found = trainer.executor.snapshot()
        assert found.state == pytest.approx((alone[0].state + alone[1].state) / 2)
        assert found.parameters == pytest.approx((alone[0].parameters + alone[1].parameters) / 2)


@pytest.mark.parametrize(
    ("settings", "blocks", "message"),
    [
        ({}, BLOCKS[:2], r"workers must be at most the number of blocks with rows, 2, got 3\. Ask for fewer workers"),
        ({"batch_size": 2}, BLOCKS, "batch_size must be at least the number of workers, 3, where rows come in blocks, got 2"),
    ],
)
def test_what_cannot_be_shared_out_is_refused(settings: dict[str, Any], blocks: Any, message: str) -> None:
    def work(communicator: ThreadCommunicator) -> None:
        with pytest.raises((InvalidSettingError, RuntimeError), match=message):
            fit(make_trainer(**settings), blocks, communicator=communicator)

    run_ranks(3, work)


def test_an_error_in_a_block_ends_all_ranks() -> None:
    bad = [*BLOCKS[:-1], (BLOCKS[-1][0] * np.nan, BLOCKS[-1][1])]

    def work(communicator: ThreadCommunicator) -> str:
        try:
            fit(make_trainer(), bad, communicator=communicator, max_epochs=1)
        except (DataError, RuntimeError) as error:
            communicator.close()
            return str(error)
        return ""

    assert any("X must be finite" in said or "NaN" in said for said in run_ranks(2, work))
