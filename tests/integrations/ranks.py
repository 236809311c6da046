"""A program of several processes, and one that trains with workers of Ray; each prints what it found.

torchrun --nproc-per-node 2 ranks.py join FOLDER [COMMUNICATOR]
mpirun -n 2 python ranks.py join FOLDER [COMMUNICATOR]
python ranks.py workers | killed | hanging | ..., as main says
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lamina import Dense, Dropout, Sequential, Trainer
from lamina.distributed import Report, fit, join
from lamina.errors import LostWorkerError
from lamina.training import Callback, Run

RNG = np.random.default_rng(0)
X = RNG.normal(size=(301, 6))
Y = X[:, 0] + X[:, 1] ** 2
WEIGHT = RNG.uniform(0.0, 2.0, size=301)
EPOCHS = 20  # of 10 steps


#: What a worker's interpreter runs first, so that it fails in its first step.
FAILING = """
import sys
if any("default_worker" in argument for argument in sys.orig_argv):
    from lamina.distributed import ray_worker

    def follow(*given):
        raise MemoryError("no room for the rows")

    ray_worker.follow = follow
"""

#: Torch, which cannot be imported then.
NO_TORCH = """
import sys
sys.modules["torch"] = None
"""
#: A worker's interpreter, of another machine as it says.
ELSEWHERE = """
import sys
if any("default_worker" in argument for argument in sys.orig_argv):
    from lamina.distributed import choice

    choice.machine = lambda: "another machine"
"""


def make_trainer(callbacks: Any = ()) -> Trainer:
    layers = [Dense(16, activation="relu"), Dropout(0.2), Dense(1)]
    settings = {"batch_size": 32, "seed": 1, "dtype": "float64", "n_threads": 1}
    return Trainer(Sequential(layers), "squared_error", callbacks=callbacks, **settings)


def weights(trainer: Trainer) -> np.ndarray:
    return trainer.executor.snapshot().parameters


def distance_to_one() -> Any:
    one = make_trainer()
    one.fit(X, Y, sample_weight=WEIGHT, max_epochs=EPOCHS)
    return lambda trainer: float(np.abs(weights(trainer) - weights(one)).max())


def run_joined(folder: str, *name: str) -> None:
    communicator, distance = join(communicator=name[0] if name else None, timeout_s=60), distance_to_one()
    found = []
    for way in ("synchronous", "averaging", "auto"):
        trainer = make_trainer()
        report = fit(trainer, X, Y, sample_weight=WEIGHT, max_epochs=EPOCHS, way=way, communicator=communicator)
        found.append([report.workers, report.communicator, distance(trainer), weights(trainer).tolist(), len(report.history)])
    Path(folder, f"{communicator.rank}.json").write_text(json.dumps(found), encoding="ascii")


class Harm(Callback):
    """Sends a signal to all workers after some epochs, or to this process."""

    def __init__(self, kind: signal.Signals, *, here: bool = False) -> None:
        self.kind, self.here = kind, here

    def on_epoch_end(self, run: Run, record: Any) -> None:
        if run.epoch == 5:
            processes = [os.getpid()] if self.here else workers()
            if self.here:
                print(json.dumps(workers()), flush=True)
            for process in processes:
                os.kill(process, self.kind)


def workers() -> list[int]:
    """The processes of Ray's actors on this machine that descend from this process."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        if command.startswith(b"ray::RayWorker") and f"LAMINA_TEST={os.getpid()}".encode() in environment:
            found.append(int(folder.name))
    return found


def run_workers(callbacks: Any = (), **settings: Any) -> None:
    trainer = make_trainer(callbacks)
    given = {"workers": 2, "way": "synchronous", "max_epochs": EPOCHS, "sample_weight": WEIGHT} | settings
    error, report = None, None
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            report = fit(trainer, X, Y, **given)
        except (LostWorkerError, ValueError, ImportError, KeyboardInterrupt) as raised:
            error = f"{type(raised).__name__}: {raised}"
    print(json.dumps(described(report, error, trainer, [str(w.message) for w in warned if "Worker" in str(w.message)])))


def run_table() -> None:
    """A table's model by workers that are killed, beside one by this process alone."""
    from lamina.model import TableSettings, fit_table

    table = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": np.where(Y > 0.5, "yes", "no")})
    given = {"max_epochs": EPOCHS, "patience": EPOCHS, "batch_size": 32, "threads": 1}
    alone = fit_table(table, "y", settings=TableSettings.of(given)).model
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        together = {"workers": 3, "way": "synchronous"}
        result = fit_table(table, "y", settings=TableSettings.of(given | together), callbacks=[Harm(signal.SIGKILL)])
    distance = float(np.abs(result.model.predict_proba(table) - alone.predict_proba(table)).max())
    assert result.together is not None
    print(json.dumps({"distance": distance, "restarts": len(result.together.restarts), "left": workers()}))


def run_files() -> None:
    """A table in files, of which each worker reads its own; the worker of one of two trainings is killed amid an epoch."""
    import pyarrow as pa
    from pyarrow import parquet

    from lamina.model import TableSettings, fit_table

    with tempfile.TemporaryDirectory() as folder:
        for part in range(6):
            at = slice(part * 50, part * 50 + 50)
            table = pa.table({"a": X[at, 0], "b": X[at, 1], "y": np.where(Y[at] > 0.5, "yes", "no")})
            parquet.write_table(table, f"{folder}/{part}.parquet")
        given = {"max_epochs": EPOCHS, "patience": EPOCHS, "batch_size": 32, "workers": 2, "way": "synchronous"}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one, other = (
                fit_table(folder, "y", settings=TableSettings.of(given), callbacks=callbacks)
                for callbacks in ([], [Harm(signal.SIGKILL)])
            )
        is_equal = np.array_equal(one.model.predict_proba(table), other.model.predict_proba(table))
    told = [result.together for result in (one, other)]
    restarts = [None if each is None else len(each.restarts) for each in told]
    print(json.dumps({"is_equal": is_equal, "restarts": restarts, "left": workers()}))


def described(report: Report | None, error: str | None, trainer: Trainer, warned: list[str]) -> dict[str, Any]:
    if report is None:
        return {"error": error, "left": workers()}
    return {
        "distance": distance_to_one()(trainer),
        "communicator": report.communicator,
        "restarts": len(report.restarts),
        "warned": warned,
        "startup_s": report.startup_s,
        "left": workers(),
    }


@contextmanager
def beginning_with(code: str) -> Iterator[None]:
    """Python's processes, this one and those of Ray, run a piece of code first."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "sitecustomize.py").write_text(code, encoding="ascii")
        os.environ["PYTHONPATH"] = os.pathsep.join([folder, os.environ.get("PYTHONPATH", "")])
        exec(code, {})
        yield


def main(what: str, *rest: str) -> None:
    os.environ["LAMINA_TEST"] = str(os.getpid())
    if what == "join":
        run_joined(*rest)
    elif what == "workers":
        run_workers()
    elif what == "table-killed":
        run_table()
    elif what == "files-killed":
        run_files()
    elif what == "killed":
        run_workers([Harm(signal.SIGKILL)], workers=3)
    elif what == "given-up":
        run_workers([Harm(signal.SIGKILL)], max_restarts=0)
    elif what == "hanging":
        run_workers([Harm(signal.SIGSTOP)], timeout_s=8.0)
    elif what == "interrupted":
        run_workers([Harm(signal.SIGINT, here=True)])
    elif what == "orphaned":
        run_workers([Harm(signal.SIGKILL, here=True)])
    elif what == "failing":
        with beginning_with(FAILING):
            run_workers()
    elif what == "gloo":
        run_workers(communicator="gloo")
    elif what == "without-torch":
        with beginning_with(NO_TORCH):
            run_workers()
    elif what == "without-torch-elsewhere":
        with beginning_with(NO_TORCH + ELSEWHERE):
            run_workers()
    elif what == "elsewhere":
        with beginning_with(ELSEWHERE):
            run_workers()
    elif what == "small-cluster":
        import ray

        ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
        run_workers(workers=4)
    else:
        run_workers(address="127.0.0.1:1")


if __name__ == "__main__":
    main(*sys.argv[1:])
