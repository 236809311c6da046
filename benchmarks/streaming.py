"""Rows per second of training on blocks beside those on arrays: ``python -m benchmarks.streaming``.

A network 20-128-64-32-1 with Adam, batches of 256 rows, one engine thread on both sides. The blocks are cut from memory-mapped
float32 files, which lie in the system's cache. Both sides take turns. The first epoch of each is told apart from the later
ones, of which the median counts. The losses say that both learned the same.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from lamina.layers import Dense
from lamina.network import Sequential
from lamina.training import ArrayBlocks, Trainer

WIDTHS = (128, 64, 32)
NUM_FEATURES = 20
ENOUGH = 0.85  # of the rows per second in memory


def make_trainer(seed: int, shuffle_rows: int | str) -> Trainer:
    layers = [*(Dense(width, activation="relu") for width in WIDTHS), Dense(1)]
    settings = {"batch_size": 256, "n_threads": 1, "seed": seed, "shuffle_rows": shuffle_rows}
    return Trainer(Sequential(layers), "squared_error", "adam", **settings)


def write_rows(folder: Path, num_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Memory-mapped X and y, written in pieces: they need not fit in memory."""
    X = np.memmap(folder / "X", dtype=np.float32, mode="w+", shape=(num_rows, NUM_FEATURES))
    y = np.memmap(folder / "y", dtype=np.float32, mode="w+", shape=(num_rows,))
    rng = np.random.default_rng(0)
    for first in range(0, num_rows, 65536):
        piece = rng.normal(size=(min(65536, num_rows - first), NUM_FEATURES)).astype(np.float32)
        X[first : first + len(piece)] = piece
        y[first : first + len(piece)] = piece[:, 0] * piece[:, 1] + np.sin(2 * piece[:, 2]) + 0.1 * rng.normal(size=len(piece))
    for array in (X, y):
        array.flush()
    return X, y


def rates_of(trainer: Trainer, *data: Any, epochs: int, num_rows: int) -> list[float]:
    """Rows per second of each epoch."""
    history = trainer.fit(*data, max_epochs=epochs, final_check=False)
    return [num_rows / seconds for seconds in history[:, "duration_s"]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2**20)
    parser.add_argument("--block-rows", type=int, default=2**16)
    parser.add_argument("--shuffle-rows", type=int, default=None)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        X, y = write_rows(Path(folder), given.rows)
        arrays, blocks = (np.array(X), np.array(y)), ArrayBlocks(X, y, block_rows=given.block_rows)
        first, ratios = [], []
        for repeat in range(given.repeats):
            trainers = [make_trainer(repeat, given.shuffle_rows or "auto") for _ in range(2)]
            inside = rates_of(trainers[0], *arrays, epochs=given.epochs, num_rows=given.rows)
            outside = rates_of(trainers[1], blocks, epochs=given.epochs, num_rows=given.rows)
            memory, later = float(np.median(inside[1:])), float(np.median(outside[1:]))
            first.append(outside[0] / inside[0])
            ratios.append(later / memory)
            losses = [trainer.history[-1, "loss"] for trainer in trainers]
            print(
                f"in memory {memory:10,.0f} rows/s   blocks {later:10,.0f} rows/s   {later / memory:6.1%}"
                f"   first epoch {first[-1]:6.1%}   losses {losses[0]:.4f} {losses[1]:.4f}"
            )
    print(f"median: {np.median(ratios):.1%} of the rows per second in memory, {np.median(first):.1%} in the first epoch")
    print(f"at least {ENOUGH:.0%} from the second epoch on: {'yes' if np.median(ratios) >= ENOUGH else 'no'}")


if __name__ == "__main__":
    main()
