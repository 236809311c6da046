"""Weak scaling of data-parallel training: ``python -m benchmarks.scale --communicator shared|gloo|MPI``.

Each worker has a batch of 256 rows, float32, one engine thread, whatever their number. Three sides take turns: a single process;
as many processes as there are workers, each with a training of its own; the workers, who train together. The fastest epoch of
each counts. The efficiency is the rows per second of the workers over those of as many single processes; beside processes that
train apart at the same time, it is what working together costs.
``wide`` (256-1024-1024-1) takes synchronous steps, ``tiny`` (20-64-64-2) averages weights every 64 steps.

``--model`` measures what :class:`lamina.distributed.ScalingModel` is made of (rows, updates, reductions of several sizes), with
as many workers, and puts the epoch that it predicts beside the epoch that was measured. ``--startup`` measures how long it takes
until workers of a Ray that is started for them are ready.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import describe_machine
from lamina.distributed import Communicator, Report, ScalingModel, fit, join
from lamina.distributed.shared_memory import SharedMemory
from lamina.engine import permutation
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
#: What ``--communicator`` says, and what :func:`join` is asked for; shared memory needs no launcher.
COMMUNICATORS = {"shared": "shared memory", "gloo": "gloo", "MPI": "MPI"}
ROWS = (64, 128, 256, 512)  # whose gradients are timed
NUM_FLOATS = (1_000, 30_000, 300_000, 1_313_793, 4_000_000)  # whose sums are timed
REPEATS = 60


def make_trainer(name: str, workers: int) -> tuple[Trainer, np.ndarray, np.ndarray]:
    widths, loss, rows, _, _ = WORKLOADS[name]
    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows * workers, widths[0])).astype(np.float32)
    y = X[:, 0] if loss == "squared_error" else (X[:, 0] > 0).astype(np.float32)
    layers = [*(Dense(width, activation="relu") for width in widths[1:-1]), Dense(widths[-1])]
    return Trainer(Sequential(layers), loss, "adam", batch_size=BATCH * workers, n_threads=1), X, y


def train(name: str, workers: int, communicator: Communicator | None) -> dict[str, Any]:
    """Rows per second of the fastest epoch, and the seconds of the median one."""
    _, _, rows, epochs, way = WORKLOADS[name]
    trainer, X, y = make_trainer(name, workers)
    report: Report | None = None
    if communicator is None:
        history = trainer.fit(X, y, max_epochs=epochs, final_check=False)
    else:
        every = EVERY if way == "averaging" else None
        how: dict[str, Any] = {"communicator": communicator, "way": way, "average_every": every}
        report = fit(trainer, X, y, **how, max_epochs=epochs, final_check=False)
        history = report.history
    seconds = history[:, "duration_s"]
    return {
        "rows_per_s": rows * workers / min(seconds),
        "epoch_s": float(np.median(seconds)),
        "way": "one process" if report is None else str(report.way),
    }


def fitted(name: str, communicator: Communicator) -> dict[str, Any]:
    """The numbers of the model, on rank 0: all ranks compute at the same time, and add up together."""
    trainer, X, y = make_trainer(name, communicator.size)
    data = trainer.batches(X, y)
    executor = trainer.executor
    executor.configure(trainer.settings.plan())
    batches = {n: random_batches(data.num_rows, n) for n in ROWS}
    gradients = [times(lambda n=n: executor.gradient(data, next(batches[n]), 0), communicator) for n in ROWS]
    row_s, fixed_s = np.polyfit(ROWS, [np.median(each) for each in gradients], 1)
    gradient = executor.gradient(data, next(batches[BATCH]), 0)
    update_s = np.median(times(lambda: executor.update(gradient, 0, 0.0), communicator))
    vectors = [np.zeros(n, np.float32) for n in NUM_FLOATS]
    reductions = [float(np.median(times(lambda v=v: communicator.all_reduce(v), communicator))) for v in vectors]
    order = permutation(data.num_rows, seed=0, epoch=0).astype(np.int32)
    serial = times(lambda: permutation(data.num_rows, seed=0, epoch=0), communicator)
    told = times(lambda: communicator.broadcast(order), communicator)
    at = gradients[ROWS.index(BATCH)]
    return {
        "row_s": float(row_s),
        "update_s": float(max(0.0, fixed_s) + update_s),
        "spread": float(np.std(at) / np.mean(at)),
        "serial_s": float(np.median(serial) + np.median(told)),
        "reductions_s": reductions,
        "num_parameters": executor.program.num_parameters,
    }


def random_batches(num_rows: int, size: int) -> Iterator[np.ndarray]:
    """Rows from all over the memory, as steps take them."""
    rng = np.random.default_rng(0)
    while True:
        order = rng.permutation(num_rows)
        yield from np.split(order[: num_rows // size * size], num_rows // size)


def times(function: Callable[[], object], communicator: Communicator) -> list[float]:
    found = []
    for _ in range(3 + REPEATS):
        communicator.barrier()
        began = time.perf_counter()
        function()
        found.append(time.perf_counter() - began)
    return found[3:]


def model_of(found: dict[str, Any], workers: int, num_floats: int) -> ScalingModel:
    """Latency and bandwidth by least squares of relative errors."""
    log, share = 2 * np.log2(workers), 2 * (workers - 1) / workers
    seconds = np.array(found["reductions_s"])
    terms = np.array([[log, share * 4 * n] for n in NUM_FLOATS]) / seconds[:, None]
    latency_s, byte_s = np.linalg.lstsq(terms, np.ones(len(seconds)))[0]
    return ScalingModel(
        row_s=found["row_s"],
        update_s=found["update_s"],
        num_bytes=4 * num_floats,
        latency_s=float(max(latency_s, 0.0)),
        bytes_per_s=float(1 / byte_s),
        spread=found["spread"],
        serial_s=found["serial_s"],
    )


def run_child(name: str, kind: str, path: str, communicator: str, place: str) -> None:
    """A process of its own: alone, or one of those that work together."""
    if kind == "alone":
        found = train(name, 1, None)
        Path(path).write_text(json.dumps(found), encoding="utf-8")
        return
    ranks = join(communicator=COMMUNICATORS[communicator]) if communicator != "shared" else shared(place)
    found = train(name, ranks.size, ranks) if kind == "together" else fitted(name, ranks)
    if ranks.rank == 0:
        Path(path).write_text(json.dumps(found), encoding="utf-8")


def shared(place: str) -> SharedMemory:
    """A rank of plain processes: ``rank/size``, and the address in all but the first, which says it."""
    rank, size, *address = place.split("/")
    if address:
        return SharedMemory(address[0], int(rank), int(size), 60.0)
    said, listener = SharedMemory.listen()
    print(said, flush=True)
    return SharedMemory(said, 0, int(size), 60.0, listener)


def measured(name: str, kind: str, num_processes: int, communicator: str) -> dict[str, Any]:
    """What processes find: together what the first says, or each for itself; then their rows per second are added up."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{i}.json") for i in range(1 if kind != "alone" else num_processes)]
        launcher = launcher_of(communicator, num_processes) if kind != "alone" else [sys.executable]
        start = [*launcher, "-m", "benchmarks.scale", "--child", name, kind]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}

        def begin(path: Path, place: str) -> subprocess.Popen[str]:
            given = [*start, str(path), communicator, place]
            return subprocess.Popen(given, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

        if kind == "alone" or communicator != "shared":
            running = [begin(path, "-") for path in paths]
        else:
            running = [begin(paths[0], f"0/{num_processes}")]
            assert running[0].stdout is not None
            address = running[0].stdout.readline().strip()
            running += [begin(paths[0], f"{rank}/{num_processes}/{address}") for rank in range(1, num_processes)]
        for process in running:
            process.communicate()
            if process.returncode:
                raise SystemExit(f"{' '.join(start)} failed.")
        found: list[dict[str, Any]] = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return found[0] | ({"rows_per_s": sum(each["rows_per_s"] for each in found)} if kind != "model" else {})


def launcher_of(communicator: str, workers: int) -> list[str]:
    bin_ = Path(sys.executable).parent
    if communicator == "shared":
        return [sys.executable]
    if communicator == "gloo":
        return [str(bin_ / "torchrun"), "--nproc-per-node", str(workers)]
    many = ["--oversubscribe", "--mca", "mpi_yield_when_idle", "1"]
    return [str(bin_ / "mpirun"), "--allow-run-as-root", *many, "-n", str(workers), sys.executable]


def compare(name: str, communicator: str, workers: int, repeats: int) -> None:
    """The three sides."""
    sides = [("alone", 1), ("alone", workers), ("together", workers)]
    turns = [[measured(name, *side, communicator) for side in sides] for _ in range(repeats)]
    one, apart, together = (max(turn[i]["rows_per_s"] for turn in turns) for i in range(3))
    way = turns[-1][2]["way"]
    print(f"{name}, {communicator}, {workers} workers, {way}: {together:,.0f} rows/s;")
    print(f"  one process {one:,.0f}, efficiency {together / (workers * one):.0%}")
    print(f"  {workers} apart {apart:,.0f}, efficiency {together / apart:.0%}", flush=True)


def predict(name: str, communicator: str, workers: int, repeats: int) -> None:
    """The epoch of the model beside the measured one; of several turns, that with the fastest epoch."""
    _, _, rows, _, way = WORKLOADS[name]
    averages = way == "averaging"
    turns = [[measured(name, kind, workers, communicator) for kind in ("model", "together")] for _ in range(repeats)]
    found, together = min(turns, key=lambda turn: turn[1]["epoch_s"])
    num_floats = found["num_parameters"] * (3 if averages else 1)  # the weights, and Adam's two means
    model = model_of(found, workers, num_floats)
    epoch_s = model.epoch_s(workers, rows * workers, BATCH, EVERY if averages else 1)
    print(
        f"{name}, {communicator}, {workers} workers, {way}: median epoch {together['epoch_s']:.3f} s, predicted {epoch_s:.3f} s"
    )
    print(f"  {model}")
    sums = ", ".join(f"{4 * n / 1e6:.3g} MB {1e3 * s:.3g} ms" for n, s in zip(NUM_FLOATS, found["reductions_s"], strict=True))
    print(f"  sums: {sums}", flush=True)


def start_ray(repeats: int) -> None:
    program = "from benchmarks.scale import started; print(started())"
    python = [sys.executable, *["-S"] * sys.flags.no_site, "-c", program]
    found = [float(subprocess.run(python, capture_output=True, text=True, check=True).stdout.split()[-1]) for _ in range(repeats)]
    print(f"2 workers of a Ray that is started: ready after {', '.join(f'{each:.1f}' for each in sorted(found))} s")


def started() -> float:
    trainer, X, y = make_trainer("tiny", 1)
    return fit(trainer, X, y, workers=2, way="synchronous", max_epochs=1, final_check=False).startup_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--communicator", choices=list(COMMUNICATORS), default="shared")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", choices=list(WORKLOADS))
    parser.add_argument("--model", action="store_true", help="the scaling model's epoch beside the measured one")
    parser.add_argument("--startup", action="store_true", help="how long a local Ray takes")
    parser.add_argument("--child", nargs=5, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        run_child(*given.child)
        return
    for key, value in describe_machine().items():
        print(f"{key}: {value}")
    if given.startup:
        start_ray(given.repeats)
    else:
        for name in [given.only] if given.only else WORKLOADS:
            (predict if given.model else compare)(name, given.communicator, given.workers, given.repeats)
    print(f"load after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
