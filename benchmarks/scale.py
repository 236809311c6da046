"""Weak scaling of data-parallel training: ``python -m benchmarks.scale --communicator gloo|MPI``.

Each worker has a batch of 256 rows, float32, one engine thread, whatever their number. Three sides take turns: a single process;
as many processes as there are workers, each with a training of its own; the workers, who train together. The fastest epoch of
each counts. The efficiency is the rows per second of the workers over those of as many single processes; beside processes that
train apart at the same time, it is what working together costs.
``wide`` (256-1024-1024-1) takes synchronous steps, ``tiny`` (20-64-64-2) averages weights every 64 steps.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import describe_machine
from lamina.distributed import Report, fit, join
from lamina.layers import Dense
from lamina.network import Sequential
from lamina.training import Trainer

BATCH = 256  # rows of a worker
EVERY = 64  # steps between two averages
#: Widths, loss, rows of a worker, epochs, way.
WORKLOADS: dict[str, tuple[tuple[int, ...], str, int, int, str]] = {
    "wide": ((256, 1024, 1024, 1), "squared_error", 2048, 30, "synchronous"),
    "tiny": ((20, 64, 64, 2), "softmax_cross_entropy", 65536, 30, "averaging"),
}


def train(name: str, workers: int, communicator: Any) -> dict[str, Any]:
    """Rows per second of the fastest epoch."""
    widths, loss, rows, epochs, way = WORKLOADS[name]
    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows * workers, widths[0])).astype(np.float32)
    y = X[:, 0] if loss == "squared_error" else (X[:, 0] > 0).astype(np.float32)
    layers = [*(Dense(width, activation="relu") for width in widths[1:-1]), Dense(widths[-1])]
    trainer = Trainer(Sequential(layers), loss, "adam", batch_size=BATCH * workers, n_threads=1)
    report: Report | None = None
    if communicator is None:
        history = trainer.fit(X, y, max_epochs=epochs, final_check=False)
    else:
        every = EVERY if way == "averaging" else None
        how: dict[str, Any] = {"communicator": communicator, "way": way, "average_every": every}
        report = fit(trainer, X, y, **how, max_epochs=epochs, final_check=False)
        history = report.history
    seconds = min(history[:, "duration_s"])
    return {"rows_per_s": rows * workers / seconds, "way": "one process" if report is None else str(report.way)}


def run_child(name: str, kind: str, path: str) -> None:
    """A process of its own: alone, or one of those that a launcher made."""
    communicator = join() if kind == "together" else None
    found = train(name, 1 if communicator is None else communicator.size, communicator)
    if communicator is None or communicator.rank == 0:
        Path(path).write_text(json.dumps(found), encoding="utf-8")


def measured(name: str, num_processes: int, launcher: list[str]) -> dict[str, Any]:
    """What processes find: with a launcher together, else each for itself; then their rows per second are added up."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{i}.json") for i in range(1 if launcher else num_processes)]
        start = [*(launcher or [sys.executable]), "-m", "benchmarks.scale", "--child", name, "together" if launcher else "alone"]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        running = [subprocess.Popen([*start, str(path)], env=environment, stderr=subprocess.DEVNULL) for path in paths]
        if any(process.wait() for process in running):
            raise SystemExit(f"{' '.join(start)} failed.")
        found: list[dict[str, Any]] = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return found[0] | {"rows_per_s": sum(each["rows_per_s"] for each in found)}


def launcher_of(communicator: str, workers: int) -> list[str]:
    bin_ = Path(sys.executable).parent
    if communicator == "gloo":
        return [str(bin_ / "torchrun"), "--nproc-per-node", str(workers)]
    return [
        str(bin_ / "mpirun"),
        "--allow-run-as-root",
        "--oversubscribe",
        "--mca",
        "mpi_yield_when_idle",
        "1",
        "-n",
        str(workers),
        sys.executable,
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--communicator", choices=["gloo", "MPI"], default="gloo")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", choices=list(WORKLOADS))
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        run_child(*given.child)
        return
    for key, value in describe_machine().items():
        print(f"{key}: {value}")
    launcher = launcher_of(given.communicator, given.workers)
    for name in [given.only] if given.only else WORKLOADS:
        sides = [(1, []), (given.workers, []), (given.workers, launcher)]
        turns = [[measured(name, *side) for side in sides] for _ in range(given.repeats)]
        one, apart, together = (max(turn[i]["rows_per_s"] for turn in turns) for i in range(3))
        way = turns[-1][2]["way"]
        print(f"{name}, {given.communicator}, {given.workers} workers, {way}: {together:,.0f} rows/s;")
        print(f"  one process {one:,.0f}, efficiency {together / (given.workers * one):.0%}")
        print(f"  {given.workers} apart {apart:,.0f}, efficiency {together / apart:.0%}", flush=True)
    print(f"load after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
